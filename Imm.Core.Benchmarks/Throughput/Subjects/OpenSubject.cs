using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>
/// From opening a file that was closed to the first answer; the operating system has the file in its cache, for everybody. Imm.Core's file has a
/// thousand scopes, the peers' files have one.
/// </summary>
internal sealed class OpenSubject(int size, IReadOnlyList<Contender> contenders)
    : Subject(
        $"opening, {Words.Number(size)} projects",
        [new Row($"open/{size}", $"open to the first answer, {Words.Number(size)} projects", Unit.Nanoseconds)],
        contenders)
{
    private const int Scopes = 1_000;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        const int Times = 5;
        Contender filler = contender == Contender.Ours
            ? contender with { Storage = "imm-scopes", OpenToFill = folder => ImmPeer.OpenFile(folder, Durability.Relaxed, Scopes) }
            : contender;
        string folder = stores.Fill(filler, size);
        var times = new double[Times];
        for (int i = 0; i < Times; i++)
        {
            string name = NewProject.NameOf(0);
            GC.Collect();
            long started = Stopwatch.GetTimestamp();
            using Peer peer = contender.Open(folder);
            using Peer.Caller caller = peer.Enter();
            caller.Get(name);
            times[i] = MachineClock.Since(started);
        }

        yield return (Rows[0], new Sample(new Spread(times).Median));
    }
}
