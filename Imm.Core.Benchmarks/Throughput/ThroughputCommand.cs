using System.Runtime.InteropServices;
using System.Text.Json;
using Imm.Core.Benchmarks.Demo;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Output;
using Imm.Core.Benchmarks.Throughput.Peers;
using Imm.Core.Benchmarks.Throughput.Subjects;
using Microsoft.Data.Sqlite;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>Measures Imm.Core beside its peers, and says whether it reaches the figures that it means to.</summary>
internal static class ThroughputCommand
{
    public const string Arguments = "[--quick] [--only PART] [--from FILE] [--json FILE] [--baseline FILE] [--report DIR] [--readme FILE]";

    public static Task<int> RunAsync(string[] args)
    {
        Options options = Options.Parse(args);
        var screen = new Screen();
        using var cancellation = new CancellationTokenSource();
        void Cancel(PosixSignalContext context)
        {
            // Between two measurements, and with the stores deleted.
            context.Cancel = true;
            cancellation.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            RunResults? baseline = options.Baseline is { } file ? Read(file) : null;
            RunResults results = options.From is { } earlier ? Read(earlier) : Measure(options, screen, cancellation.Token);
            Write(options, results, baseline, screen);
            return Task.FromResult(CommandLine.Success);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            Console.Error.WriteLine("Cancelled.");
            return Task.FromResult(CommandLine.Failure);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or ImmException or JsonException)
        {
            Console.Error.WriteLine($"The measurement cannot go on. {e.Message}");
            return Task.FromResult(CommandLine.Failure);
        }
    }

    private static RunResults Read(string file) => RunResults.FromJson(File.ReadAllText(file));

    private static RunResults Measure(Options options, Screen screen, CancellationToken cancellationToken)
    {
        Plan plan = options.Plan;
        using var stores = new Stores();
        string date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture);
        IReadOnlyDictionary<string, string> machine = Machine.Facts(stores.Root);
        screen.Title($"Imm.Core beside its peers · {date}");
        screen.Line(string.Join(" · ", machine.Values));
        foreach (Contender absent in Contender.All.Where(contender => !contender.IsHere))
        {
            screen.Line($"{absent.Name} is left out: no library of it loads on this machine; on Debian the package liblmdb0 has one.");
        }

