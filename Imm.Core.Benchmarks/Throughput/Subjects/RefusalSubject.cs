using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>What it costs to be refused. Imm.Core throws and the benchmark catches; the peers' classes return a value.</summary>
internal sealed class RefusalSubject(Plan plan, int size)
    : Subject(
        "cost of a refusal",
        [
            new Row("refuse/duplicate", "refuse a name that is taken, exception included", Unit.Nanoseconds),
            new Row("refuse/quota", "refuse at a full quota, exception included", Unit.Nanoseconds),
        ],
        Contender.Durables)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        const int Requests = 10_000;
        var random = new Random(round);
        NewProject[] taken = [.. Enumerable.Range(0, Requests).Select(_ => NewProject.Of(random.Next(size)))];
        NewProject[] free = [.. Enumerable.Range(0, Requests).Select(n => NewProject.Of(((long)1 << 60) + n))];
        using Peer peer = stores.OpenCopy(contender, size);
        using Peer.Caller caller = peer.Enter();
        yield return (Rows[0], Refuse(peer, caller, taken, CreateAnswer.NameIsTaken));
        peer.ProjectQuota = size;
        yield return (Rows[1], Refuse(peer, caller, free, CreateAnswer.QuotaIsUsedUp));
    }

    private Sample Refuse(Peer peer, Peer.Caller caller, NewProject[] projects, CreateAnswer expected)
    {
        int at = 0;
        long count = 0;
        long logged = peer.LogLength;
        Sample sample = Time(plan, "refusal", 1, () =>
        {
            if (caller.Create(projects[at]) is var answer && answer != expected)
            {
                throw new InvalidOperationException($"{projects[at].Name} got {answer} rather than {expected}.");
            }

            at = at + 1 < projects.Length ? at + 1 : 0;
            count++;
        });
        var extra = new Dictionary<string, double>(sample.Extra);
        if (peer is ImmPeer)
        {
            extra[Figures.LogBytes] = (double)(peer.LogLength - logged) / count;
        }

        return sample with { Extra = extra };
    }
}
