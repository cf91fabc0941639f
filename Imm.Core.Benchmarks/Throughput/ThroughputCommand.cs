using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Output;
using Imm.Core.Benchmarks.Throughput.Scenarios;
using Imm.Core.Tests.Shared;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>Measures Imm.Core beside other engines and compares it with its target figures.</summary>
internal static class ThroughputCommand
{
    public const string Arguments =
        "[--quick] [--only PART[,PART]] [--from FILE] [--json FILE] [--baseline FILE] [--report DIR] [--readme FILE]";

    public static Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        Options options = Options.Parse(args);
        var screen = new Screen();
        RunResults? baseline = options.Baseline is { } file ? Read(file) : null;
        RunResults results = options.From is { } earlier ? Read(earlier) : Measure(options, screen, cancellationToken);
        Write(options, results, baseline, screen);
        return Task.FromResult(CommandLine.Success);
    }

    private static RunResults Read(string file) => RunResults.FromJson(File.ReadAllText(file));

    private static RunResults Measure(Options options, Screen screen, CancellationToken cancellationToken)
    {
        Plan plan = options.Plan;
        using var stores = new Stores();
        string date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
        IReadOnlyDictionary<string, string> machine = Machine.Facts(stores.Root);
        screen.Title($"Imm.Core beside other engines · {date}");
        screen.Line(string.Join(" · ", machine.Values));
        foreach (Engine absent in Engine.Embedded.Where(engine => !engine.IsAvailable))
        {
            screen.Line($"{absent.Name} is left out: its native library does not load; the Debian package liblmdb0 contains it.");
        }

        bool isShared = SharedRow.All.Any(row => ScenarioRunner.IsWanted(row.Id, options.Only));
        using PostgresServer? server = isShared ? StartServer(screen) : null;
        IReadOnlyList<RowResult> rows = screen.Watch(progress =>
            new ScenarioRunner(stores, plan.Rounds, options.Only, progress, cancellationToken).Run(AllScenarios(plan, server)));
        return new RunResults
        {
            Date = date,
            Program = new Dictionary<string, string>
            {
                ["mode"] = plan.Name + (options.Only.Length > 0 ? $", only {string.Join(", ", options.Only)}" : ""),
                ["rounds"] = $"{plan.Rounds}, in each of which all engines take turns",
                ["time"] = $"{plan.MeasureTime.TotalSeconds:0.##} s measured after {plan.WarmUpTime.TotalSeconds:0.##} s of warm-up,"
                    + " for each engine in each round of each row; twice as long in scenarios that create, and the warm-up of a shared"
                    + " store five times as long, because its processes are new, and that of an open, because it runs much code",
            },
            Machine = machine,
            Versions = Versions(server),
            Engines = Engine.All.ToDictionary(
                engine => engine.Name, engine => (engine.IsAvailable ? "" : "Left out. ") + engine.Description),
            Rows = rows,
        };
    }

    /// <summary>Starts the server of the shared store; null if that is not possible.</summary>
    private static PostgresServer? StartServer(Screen screen)
    {
        string? reason = PostgresServer.Missing;
        if (reason is null)
        {
            try
            {
                return new PostgresServer(sharedBuffers: "128MB");
            }
            catch (Exception e) when (e is InvalidOperationException or IOException or Win32Exception)
            {
                reason = e.Message;
            }
        }

        screen.Line($"The rows of the shared store are left out. {reason}");
        return null;
    }

    /// <summary>Lists all scenarios in the order of their measurement.</summary>
    private static IReadOnlyList<Scenario> AllScenarios(Plan plan, PostgresServer? server)
    {
        const int Small = 1_000, Usual = 100_000;
        return
        [
            new CreateScenario(plan, Workload.Create, Small, plan.Callers, Engine.Embedded),
            new CreateScenario(plan, Workload.AwaitedCreate, Small, [1], [Engine.Ours, Engine.Relaxed]),
            new BurstScenario(plan, Small),
            .. plan.Rates.Select(rate => new OpenLoopScenario(plan, Small, rate)),
            new ScopesScenario(plan),
            new SustainedScenario(plan),
            .. SharedRow.All.Where(_ => server is not null).Select(row => new SharedScenario(plan, row, server!)),
            new RefusalScenario(plan, Small),
            new WorkloadScenario(plan, Workload.Ingest, Small, withDatasets: true),
            new DiskScenario(Usual, FileBacked(plan, Usual)),
            new MemoryScenario(Usual),
            .. plan.OpenSizes.Select(size => new OpenScenario(plan, size, FileBacked(plan, size))),
            new FirstReadScenario(Usual),
            .. plan.Sizes.Select(size => new ReadCostScenario(plan, size, FileBacked(plan, size))),
            .. Workload.Mixed.Select(workload => new WorkloadScenario(plan, workload, plan.WorkloadSize)),
            new ReadBesideScenario(plan, plan.WorkloadSize),
            .. plan.Sizes.Where(size => size > Small && size <= plan.MaxCreateSize)
                .Select(size => new CreateScenario(plan, Workload.Create, size, [64], FileBacked(plan, size))),
        ];
    }

    private static IReadOnlyList<Engine> FileBacked(Plan plan, int size) =>
        [.. Engine.FileBacked.Where(engine => size <= plan.MaxLiteDbSize || engine != Engine.LiteDb)];

    private static Dictionary<string, string> Versions(PostgresServer? server)
    {
        using var sqlite = new SqliteConnection();
        static string Of(Type type) => type.Assembly.GetName().Version!.ToString(3);
        return new Dictionary<string, string>
        {
            ["Imm.Core"] = Of(typeof(ImmStore)),
            ["LiteDB"] = LiteDbAdapter.Version,
            ["Microsoft.Data.Sqlite"] = Of(typeof(SqliteConnection)),
            ["SQLite"] = sqlite.ServerVersion,
            ["LightningDB"] = Of(typeof(LightningDB.LightningEnvironment)),
            ["LMDB"] = LmdbAdapter.Version ?? "not available",
            ["Npgsql"] = Of(typeof(NpgsqlConnection)),
            ["PostgreSQL"] = (string?)server?.Execute("SHOW server_version") ?? "not used",
            [".NET"] = RuntimeInformation.FrameworkDescription,
        };
    }

    private static void Write(Options options, RunResults results, RunResults? baseline, Screen screen)
    {
        IReadOnlyList<ValueChange>? changes = baseline is null ? null : BaselineComparison.Compare(baseline, results);
        screen.Title("Beside other engines");
        screen.Show(Tables.Ratios(results));
        if (changes is not null)
        {
            screen.Title($"Since {baseline!.Date}");
            screen.Show(Tables.Changes(changes));
        }

        screen.Title("Target figures");
        screen.Show(Tables.Targets(results));
        screen.Line(Tables.RatioNote);
        if (options.Json is { } json)
        {
            File.WriteAllText(json, results.ToJson());
            screen.Line($"The results: {json}");
        }

        if (options.Report is { } folder)
        {
            Report.Write(folder, results, baseline, changes);
            screen.Line($"The report: {Path.Combine(folder, Report.FileName)}");
        }

        if (options.Readme is { } readme)
        {
            Report.WriteSummary(readme, options.Report!, results);
            screen.Line($"The summary is in {readme}.");
        }
    }

    /// <summary>The arguments.</summary>
    private sealed record Options
    {
        public Plan Plan { get; private set; } = Plan.Full;

        public string[] Only { get; private set; } = [];

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
                string Value() => ++i < args.Length ? args[i] : throw new UsageException($"'{argument}' needs a value.");
                switch (argument)
                {
                    case "--quick":
                        options.Plan = Plan.Quick;
                        break;
                    case "--only":
                        options.Only = Value().Split(',', StringSplitOptions.RemoveEmptyEntries);
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
                : throw new UsageException("'--readme' links to a report, so it needs '--report'.");
        }
    }
}
