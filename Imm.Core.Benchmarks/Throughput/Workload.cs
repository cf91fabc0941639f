using System.Diagnostics;
using System.Runtime.CompilerServices;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The operations that a caller repeats: a number of each kind.</summary>
/// <remarks>The tasks of the benchmark, here and in adapters, are used again: what is collected is what the engines need.</remarks>
/// <param name="Id">The identifier in row ids.</param>
/// <param name="Title">The title in tables.</param>
internal sealed record Workload(string Id, string Title)
{
    public const int PageLength = 100;

    public int Gets { get; init; }

    /// <summary>The gets that the caller awaits.</summary>
    public int AwaitedGets { get; init; }

    public int Lists { get; init; }

    public int Updates { get; init; }

    public int Creates { get; init; }

    public int Ingests { get; init; }

    /// <summary>True if all creates begin before the caller awaits the first.</summary>
    public bool BeginsTogether { get; init; }

    public bool Writes => Updates + Creates + Ingests > 0;

    public int Operations => Gets + AwaitedGets + Lists + Updates + Creates + Ingests;

    public static Workload Create { get; } = new("create", "create") { Creates = 1 };

    /// <summary>The creates of one caller that awaits each; a single caller is synchronous otherwise.</summary>
    public static Workload AwaitedCreate { get; } = new("create-async", "awaited create") { Creates = 1 };

    public static Workload Burst { get; } =
        new("burst", "1 caller that begins 100 creates, then awaits them") { Creates = 100, BeginsTogether = true };

    public static Workload Read { get; } = new("read", "read only") { Gets = 20 };

    public static Workload AwaitedRead { get; } = new("read-async", "awaited read") { AwaitedGets = 1 };

    public static Workload MostlyRead { get; } = new("95-5", "95 % get, 5 % update") { Gets = 19, Updates = 1 };

    public static Workload UpdateHeavy { get; } = new("update-heavy", "half get, half update") { Gets = 1, Updates = 1 };

    public static Workload ListHeavy { get; } =
        new("list-heavy", "half pages of 100, 45 % get, 5 % update") { Lists = 10, Gets = 9, Updates = 1 };

    public static Workload Ingest { get; } = new("ingest", "ingest: AddFiles over 10 000 datasets") { Ingests = 1 };

    public static IReadOnlyList<Workload> Mixed { get; } = [Read, MostlyRead, UpdateHeavy, ListHeavy];

    /// <summary>A caller that runs a workload, with names and numbers of its own.</summary>
    internal sealed class Worker(
        Workload workload, EngineAdapter.Session session, bool isTask, string[] probes, int seed, long firstProject) : IDisposable
    {
        private readonly Random _random = new(seed);
        private string[] _positions = [];
        private int _probe;
        private int _position;
        private long _nextProject = firstProject;

        /// <summary>The latencies that the worker records into.</summary>
        public Latencies Latencies { get; set; } = new();

        /// <summary>Runs all operations of the workload once.</summary>
        public ValueTask StepAsync()
        {
            if (workload.Lists > 0)
            {
                List(workload.Lists);
            }

            if (workload.Gets > 0)
            {
                Get(workload.Gets);
            }

            return workload.Writes ? WriteAsync()
                : workload.AwaitedGets > 0 ? GetAsync(workload.AwaitedGets)
                : ValueTask.CompletedTask;
        }

        /// <summary>Creates the next project synchronously and records no latency.</summary>
        public void Create()
        {
            NewProject project = NewProject.Of(_nextProject++);
            Expect(project, session.Create(project));
        }

        /// <summary>Creates the next project and records no latency. The next call may be made before this one has ended.</summary>
        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        public async ValueTask CreateUncountedAsync()
        {
            NewProject project = NewProject.Of(_nextProject++);
            Expect(project, await session.CreateAsync(project));
        }

        public void Dispose() => session.Dispose();

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask WriteAsync()
        {
            if (workload.BeginsTogether)
            {
                await CreateTogetherAsync();
                return;
            }

            for (int i = 0; i < workload.Creates; i++)
            {
                await CreateAsync();
            }

            for (int i = 0; i < workload.Updates; i++)
            {
                string name = Next(probes, ref _probe);
                string description = (_random.Next() & 1) == 0 ? "Changed in the autumn" : "Changed in the winter, 冬";
                long started = Stopwatch.GetTimestamp();
                await session.UpdateAsync(name, description);
                Latencies.Of("update").Record(MachineClock.Since(started));
            }

            for (int i = 0; i < workload.Ingests; i++)
            {
                string project = Next(probes, ref _probe);
                string dataset = EngineAdapter.DatasetNames[_random.Next(EngineAdapter.DatasetNames.Length)];
                long started = Stopwatch.GetTimestamp();
                bool added = await session.AddFilesAsync(project, dataset, 1, 2_000_000);
                Latencies.Of("ingest").Record(MachineClock.Since(started));
                if (!added)
                {
                    throw new InvalidOperationException($"The dataset {project}/{dataset} is full.");
                }
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask CreateTogetherAsync()
        {
            NewProject[] projects = [.. Enumerable.Range(0, workload.Creates).Select(_ => NewProject.Of(_nextProject++))];
            long started = Stopwatch.GetTimestamp();
            Task<CreateAnswer>[] begun = [.. projects.Select(project => session.CreateAsync(project).AsTask())];
            CreateAnswer[] answers = await Task.WhenAll(begun);
            Latencies.Of("burst").Record(MachineClock.Since(started));
            for (int i = 0; i < projects.Length; i++)
            {
                Expect(projects[i], answers[i]);
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask CreateAsync()
        {
            NewProject project = NewProject.Of(_nextProject++);
            long started = Stopwatch.GetTimestamp();
            CreateAnswer answer = isTask ? await session.CreateAsync(project) : session.Create(project);
            Latencies.Of("create").Record(MachineClock.Since(started));
            Expect(project, answer);
        }

        private static void Expect(NewProject project, CreateAnswer answer)
        {
            if (answer != CreateAnswer.Created)
            {
                throw new InvalidOperationException($"The project {project.Name} was not created: {answer}.");
            }
        }

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        private async ValueTask GetAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                long started = Stopwatch.GetTimestamp();
                await session.GetAsync(Next(probes, ref _probe));
                Latencies.Of("get").Record(MachineClock.Since(started));
            }
        }

        /// <summary>Times one get and counts it for all, because reading the clock takes as long as a quick get.</summary>
        private void Get(int count)
        {
            long started = Stopwatch.GetTimestamp();
            session.Get(Next(probes, ref _probe));
            Latencies.Of("get").Record(MachineClock.Since(started), count);
            for (int i = 1; i < count; i++)
            {
                session.Get(Next(probes, ref _probe));
            }
        }

        private void List(int count)
        {
            if (_positions.Length == 0)
            {
                const int Positions = 1_000;
                _positions = [.. Enumerable.Range(0, Positions).Select(_ => session.PositionOf(Next(probes, ref _probe)))];
            }

            for (int i = 0; i < count; i++)
            {
                long started = Stopwatch.GetTimestamp();
                session.List(Next(_positions, ref _position), PageLength);
                Latencies.Of("list").Record(MachineClock.Since(started));
            }
        }

        private static string Next(string[] texts, ref int index)
        {
            index = index + 1 < texts.Length ? index + 1 : 0;
            return texts[index];
        }
    }
}
