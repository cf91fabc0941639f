using Imm.Core.Benchmarks.Throughput.Adapters;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>
/// One caller that begins many creates before it awaits any. In an engine with synchronous calls they run one after the other.
/// </summary>
internal sealed class BurstScenario(Plan plan, int size)
    : Scenario(
        "creates begun together",
        [new Row($"{Workload.Burst.Id}/{size}", $"create, {Workload.Burst.Title}")],
        [.. Engine.Embedded.Where(engine => engine != Engine.Disk)])
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        using EngineAdapter adapter = stores.OpenCopy(engine, size);
        Plan longer = plan with { MeasureTime = 2 * plan.MeasureTime };
        yield return (Rows[0], ClosedLoop.Measure(adapter, Workload.Burst, 1, size, round, engine.IsAsynchronous, longer));
    }
}
