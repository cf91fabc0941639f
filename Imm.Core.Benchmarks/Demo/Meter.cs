using System.Diagnostics;
using HdrHistogram;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>Counts one kind of operation and keeps the distribution of its latency, in nanoseconds. Safe to use from many threads.</summary>
internal sealed class Meter(string operation, int callers)
{
    private const long HourInNanoseconds = 3_600_000_000_000;

    private readonly LongConcurrentHistogram _latency = new(1, HourInNanoseconds, 3);

    public string Operation => operation;

    public int Callers => callers;

    public long Count { get; private set; }

    public double PerSecond { get; private set; }

    public long Median => _latency.GetValueAtPercentile(50);

    public long Percentile99 => _latency.GetValueAtPercentile(99);

    /// <summary>Takes the time since a timestamp as one operation's.</summary>
    public void Record(long started) => _latency.RecordValue(Math.Clamp(Nanoseconds(Stopwatch.GetTimestamp() - started), 1, HourInNanoseconds));

    /// <summary>Ends the count. Operations may be more than latencies, where only some of them were timed.</summary>
    public void Finish(TimeSpan elapsed, long? count = null)
    {
        Count = count ?? _latency.TotalCount;
        PerSecond = Count / elapsed.TotalSeconds;
    }

    /// <summary>What it costs to look at the clock, which every latency contains.</summary>
    public static long ClockCost()
    {
        long[] costs = new long[1_001];
        for (int i = 0; i < costs.Length; i++)
        {
            long started = Stopwatch.GetTimestamp();
            costs[i] = Nanoseconds(Stopwatch.GetTimestamp() - started);
        }

        Array.Sort(costs);
        return costs[costs.Length / 2];
    }

    private static long Nanoseconds(long ticks) => (long)(ticks * (1e9 / Stopwatch.Frequency));
}
