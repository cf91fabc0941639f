using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>The cost of a refusal. Imm.Core throws an exception, which its adapter catches; the other adapters return a value.</summary>
internal sealed class RefusalScenario(Plan plan, int size)
    : Scenario(
        "cost of a refusal",
        [
            new Row("refuse/duplicate", "refuse a name that is taken, exception included", Unit.Nanoseconds),
            new Row("refuse/quota", "refuse at a full quota, exception included", Unit.Nanoseconds),
        ],
        Engine.FileBacked)
{
    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        const int Requests = 10_000;
        var random = new Random(round);
        NewProject[] taken = [.. Enumerable.Range(0, Requests).Select(_ => NewProject.Of(random.Next(size)))];
        NewProject[] free = [.. Enumerable.Range(0, Requests).Select(n => NewProject.Of(((long)1 << 60) + n))];
        using EngineAdapter adapter = stores.OpenCopy(engine, size);
        using EngineAdapter.Session session = adapter.OpenSession();
        yield return (Rows[0], Refuse(adapter, session, taken, CreateAnswer.NameIsTaken));
        adapter.ProjectQuota = size;
        yield return (Rows[1], Refuse(adapter, session, free, CreateAnswer.QuotaIsUsedUp));
    }

    private Sample Refuse(EngineAdapter adapter, EngineAdapter.Session session, NewProject[] projects, CreateAnswer expected)
    {
        int next = 0;
        long count = 0;
        long logged = adapter.LogLength;
        Sample sample = Time(plan, "refusal", 1, () =>
        {
            if (session.Create(projects[next]) is var answer && answer != expected)
            {
                throw new InvalidOperationException($"Creating {projects[next].Name} gave {answer} rather than {expected}.");
            }

            next = next + 1 < projects.Length ? next + 1 : 0;
            count++;
        });
        var extra = new Dictionary<string, double>(sample.Extra);
        if (adapter is ImmAdapter)
        {
            // Rounded, because the store marks the end of its log once, a second after the quota was changed.
            extra[Metric.LogBytes] = Math.Round((double)(adapter.LogLength - logged) / count, 1);
        }

        return sample with { Extra = extra };
    }
}
