using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>What a caller does over and over: so many operations of each kind.</summary>
/// <param name="Id">Its name for programs.</param>
/// <param name="Title">Its name for people.</param>
internal sealed record Mix(string Id, string Title)
{
    public const int PageLength = 100;

    public int Gets { get; init; }

    public int Lists { get; init; }

    public int Updates { get; init; }

    public int Creates { get; init; }

    public int Ingests { get; init; }

    /// <summary>Whether the creates are all begun before the first is waited for.</summary>
    public bool BeginsAll { get; init; }

    public bool Writes => Updates + Creates + Ingests > 0;

    public int Operations => Gets + Lists + Updates + Creates + Ingests;

    public static Mix Create { get; } = new("create", "create only") { Creates = 1 };

    public static Mix Burst { get; } = new("burst", "1 caller who begins 100 creates, then waits for them") { Creates = 100, BeginsAll = true };

    public static Mix Read { get; } = new("read", "read only") { Gets = 20 };

    public static Mix MostlyRead { get; } = new("95-5", "95 % get, 5 % update") { Gets = 19, Updates = 1 };

    public static Mix UpdateHeavy { get; } = new("update-heavy", "half get, half update") { Gets = 1, Updates = 1 };

    public static Mix ListHeavy { get; } = new("list-heavy", "half pages of 100, 45 % get, 5 % update") { Lists = 10, Gets = 9, Updates = 1 };

    public static Mix Ingest { get; } = new("ingest", "ingest: AddFiles over 10 000 datasets") { Ingests = 1 };

    public static IReadOnlyList<Mix> OfMany { get; } = [Read, MostlyRead, UpdateHeavy, ListHeavy];

    /// <summary>One caller at work on a mix, with names and numbers that nobody else uses.</summary>
    internal sealed class Worker(Mix mix, Peer.Caller caller, string[] probes, int seed, long firstNewProject) : IDisposable
    {
        private readonly Random _random = new(seed);
        private string[] _positions = [];
        private int _probe;
        private int _position;
        private long _nextProject = firstNewProject;

        /// <summary>Where the latencies go.</summary>
        public Latencies Latencies { get; set; } = new();

        /// <summary>Does all operations of the mix once.</summary>
        public ValueTask StepAsync()
        {
            if (mix.Lists > 0)
            {
                List(mix.Lists);
            }

            if (mix.Gets > 0)
            {
                Get(mix.Gets);
            }

            return mix.Writes ? WriteAsync() : ValueTask.CompletedTask;
        }

        /// <summary>Creates the next project, blocking; whoever calls it looks at the clock.</summary>
        public void Create()
        {
            NewProject project = NewProject.Of(_nextProject++);
            Expect(project, caller.Create(project));
        }

        public void Dispose() => caller.Dispose();

        private async ValueTask WriteAsync()
        {
            if (mix.BeginsAll)
            {
                await BeginAllAsync();
                return;
            }

            for (int i = 0; i < mix.Creates; i++)
            {
                await CreateAsync();
            }

            for (int i = 0; i < mix.Updates; i++)
            {
                string name = Next(probes, ref _probe);
                string description = (_random.Next() & 1) == 0 ? "Changed in the autumn" : "Changed in the winter, 冬";
                long started = Stopwatch.GetTimestamp();
                await caller.UpdateAsync(name, description);
                Latencies.Of("update").Record(MachineClock.Since(started));
            }

            for (int i = 0; i < mix.Ingests; i++)
            {
                string project = Next(probes, ref _probe);
                string dataset = Peer.DatasetName(_random.Next(Peer.DatasetsPerProject));
                long started = Stopwatch.GetTimestamp();
                bool added = await caller.AddFilesAsync(project, dataset, 1, 2_000_000);
                Latencies.Of("ingest").Record(MachineClock.Since(started));
                if (!added)
                {
                    throw new InvalidOperationException($"{project}/{dataset} is full.");
                }
            }
        }

        private async ValueTask BeginAllAsync()
        {
            NewProject[] projects = [.. Enumerable.Range(0, mix.Creates).Select(_ => NewProject.Of(_nextProject++))];
            long started = Stopwatch.GetTimestamp();
            Task<CreateAnswer>[] begun = [.. projects.Select(project => caller.CreateAsync(project).AsTask())];
            CreateAnswer[] answers = await Task.WhenAll(begun);
            Latencies.Of("burst").Record(MachineClock.Since(started));
            for (int i = 0; i < projects.Length; i++)
            {
                Expect(projects[i], answers[i]);
            }
        }

        private async ValueTask CreateAsync()
        {
            NewProject project = NewProject.Of(_nextProject++);
            long started = Stopwatch.GetTimestamp();
            CreateAnswer answer = await caller.CreateAsync(project);
            Latencies.Of("create").Record(MachineClock.Since(started));
            Expect(project, answer);
        }

        private static void Expect(NewProject project, CreateAnswer answer)
        {
            if (answer != CreateAnswer.Created)
            {
                throw new InvalidOperationException($"{project.Name} was not created: {answer}.");
            }
        }

        /// <summary>Times one get and lets it stand for all, because looking at the clock takes as long as a quick one.</summary>
        private void Get(int count)
        {
            long started = Stopwatch.GetTimestamp();
            caller.Get(Next(probes, ref _probe));
            Latencies.Of("get").Record(MachineClock.Since(started), count);
            for (int i = 1; i < count; i++)
            {
                caller.Get(Next(probes, ref _probe));
            }
        }

        private void List(int count)
        {
            if (_positions.Length == 0)
            {
                const int Positions = 1_000;
                _positions = [.. Enumerable.Range(0, Positions).Select(_ => caller.PositionOf(Next(probes, ref _probe)))];
            }

            for (int i = 0; i < count; i++)
            {
                long started = Stopwatch.GetTimestamp();
                caller.List(Next(_positions, ref _position), PageLength);
                Latencies.Of("list").Record(MachineClock.Since(started));
            }
        }

        private static string Next(string[] texts, ref int at)
        {
            at = at + 1 < texts.Length ? at + 1 : 0;
            return texts[at];
        }
    }
}
