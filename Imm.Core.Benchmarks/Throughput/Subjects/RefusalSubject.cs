using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>What it costs to be refused, exception included.</summary>
internal sealed class RefusalSubject(Plan plan, int size)
    : Subject(
        "cost of a refusal",
        [
            new Row("refuse/duplicate", "refuse a name that is taken", Unit.Nanoseconds),
            new Row("refuse/quota", "refuse at a full quota", Unit.Nanoseconds),
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
        yield return (Rows[0], Refuse(peer, caller, taken));
        peer.ProjectQuota = size;
        yield return (Rows[1], Refuse(peer, caller, free));
    }

    private Sample Refuse(Peer peer, Peer.Caller caller, NewProject[] projects)
    {
        int at = 0;
        long count = 0;
        long logged = peer.LogLength;
        Sample sample = Time(plan, "refusal", 1, () =>
        {
            if (caller.Create(projects[at]))
            {
                throw new InvalidOperationException($"{projects[at].Name} was not refused.");
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
