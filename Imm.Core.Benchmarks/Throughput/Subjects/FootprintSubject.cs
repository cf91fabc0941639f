using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput.Subjects;

/// <summary>What a project takes on the disk, in a store that was closed.</summary>
internal sealed class DiskSubject(int size, IReadOnlyList<Contender> contenders)
    : Subject("bytes on disk", [new Row($"disk/{size}", $"bytes on disk per project, {Words.Number(size)} projects, closed", Unit.Bytes)], contenders)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        yield return (Rows[0], new Sample((double)Stores.LengthOf(stores.Fill(contender, size)) / size));
    }
}

/// <summary>What a project takes in memory beyond its own text, in a store that has read all of them from its file.</summary>
internal sealed class MemorySubject(int size)
    : Subject(
        "memory",
        [new Row($"memory/{size}", $"memory per project beyond its text, {Words.Number(size)} projects", Unit.Bytes)],
        [Contender.Ours, Contender.Memory])
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Contender contender, int round, IReadOnlyList<Row> wanted)
    {
        if (!contender.IsInMemory)
        {
            stores.Fill(contender, size);
        }

        long text = Stores.Projects(size).Sum(project => (long)project.TextBytes);
        string first = NewProject.NameOf(0);
        long before = Held();
        using Peer peer = stores.Open(contender, size);
        using Peer.Caller caller = peer.Enter();
        caller.Get(first);
        long held = Held() - before;
        yield return (Rows[0], new Sample((double)(held - text) / size)
        {
            Extra = new Dictionary<string, double> { ["text bytes per project"] = (double)text / size },
        });
    }

    private static long Held()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
