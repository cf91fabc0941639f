using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>Callers who read and write.</summary>
internal sealed class MixSubject(Plan plan, Mix mix, int size, bool withDatasets = false)
    : Subject(
        $"{mix.Title}, {Words.Number(size)} projects",
        [.. plan.Callers.Select(count => new Row($"{mix.Id}/{size}/{count}", $"{mix.Title}, {CreateSubject.Callers(count)}"))],
        mix.Writes ? Contender.Stores : Contender.Readers)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        using Peer peer = stores.Open(contender, size, withDatasets);
        if (mix.Gets + mix.Lists > 0)
        {
            ReadAll(peer, size);
        }

        for (int i = 0; i < plan.Callers.Count; i++)
        {
            if (wanted.Contains(Rows[i]))
            {
                List<Mix.Worker> workers = ClosedLoop.Enter(peer, mix, plan.Callers[i], size, series: (round * 16) + i);

                // A task that only reads never lets go of its thread, so readers are threads.
                yield return (Rows[i], ClosedLoop.Run(workers, contender.IsAsynchronous && mix.Writes, mix, plan));
                workers.ForEach(worker => worker.Dispose());
            }
        }
    }
}
