using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>The size of a project on disk, in a closed store.</summary>
internal sealed class DiskScenario(int size, IReadOnlyList<Engine> engines)
    : Scenario(
        "bytes on disk",
        [new Row($"disk/{size}", $"bytes on disk per project, {NumberFormat.Number(size)} projects, closed", Unit.Bytes)],
        engines)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        yield return (Rows[0], new Sample((double)Stores.LengthOf(stores.Fill(engine, size)) / size));
    }
}

/// <summary>The memory of a project beyond its own text, in a store that has loaded all projects from its file.</summary>
internal sealed class MemoryScenario(int size)
    : Scenario(
        "memory",
        [new Row($"memory/{size}", $"memory per project beyond its text, {NumberFormat.Number(size)} projects", Unit.Bytes)],
        [Engine.Ours, Engine.Memory])
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        if (!engine.IsInMemory)
        {
            stores.Fill(engine, size);
        }

        long text = Stores.Projects(size).Sum(project => (long)project.TextBytes);
        string first = NewProject.NameOf(0);
        long before = UsedMemory();
        using EngineAdapter adapter = stores.Open(engine, size);
        using EngineAdapter.Session session = adapter.OpenSession();
        session.Get(first);
        long used = UsedMemory() - before;
        yield return (Rows[0], new Sample((double)(used - text) / size)
        {
            Extra = new Dictionary<string, double> { ["text bytes per project"] = (double)text / size },
        });
    }

    private static long UsedMemory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }
}
