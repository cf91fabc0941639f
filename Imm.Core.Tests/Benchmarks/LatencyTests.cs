using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class LatencyTests
{
    [Fact]
    public void A_percentile_is_the_value_that_the_given_part_of_all_values_does_not_exceed()
    {
        var latency = new Latency();
        for (int i = 1; i <= 9_990; i++)
        {
            latency.Record(1_000);
        }

        for (int i = 0; i < 10; i++)
        {
            latency.Record(1_000_000_000);
        }

        Percentiles percentiles = latency.ToPercentiles();

        Assert.Equal(10_000, percentiles.Count);
        Assert.InRange(percentiles.P50, 999, 1_001);
        Assert.InRange(percentiles.P999, 999, 1_001);
        Assert.InRange(percentiles.P9999, 999_000_000, 1_001_000_000);
        Assert.InRange(percentiles.Max, 999_000_000, 1_001_000_000);
    }

    [Fact]
    public void One_recorded_value_can_count_for_several_operations()
    {
        var latency = new Latency();
        latency.Record(100, 19);
        latency.Record(5_000);

        Assert.Equal(20, latency.Count);
        Assert.InRange(latency.Percentile(95), 99, 101);
        Assert.InRange(latency.Percentile(98), 4_990, 5_010);
    }

    [Fact]
    public void Adding_a_distribution_adds_its_values()
    {
        var all = new Latency();
        var other = new Latency();
        all.Record(10, 3);
        other.Record(1_000_000, 7);

        all.Add(other);

        Assert.Equal(10, all.Count);
        Assert.InRange(all.Percentile(30), 10, 10);
        Assert.InRange(all.Percentile(36), 999_000, 1_001_000);
    }

    [Fact]
    public void Percentiles_are_found_by_their_names_in_tables()
    {
        string[] names = ["p50", "p90", "p99", "p99.9", "p99.99", "max", "p1"];

        Assert.Equal([1, 2, 3, 4, 5, 6, null], names.Select(new Percentiles(0, 1, 2, 3, 4, 5, 6).ByName));
    }
}
