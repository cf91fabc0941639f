using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// Creates that begin at a fixed rate. The value is the 99th percentile of the latency from the time at which a create was due.
/// </summary>
/// <remarks>
/// An engine with asynchronous creates is called so, by one thread; the others by many. Before the creates, operations that do nothing
/// begin at the same rate: what those take is the machine's part, and no engine can be below it.
/// </remarks>
internal sealed class OpenLoopScenario(Plan plan, int size, int rate)
    : Scenario(
        $"open loop, {NumberFormat.Number(rate)} creates a second",
        [new Row($"open-loop/{rate}", $"p99 of a create, open loop at {NumberFormat.Number(rate)} a second", Unit.Nanoseconds)],
        [Engine.Ours, Engine.Relaxed, Engine.LiteDb, Engine.SqliteFull, Engine.SqliteNormal, Engine.Lmdb])
{
    private const int Workers = 64;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        using EngineAdapter adapter = stores.OpenCopy(engine, size);
        bool asTasks = engine.IsAsynchronous;
        List<Workload.Worker> workers = ClosedLoop.OpenWorkers(adapter, Workload.Create, asTasks, asTasks ? 1 : Workers, size, round);
        long Run(bool isCreate, TimeSpan time, Latency latency) =>
            asTasks
                ? RunTasks(isCreate ? workers[0].CreateUncountedAsync : static () => ValueTask.CompletedTask, time, latency)
                : RunThreads(workers, isCreate ? static worker => worker.Create : static _ => static () => { }, time, latency);

        Run(isCreate: true, plan.WarmUpTime, new Latency());
        var floor = new Latency();
        Run(isCreate: false, plan.MeasureTime, floor);
        var latency = new Latency();
        long skipped = Run(isCreate: true, 2 * plan.MeasureTime, latency);
        workers.ForEach(worker => worker.Dispose());
        yield return (Rows[0], new Sample(latency.Percentile(99))
        {
            Latency = new Dictionary<string, Latency> { ["create"] = latency },
            Extra = new Dictionary<string, double>
            {
                ["not begun in time"] = skipped,
                ["p99 of doing nothing, µs"] = floor.Percentile(99) / 1000.0,
            },
            Note = skipped > 0 ? "could not keep up" : null,
        });
    }

    private OpenLoop NewLoop(TimeSpan time) =>
        new(new MachineClock(), rate, (long)(rate * time.TotalSeconds), timeLimit: (long)(1.5 * time.TotalNanoseconds));

    /// <summary>Runs asynchronous operations, begun by a thread of their own.</summary>
    private long RunTasks(Func<ValueTask> operation, TimeSpan time, Latency latency)
    {
        OpenLoop loop = NewLoop(time);
        Threads.Run([loop], loop => loop.Begin(operation, latency));
        loop.RecordSkipped(latency);
        return loop.Skipped;
    }

    private long RunThreads(
        List<Workload.Worker> workers, Func<Workload.Worker, Action> operationOf, TimeSpan time, Latency latency)
    {
        OpenLoop loop = NewLoop(time);
        Threads.Run(workers, worker =>
        {
            var own = new Latency();
            loop.Work(operationOf(worker), own);
            lock (latency)
            {
                latency.Add(own);
            }
        });
        loop.RecordSkipped(latency);
        return loop.Skipped;
    }
}
