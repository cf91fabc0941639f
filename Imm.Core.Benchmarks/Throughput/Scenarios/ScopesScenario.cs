using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>Creates in many scopes, beside the same in one scope. The other engines know one scope only.</summary>
internal sealed class ScopesScenario(Plan plan)
    : Scenario(
        "create over many scopes",
        [
            new Row("scopes/1", $"create, {CallerText(Callers)}, one scope"),
            new Row($"scopes/{Many}", $"create, {CallerText(Callers)}, over {NumberFormat.Number(Many)} scopes"),
        ],
        [Engine.Ours, Engine.Relaxed])
{
    private const int Callers = 64;
    private const int Many = 1_000;

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        for (int i = 0; i < Rows.Count; i++)
        {
            int scopes = i == 0 ? 1 : Many;
            Durability durability = engine.Guarantee == Guarantee.Durable ? Durability.Durable : Durability.Relaxed;
            string folder = stores.NewFolder();
            using (EngineAdapter filler = ImmAdapter.OpenFile(folder, Durability.Relaxed, scopes))
            {
                filler.Load(Stores.Projects(Many), withDatasets: false);
            }

            using EngineAdapter adapter = ImmAdapter.OpenFile(folder, durability, scopes);
            yield return (Rows[i], ClosedLoop.Measure(adapter, Workload.Create, Callers, Many, round, asTasks: true, plan));
        }
    }
}
