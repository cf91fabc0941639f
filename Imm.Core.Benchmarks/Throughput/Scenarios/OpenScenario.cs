using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// The time from opening a closed file to the first answer. The file is in the operating system's cache, for all engines, and the same was
/// done for a time before, so that little of it is compiled meanwhile. Imm.Core's file has a thousand scopes if it is not small, those of
/// the others have one.
/// </summary>
internal sealed class OpenScenario(Plan plan, int size, IReadOnlyList<Engine> engines)
    : Scenario(
        $"opening, {NumberFormat.Number(size)} projects",
        [new Row($"open/{size}", $"open to the first answer, {NumberFormat.Number(size)} projects", Unit.Nanoseconds)],
        engines)
{
    /// <summary>The number of scopes; a small store has one.</summary>
    private readonly int _scopes = size < 100_000 ? 1 : 1_000;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        const int Times = 5;
        Engine filler = engine == Engine.Ours
            ? engine with { Storage = "imm-scopes", OpenToFill = folder => ImmAdapter.OpenFile(folder, Durability.Relaxed, _scopes) }
            : engine;
        string folder = stores.Fill(filler, size);

        // Longer than other work: an open runs much code, and each part of it few times.
        TimeSpan warmUpTime = 5 * plan.WarmUpTime;
        long began = Stopwatch.GetTimestamp();
        do
        {
            Open(engine, folder);
        }
        while (Stopwatch.GetElapsedTime(began) < warmUpTime);

        var times = new double[Times];
        for (int i = 0; i < Times; i++)
        {
            GC.Collect();
            times[i] = Open(engine, folder);
        }

        yield return (Rows[0], new Sample(new Spread(times).Median));
    }

    private static double Open(Engine engine, string folder)
    {
        string name = NewProject.NameOf(0);
        long started = Stopwatch.GetTimestamp();
        using EngineAdapter adapter = engine.Open(folder);
        using EngineAdapter.Session session = adapter.OpenSession();
        session.Get(name);
        return MachineClock.Since(started);
    }
}
