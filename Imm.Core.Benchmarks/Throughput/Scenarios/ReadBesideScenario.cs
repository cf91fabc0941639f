using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>One reader in a closed loop, alone and beside callers that create in a closed loop of their own.</summary>
internal sealed class ReadBesideScenario(Plan plan, int size)
    : Scenario(
        "reads beside writers",
        [
            .. Writers.Select(count => new Row(
                $"read-beside/{count}", count == 0 ? "1 reader alone" : $"1 reader beside {CallerText(count)} writing")),
        ],
        [Engine.Ours, Engine.SqliteFull, Engine.Lmdb])
{
    private static readonly int[] Writers = [0, 1, 64];

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        using EngineAdapter adapter = stores.Open(engine, size);
        ReadAll(adapter, size);
        for (int i = 0; i < Writers.Length; i++)
        {
            // The writers begin before the reader's warm-up and end after its last read.
            int count = Writers[i], series = 1_000 + (round * 16) + i;
            var longer = plan with { MeasureTime = plan.WarmUpTime + plan.MeasureTime + TimeSpan.FromMilliseconds(200) };
            Task<Sample>? writing = count == 0 ? null : Task.Factory.StartNew(
                () => ClosedLoop.Measure(adapter, Workload.Create, count, size, series, engine.IsAsynchronous, longer),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default);
            Thread.Sleep(writing is null ? TimeSpan.Zero : plan.WarmUpTime);
            Sample reading = ClosedLoop.Measure(adapter, Workload.Read, 1, size, round, asTasks: false, plan);
            var extra = new Dictionary<string, double>();
            if (writing is not null)
            {
                extra["creates per second meanwhile"] = writing.GetAwaiter().GetResult().Value;
            }

            yield return (Rows[i], reading with
            {
                Latency = new Dictionary<string, Latency> { ["read"] = reading.Latency["get"] },
                Extra = extra,
            });
        }
    }
}
