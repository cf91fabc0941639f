using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class SpreadTests
{
    [Theory]
    [InlineData(new[] { 7.0 }, 7, 7, 7)]
    [InlineData(new[] { 9.0, 1, 5 }, 5, 1, 9)]
    [InlineData(new[] { 100.0, 1, 3, 2 }, 2.5, 1, 100)]
    public void The_median_is_the_middle_of_the_sorted_rounds(double[] rounds, double median, double min, double max)
    {
        var spread = new Spread(rounds);

        Assert.Equal((median, min, max), (spread.Median, spread.Min, spread.Max));
    }

    [Theory]
    [InlineData(new[] { 1.0, 2, 3 }, new[] { 4.0, 5, 6 }, true)]
    [InlineData(new[] { 4.0, 5, 6 }, new[] { 1.0, 2, 3 }, true)]
    [InlineData(new[] { 1.0, 2, 4 }, new[] { 4.0, 5, 6 }, false)]
    [InlineData(new[] { 1.0, 2, 9 }, new[] { 4.0, 5, 6 }, false)]
    [InlineData(new[] { 4.5, 5, 5.5 }, new[] { 4.0, 5, 6 }, false)]
    public void Two_measurements_are_disjoint_if_their_ranges_do_not_overlap(double[] first, double[] second, bool disjoint) =>
        Assert.Equal(disjoint, new Spread(first).IsDisjointFrom(new Spread(second)));
}
