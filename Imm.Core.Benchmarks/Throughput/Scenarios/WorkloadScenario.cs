using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>Callers that read and write.</summary>
internal sealed class WorkloadScenario(Plan plan, Workload workload, int size, bool withDatasets = false)
    : Scenario(
        $"{workload.Title}, {NumberFormat.Number(size)} projects",
        [.. plan.Callers.Select(count => new Row($"{workload.Id}/{size}/{count}", $"{workload.Title}, {CallerText(count)}"))],
        workload.Writes ? Engine.MultiCaller : Engine.FileBacked)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        using EngineAdapter adapter = stores.Open(engine, size, withDatasets);
        if (workload.Gets + workload.Lists > 0)
        {
            ReadAll(adapter, size);
        }

        for (int i = 0; i < plan.Callers.Count; i++)
        {
            if (wanted.Contains(Rows[i]))
            {
                // A task that only reads never yields its thread, so callers that only read are threads.
                bool asTasks = engine.IsAsynchronous && workload.Writes;
                int series = (round * 16) + i;
                yield return (Rows[i], ClosedLoop.Measure(adapter, workload, plan.Callers[i], size, series, asTasks, plan));
            }
        }
    }
}
