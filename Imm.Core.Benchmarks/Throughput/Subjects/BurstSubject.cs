using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>One caller who begins many creates before it waits for any. To a store that answers when all is done it is one create after the other.</summary>
internal sealed class BurstSubject(Plan plan, int size)
    : Subject(
        "creates begun together",
        [new Row($"{Mix.Burst.Id}/{size}", $"create, {Mix.Burst.Title}")],
        [.. Contender.All.Where(contender => contender != Contender.OlderLiteDb && contender != Contender.Disk)])
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        using Peer peer = stores.OpenCopy(contender, size);
        List<Mix.Worker> workers = ClosedLoop.Enter(peer, Mix.Burst, 1, size, round);
        Sample sample = ClosedLoop.Run(workers, contender.IsAsynchronous, Mix.Burst, plan with { Slice = 2 * plan.Slice });
        workers.ForEach(worker => worker.Dispose());
        yield return (Rows[0], sample);
    }
}
