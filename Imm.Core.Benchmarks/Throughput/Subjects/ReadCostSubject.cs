using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>What one get and one page cost a single caller, with names and positions drawn at random.</summary>
internal sealed class ReadCostSubject(Plan plan, int size, IReadOnlyList<Contender> contenders)
    : Subject(
        $"cost of a get and of a page, {Words.Number(size)} projects",
        [
            new Row($"get/{size}", $"get by name, {Words.Number(size)} projects", Unit.Nanoseconds),
            new Row($"list/{size}", $"list a page of 100, {Words.Number(size)} projects", Unit.Nanoseconds),
        ],
        contenders)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        const int GetsTogether = 100;
        string[] probes = NewProject.Probes(Math.Clamp(2 * size, 10_000, 1 << 18), size, seed: round);
        using Peer peer = stores.Open(contender, size);
        using Peer.Caller caller = peer.Enter();
        ReadAll(peer, size);
        int at = 0;
        if (wanted.Contains(Rows[0]))
        {
            yield return (Rows[0], Time(plan, "get", GetsTogether, () =>
            {
                caller.Get(probes[at]);
                at = at + 1 < probes.Length ? at + 1 : 0;
            }));
        }

        if (wanted.Contains(Rows[1]))
        {
            string[] positions = [.. probes.Take(50_000).Select(caller.PositionOf)];
            at = 0;
            yield return (Rows[1], Time(plan, "list", 1, () =>
            {
                caller.List(positions[at], Mix.PageLength);
                at = at + 1 < positions.Length ? at + 1 : 0;
            }));
        }
    }
}
