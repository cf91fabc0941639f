using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// Creates without a pause, long enough that checkpoints are part of them. Imm.Core has a thousand scopes, the others have one. Each engine
/// runs in a process of its own, which has the garbage collector's default settings.
/// </summary>
internal sealed class SustainedScenario(Plan plan)
    : Scenario(
        $"sustained creates, {plan.SustainedTime.TotalSeconds:0.#} s with checkpoints",
        [
            new Row(
                $"sustained/{Scopes}",
                $"create, {CallerText(SustainedRun.Callers)}, sustained, over {NumberFormat.Number(Scopes)} scopes"),
        ],
        [Engine.Ours, Engine.Relaxed, Engine.LiteDb, Engine.SqliteFull, Engine.SqliteNormal, Engine.Lmdb])
{
    public const int Scopes = 1_000;

    /// <summary>One round: it is long, and its windows show how even it is.</summary>
    public override int MaxRounds => 1;

    /// <summary>Opens a new store as the process of an engine measures it.</summary>
    public static EngineAdapter Open(Engine engine, string folder) =>
        !engine.IsOurs ? engine.Open(folder)
        : ImmAdapter.OpenFile(folder, engine.Guarantee == Guarantee.Durable ? Durability.Durable : Durability.Relaxed, Scopes);

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        SustainedResult result = SustainedRun.InProcess(engine, stores.NewFolder(), plan.SustainedTime);
        var latency = new Latency();
        foreach (LatencyCount count in result.Latency)
        {
            latency.Record(count.Nanoseconds, count.Count);
        }

        yield return (Rows[0], new Sample(result.PerSecond)
        {
            Latency = new Dictionary<string, Latency> { ["create"] = latency },
            Extra = new Dictionary<string, double>
            {
                [Metric.LastWindow] = Math.Round(result.Windows[^1] / result.Windows[0], 3),
                [Metric.Allocated] = Math.Round(result.AllocatedBytes),
            },
            Note = engine.IsOurs ? null : "in one scope",
        });
    }
}
