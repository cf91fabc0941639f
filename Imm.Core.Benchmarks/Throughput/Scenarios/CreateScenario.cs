using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>Callers that create projects, in a store that holds some already.</summary>
internal sealed class CreateScenario(
    Plan plan, Workload workload, int size, IReadOnlyList<int> callers, IReadOnlyList<Engine> engines)
    : Scenario(
        $"{workload.Title}, from {NumberFormat.Number(size)} projects",
        [
            .. callers.Select(count => new Row(
                $"{workload.Id}/{size}/{count}",
                $"{workload.Title}, {CallerText(count)}, from {NumberFormat.Number(size)} projects")),
        ],
        engines)
{
    private const int MaxSizeToCopy = 10_000;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        // Long enough that an engine has to do the work that it defers.
        Plan longer = plan with { MeasureTime = 2 * plan.MeasureTime };
        for (int i = 0; i < callers.Count; i++)
        {
            if (!wanted.Contains(Rows[i]) || (engine == Engine.Disk && i > 0))
            {
                continue;
            }

            // A large store is not copied and so grows from round to round, by little.
            using EngineAdapter adapter = size <= MaxSizeToCopy ? stores.OpenCopy(engine, size) : stores.Open(engine, size);
            int count = engine.IsSingleWriter ? 1 : callers[i];
            bool asTasks = engine.IsAsynchronous && (count > 1 || workload == Workload.AwaitedCreate);
            Sample sample = ClosedLoop.Measure(adapter, workload, count, size, series: (round * 16) + i, asTasks, longer);
            yield return (Rows[i], count == callers[i] ? sample : sample with { Note = "1 caller" });
        }
    }
}