        IReadOnlyList<RowResult> rows = screen.Watch(progress =>
            new Bench(stores, plan.Rounds, options.Only, progress, cancellationToken).Run(Subjects(plan)));
        return new RunResults
        {
            Date = date,
            Program = new Dictionary<string, string>
            {
                ["mode"] = plan.Name + (options.Only is { } only ? $", only {only}" : ""),
                ["rounds"] = $"{plan.Rounds}, in each of which all contenders take turns",
                ["time"] = $"{plan.Slice.TotalSeconds:0.##} s measured after {plan.WarmUp.TotalSeconds:0.##} s of warm-up, for each contender in each round of each row; twice as long where it creates",
            },
            Machine = machine,
            Versions = Versions(),
            Contenders = Contender.All.ToDictionary(contender => contender.Name, contender => (contender.IsHere ? "" : "Left out. ") + contender.Description),
            Rows = rows,
            Figures = Figures.Measure(rows),
        };
    }

    /// <summary>What is measured, in its order.</summary>
    private static List<Subject> Subjects(Plan plan)
    {
        const int Small = 1_000, Usual = 100_000;
        var subjects = new List<Subject> { new CreateSubject(plan, Small, plan.Callers, Contender.All) };
        subjects.Add(new BurstSubject(plan, Small));
        subjects.AddRange(plan.Rates.Select(rate => new OpenLoopSubject(plan, Small, rate)));
        subjects.Add(new ScopesSubject(plan));
        subjects.Add(new RefusalSubject(plan, Small));
        subjects.Add(new MixSubject(plan, Mix.Ingest, Small, withDatasets: true));
        subjects.Add(new DiskSubject(Usual, Able(plan, Usual, Contender.Durables)));
        subjects.Add(new MemorySubject(Usual));
        subjects.AddRange(plan.OpenSizes.Select(size => new OpenSubject(size, Able(plan, size, Contender.Durables))));
        subjects.AddRange(plan.Sizes.Select(size => new ReadCostSubject(plan, size, Able(plan, size, Contender.Readers))));
        subjects.AddRange(Mix.OfMany.Select(mix => new MixSubject(plan, mix, plan.MixSize)));
        subjects.Add(new ReadBesideSubject(plan, plan.MixSize));
        subjects.AddRange(plan.Sizes.Where(size => size > Small && size <= plan.MostToCreateIn)
            .Select(size => new CreateSubject(plan, size, [64], Able(plan, size, Contender.Durables))));
        return subjects;
    }

    private static IReadOnlyList<Contender> Able(Plan plan, int size, IReadOnlyList<Contender> contenders) =>
        [.. contenders.Where(contender => size <= plan.LiteDbSize || !contender.IsLiteDb)];

    private static Dictionary<string, string> Versions()
    {
        using var sqlite = new SqliteConnection();
        static string Of(Type type) => type.Assembly.GetName().Version!.ToString(3);
        return new Dictionary<string, string>
        {
            ["Imm.Core"] = Of(typeof(ImmStore)),
            ["LiteDB"] = $"{LiteDbVersion.OfImmCore.Number} and {LiteDbVersion.OfFigures.Number}",
            ["Microsoft.Data.Sqlite"] = Of(typeof(SqliteConnection)),
            ["SQLite"] = sqlite.ServerVersion,
            ["LightningDB"] = Of(typeof(LightningDB.LightningEnvironment)),
            ["LMDB"] = LmdbPeer.Version ?? "none that loads here",
            [".NET"] = RuntimeInformation.FrameworkDescription,
        };
    }

    private static void Write(Options options, RunResults results, RunResults? baseline, Screen screen)
    {
        IReadOnlyList<Movement>? movements = baseline is null ? null : BaselineComparison.Compare(baseline, results);
        screen.Show("Beside the peers", Tables.Ratios(results));
        if (movements is not null)
        {
            screen.Show($"Since {baseline!.Date}", Tables.Movements(movements));
        }

        screen.Show("Figures to reach", Tables.Figures(results));
        screen.Line(Tables.HowToRead);
        if (options.Json is { } json)
        {
            File.WriteAllText(json, results.ToJson());
            screen.Line($"All of it: {json}");
        }

        if (options.Report is { } folder)
        {
            Report.Write(folder, results, baseline, movements);
            screen.Line($"The report: {Path.Combine(folder, Report.FileName)}");
        }

        if (options.Readme is { } readme)
        {
            Report.WriteReadme(readme, options.Report!, results);
            screen.Line($"The figures in {readme} are those of this run.");
        }
    }

    /// <summary>What the arguments ask for.</summary>
    private sealed record Options
    {
        public Plan Plan { get; private set; } = Plan.Full;

        public string? Only { get; private set; }

        public string? From { get; private set; }

        public string? Json { get; private set; }

        public string? Baseline { get; private set; }

        public string? Report { get; private set; }

        public string? Readme { get; private set; }

        public static Options Parse(string[] args)
        {
            var options = new Options();
            for (int i = 0; i < args.Length; i++)
            {
                string argument = args[i];
                string Value() => ++i < args.Length ? args[i] : throw new UsageException($"'{argument}' stands without its value.");
                switch (argument)
                {
                    case "--quick":
                        options.Plan = Plan.Quick;
                        break;
                    case "--only":
                        options.Only = Value();
                        break;
                    case "--from":
                        options.From = Value();
                        break;
                    case "--json":
                        options.Json = Value();
                        break;
                    case "--baseline":
                        options.Baseline = Value();
                        break;
                    case "--report":
                        options.Report = Value();
                        break;
                    case "--readme":
                        options.Readme = Value();
                        break;
                    default:
                        throw UsageException.Unknown(argument);
                }
            }

            return options.Readme is null || options.Report is not null
                ? options
                : throw new UsageException("'--readme' shows charts of a report, so it needs '--report'.");
        }
    }
}
