using HdrHistogram;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>
/// The distribution of a latency in nanoseconds. Not thread-safe: each caller records into its own, as a shared one would slow down what is
/// measured. Only <see cref="Count"/> may be read meanwhile.
/// </summary>
internal sealed class Latency
{
    private const long HourInNanoseconds = 3_600_000_000_000;

    private readonly IntHistogram _histogram = new(1, HourInNanoseconds, 3);

    public long Count => _histogram.TotalCount;

    public double Mean => _histogram.GetMean();

    /// <summary>The latencies that were recorded, to three significant digits, with their numbers.</summary>
    public IEnumerable<LatencyCount> Counts =>
        _histogram.RecordedValues().Select(static one => new LatencyCount(one.ValueIteratedTo, one.CountAddedInThisIterationStep));

    public void Record(long nanoseconds, long count = 1) =>
        _histogram.RecordValueWithCount(Math.Clamp(nanoseconds, 1, HourInNanoseconds), count);

    public void Add(Latency other) => _histogram.Add(other._histogram);

    /// <summary>The value that the given percentage of all values does not exceed, to three significant digits.</summary>
    public long Percentile(double percent) => _histogram.GetValueAtPercentile(percent);

    public Percentiles ToPercentiles() =>
        new(Count, Percentile(50), Percentile(90), Percentile(99), Percentile(99.9), Percentile(99.99), Percentile(100));
}

/// <summary>A latency and how often it was recorded.</summary>
internal sealed record LatencyCount(long Nanoseconds, long Count);

/// <summary>The latency distributions of several kinds of operation. Not thread-safe.</summary>
internal sealed class Latencies
{
    private readonly Dictionary<string, Latency> _byKind = [];

    public IReadOnlyDictionary<string, Latency> ByKind => _byKind;

    public Latency Of(string kind)
    {
        if (!_byKind.TryGetValue(kind, out Latency? latency))
        {
            _byKind.Add(kind, latency = new Latency());
        }

        return latency;
    }

    public void Add(IEnumerable<KeyValuePair<string, Latency>> others)
    {
        foreach ((string kind, Latency latency) in others)
        {
            Of(kind).Add(latency);
        }
    }
}

/// <summary>The percentiles of a distribution in nanoseconds.</summary>
internal sealed record Percentiles(long Count, long P50, long P90, long P99, long P999, long P9999, long Max)
{
    public long? ByName(string name) => name switch
    {
        "p50" => P50,
        "p90" => P90,
        "p99" => P99,
        "p99.9" => P999,
        "p99.99" => P9999,
        "max" => Max,
        _ => null,
    };
}
