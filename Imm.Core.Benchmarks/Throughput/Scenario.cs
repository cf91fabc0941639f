using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>A row of the results.</summary>
internal sealed record Row(string Id, string Title, Unit Unit = Unit.OperationsPerSecond);

/// <summary>Rows that are measured together, one engine after the other.</summary>
/// <param name="title">The title in tables.</param>
/// <param name="rows">The rows.</param>
/// <param name="engines">The engines that take part, as far as they are available.</param>
internal abstract class Scenario(string title, IReadOnlyList<Row> rows, IReadOnlyList<Engine> engines)
{
    /// <summary>The names after which the pages of a list begin, by the number of projects.</summary>
    private static readonly Dictionary<int, string[]> PageStarts = [];

    public string Title { get; } = title;

    public IReadOnlyList<Row> Rows { get; } = rows;

    public IReadOnlyList<Engine> Engines { get; } = [.. engines.Where(engine => engine.IsAvailable)];

    /// <summary>The greatest number of rounds.</summary>
    public virtual int MaxRounds => int.MaxValue;

    /// <summary>Measures rows once. No other engine has a store open meanwhile.</summary>
    /// <param name="stores">The filled stores.</param>
    /// <param name="engine">The engine.</param>
    /// <param name="round">The number of the round; the names are the same for all engines of a round.</param>
    /// <param name="wanted">The rows to measure.</param>
    public abstract IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted);

    /// <summary>Formats a number of concurrent callers.</summary>
    protected static string CallerText(int count) => count == 1 ? "1 caller" : $"{count} callers";

    /// <summary>Reads all projects once, so that every engine has loaded its caches.</summary>
    protected static void ReadAll(EngineAdapter adapter, int size)
    {
        using EngineAdapter.Session session = adapter.OpenSession();
        if (!PageStarts.TryGetValue(size, out string[]? names))
        {
            PageStarts[size] = names =
            [
                .. Enumerable.Range(0, size).Select(n => NewProject.NameOf(n)).Order(StringComparer.Ordinal)
                    .Where((_, n) => n % Workload.PageLength == 0),
            ];
        }

        foreach (string name in names)
        {
            session.List(session.PositionOf(name), Workload.PageLength);
        }
    }

    /// <summary>
    /// Times one caller on a thread of its own, in groups of operations. The value is that of the median group, so that it contains neither
    /// the cost of reading the clock nor a pause of the machine.
    /// </summary>
    /// <param name="plan">The times to warm up and to measure.</param>
    /// <param name="kind">The name of the latency.</param>
    /// <param name="group">The number of operations in a group.</param>
    /// <param name="operation">The operation.</param>
    protected static Sample Time(Plan plan, string kind, int group, Action operation)
    {
        Sample? sample = null;
        Threads.Run([0], _ =>
        {
            Work(new Latency(), new Latency(), plan.WarmUpTime);
            var groups = new Latency();
            var single = new Latency();
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long count = Work(groups, single, plan.MeasureTime);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            sample = new Sample((double)groups.Percentile(50) / group)
            {
                Latency = new Dictionary<string, Latency> { [kind] = single },
                Extra = new Dictionary<string, double> { [Metric.Allocated] = Math.Round((double)allocated / count, 1) },
            };
        });
        return sample!;

        long Work(Latency groups, Latency single, TimeSpan time)
        {
            long count = 0;
            long end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
            do
            {
                long started = Stopwatch.GetTimestamp();
                for (int i = 0; i < group; i++)
                {
                    operation();
                }

                groups.Record(MachineClock.Since(started));
                started = Stopwatch.GetTimestamp();
                operation();
                single.Record(MachineClock.Since(started));
                count += group + 1;
            }
            while (Stopwatch.GetTimestamp() < end);
            return count;
        }
    }
}
