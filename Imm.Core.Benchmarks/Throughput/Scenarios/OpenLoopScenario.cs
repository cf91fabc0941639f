using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// Creates that begin at a fixed rate. The value is the 99th percentile of the latency from the time at which a create was due.
/// </summary>
/// <remarks>
/// Before them, operations that do nothing begin at the same rate: what those take is the machine's part, and no engine can be below it.
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
        List<Workload.Worker> workers = ClosedLoop.OpenWorkers(adapter, Workload.Create, asTasks: false, Workers, size, round);
        Run(workers, worker => worker.Create, plan.WarmUpTime, new Latency());
        var floor = new Latency();
        Run(workers, _ => () => { }, plan.MeasureTime, floor);
        var latency = new Latency();
        long skipped = Run(workers, worker => worker.Create, 2 * plan.MeasureTime, latency);
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

    private long Run(List<Workload.Worker> workers, Func<Workload.Worker, Action> operationOf, TimeSpan time, Latency latency)
    {
        var loop = new OpenLoop(new MachineClock(), rate, (long)(rate * time.TotalSeconds), timeLimit: (long)(1.5 * time.TotalNanoseconds));
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
