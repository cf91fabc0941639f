using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>Creates that begin at a fixed rate, whether the store keeps up or not; the value is the 99th percentile from the intended beginning.</summary>
internal sealed class OpenLoopSubject(Plan plan, int size, int rate)
    : Subject(
        $"open loop, {Words.Number(rate)} creates a second",
        [new Row($"open-loop/{rate}", $"p99 of a create, open loop at {Words.Number(rate)} a second", Unit.Nanoseconds)],
        [Contender.Ours, Contender.Relaxed, Contender.LiteDb, Contender.SqliteFull, Contender.SqliteNormal, Contender.Lmdb])
{
    private const int Workers = 64;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        using Peer peer = stores.OpenCopy(contender, size);
        List<Mix.Worker> workers = ClosedLoop.Enter(peer, Mix.Create, Workers, size, round);
        Run(workers, plan.WarmUp, new Latency());
        var latency = new Latency();
        long givenUp = Run(workers, 2 * plan.Slice, latency);
        workers.ForEach(worker => worker.Dispose());
        yield return (Rows[0], new Sample(latency.Percentile(99))
        {
            Latency = new Dictionary<string, Latency> { ["create"] = latency },
            Extra = new Dictionary<string, double> { ["not begun in time"] = givenUp },
            Note = givenUp > 0 ? "could not keep up" : null,
        });
    }

    private long Run(List<Mix.Worker> workers, TimeSpan time, Latency latency)
    {
        long patience = (long)(1.5 * time.TotalNanoseconds);
        var loop = new OpenLoop(new MachineClock(), rate, (long)(rate * time.TotalSeconds), patience);
        Threads.Run(workers, worker => loop.Work(worker.Create, latency));
        loop.RecordGivenUp(latency);
        return loop.GivenUp;
    }
}
