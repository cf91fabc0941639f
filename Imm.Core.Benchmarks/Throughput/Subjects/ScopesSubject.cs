using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>Creates that go to many scopes, beside the same in one. The peers know one scope only.</summary>
internal sealed class ScopesSubject(Plan plan)
    : Subject(
        "create over many scopes",
        [
            new Row("scopes/1", $"create, {Callers} callers, one scope"),
            new Row($"scopes/{Many}", $"create, {Callers} callers, over {Words.Number(Many)} scopes"),
        ],
        [Contender.Ours, Contender.Relaxed])
{
    private const int Callers = 64;
    private const int Many = 1_000;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        for (int i = 0; i < Rows.Count; i++)
        {
            int scopes = i == 0 ? 1 : Many;
            Durability durability = contender.Guarantee == Guarantee.Durable ? Durability.Durable : Durability.Relaxed;
            string folder = stores.NewFolder();
            using (Peer filler = ImmPeer.OpenFile(folder, Durability.Relaxed, scopes))
            {
                filler.Load(Stores.Projects(Many), withDatasets: false);
            }

            using Peer peer = ImmPeer.OpenFile(folder, durability, scopes);
            List<Mix.Worker> workers = ClosedLoop.Enter(peer, Mix.Create, Callers, Many, round);
            Sample sample = ClosedLoop.Run(workers, asTasks: true, Mix.Create, plan);
            workers.ForEach(worker => worker.Dispose());
            yield return (Rows[i], sample);
        }
    }
}
