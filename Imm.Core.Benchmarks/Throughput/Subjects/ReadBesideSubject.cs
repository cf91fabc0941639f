using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>One reader in a closed loop, alone and beside callers who create in a closed loop of their own.</summary>
internal sealed class ReadBesideSubject(Plan plan, int size)
    : Subject(
        "reads beside writers",
        [.. Writers.Select(count => new Row(
            $"read-beside/{count}", count == 0 ? "1 reader alone" : $"1 reader beside {CreateSubject.Callers(count)} writing"))],
        [Contender.Ours, Contender.SqliteFull, Contender.Lmdb])
{
    private static readonly int[] Writers = [0, 1, 64];

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        using Peer peer = stores.Open(contender, size);
        ReadAll(peer, size);
        for (int i = 0; i < Writers.Length; i++)
        {
            List<Mix.Worker> writers = ClosedLoop.Enter(peer, Mix.Create, Writers[i], size, series: 1_000 + (round * 16) + i);
            List<Mix.Worker> readers = ClosedLoop.Enter(peer, Mix.Read, 1, size, series: round);

            // The writers begin before the reader's warm-up, and go on a little longer than it reads.
            var longer = plan with { Slice = plan.WarmUp + plan.Slice + TimeSpan.FromMilliseconds(200) };
            Task<Sample>? writing = writers.Count == 0 ? null : Task.Factory.StartNew(
                () => ClosedLoop.Run(writers, contender.IsAsynchronous, Mix.Create, longer),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            Thread.Sleep(writing is null ? TimeSpan.Zero : plan.WarmUp);
            Sample reading = ClosedLoop.Run(readers, asTasks: false, Mix.Read, plan);
            var extra = new Dictionary<string, double>();
            if (writing is not null)
            {
                extra["creates per second meanwhile"] = writing.GetAwaiter().GetResult().Value;
            }

            writers.ForEach(worker => worker.Dispose());
            readers.ForEach(worker => worker.Dispose());
            yield return (Rows[i], reading with
            {
                Latency = new Dictionary<string, Latency> { ["read"] = reading.Latency["get"] },
                Extra = extra,
            });
        }
    }
}
