using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// The first read of an account and region after an open, which loads all its projects. The file is in the operating system's cache, and
/// the runtime has compiled what runs. The other engines read what they are asked for, each time.
/// </summary>
internal sealed class FirstReadScenario(int size)
    : Scenario(
        $"first read, {NumberFormat.Number(size)} projects",
        [new Row($"first-read/{size}", $"projects loaded by the first read of a scope of {NumberFormat.Number(size)}")],
        [Engine.Ours])
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        const int WarmUps = 5;
        const int Times = 5;
        string folder = stores.Fill(engine, size);
        string name = NewProject.NameOf(0);
        var rates = new double[WarmUps + Times];
        for (int i = 0; i < rates.Length; i++)
        {
            using EngineAdapter adapter = engine.Open(folder);
            using EngineAdapter.Session session = adapter.OpenSession();
            GC.Collect();
            long started = Stopwatch.GetTimestamp();
            session.Get(name);
            rates[i] = size / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        yield return (Rows[0], new Sample(new Spread(rates[WarmUps..]).Median));
    }
}
