using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>The cost of a get and of a page for one caller, with names and positions drawn at random.</summary>
internal sealed class ReadCostScenario(Plan plan, int size, IReadOnlyList<Engine> engines)
    : Scenario(
        $"cost of a get and of a page, {NumberFormat.Number(size)} projects",
        [
            new Row($"get/{size}", $"get by name, {NumberFormat.Number(size)} projects", Unit.Nanoseconds),
            new Row($"list/{size}", $"list a page of 100, {NumberFormat.Number(size)} projects", Unit.Nanoseconds),
        ],
        engines)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        const int GetsPerGroup = 100;
        string[] probes = NewProject.Probes(Math.Clamp(2 * size, 10_000, 1 << 18), size, seed: round);
        using EngineAdapter adapter = stores.Open(engine, size);
        using EngineAdapter.Session session = adapter.OpenSession();
        ReadAll(adapter, size);
        int next = 0;
        if (wanted.Contains(Rows[0]))
        {
            yield return (Rows[0], Time(plan, "get", GetsPerGroup, () =>
            {
                session.Get(probes[next]);
                next = next + 1 < probes.Length ? next + 1 : 0;
            }));
        }

        if (wanted.Contains(Rows[1]))
        {
            string[] positions = [.. probes.Take(50_000).Select(session.PositionOf)];
            next = 0;
            yield return (Rows[1], Time(plan, "list", 1, () =>
            {
                session.List(positions[next], Workload.PageLength);
                next = next + 1 < positions.Length ? next + 1 : 0;
            }));
        }
    }
}
