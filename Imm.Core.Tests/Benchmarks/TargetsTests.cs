using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class TargetsTests
{
    private static readonly Metric Ours = new("row", "ours");
    private static readonly Metric Theirs = new("row", "theirs");

    [Fact]
    public void The_ratio_of_two_rates_is_the_first_divided_by_the_second()
    {
        TargetResult result = Evaluate(new Target("", Ours, 2, Against: Theirs), Unit.OperationsPerSecond, ours: [300], theirs: [100]);

        Assert.Equal((3.0, true, false), (result.Value, result.IsReached, result.IsWithinSpread));
    }

    [Fact]
    public void The_ratio_of_two_times_is_the_second_divided_by_the_first()
    {
        TargetResult result = Evaluate(new Target("", Ours, 4, Against: Theirs), Unit.Nanoseconds, ours: [100], theirs: [300]);

        Assert.Equal((3.0, false, false), (result.Value, result.IsReached, result.IsWithinSpread));
    }

    [Theory]
    [InlineData(99.0, true)]
    [InlineData(100.0, true)]
    [InlineData(101.0, false)]
    public void The_limit_of_a_time_is_its_greatest_good_value(double time, bool reached) =>
        Assert.Equal(reached, Evaluate(new Target("", Ours, 100, Unit.Nanoseconds), Unit.Nanoseconds, [time], [1]).IsReached);

    [Theory]
    [InlineData(99.0, false)]
    [InlineData(100.0, true)]
    [InlineData(101.0, true)]
    public void The_limit_of_a_rate_is_its_least_good_value(double rate, bool reached)
    {
        var target = new Target("", Ours, 100, Unit.OperationsPerSecond);

        Assert.Equal(reached, Evaluate(target, Unit.OperationsPerSecond, [rate], [1]).IsReached);
    }

    [Fact]
    public void The_median_decides_and_the_verdict_mentions_rounds_on_the_other_side_of_the_limit()
    {
        TargetResult result = Evaluate(new Target("", Ours, 100, Unit.Nanoseconds), Unit.Nanoseconds, [90, 95, 120], [1]);

        Assert.Equal((95.0, true, true), (result.Value, result.IsReached, result.IsWithinSpread));
        Assert.Equal("reached, within the spread", result.Verdict);
    }

    [Fact]
    public void A_ratio_is_within_the_spread_if_some_pair_of_rounds_misses_the_limit()
    {
        var target = new Target("", Ours, 2, Against: Theirs);

        TargetResult result = Evaluate(target, Unit.OperationsPerSecond, ours: [250, 300, 350], theirs: [100, 100, 130]);

        Assert.Equal((3.0, true, true), (result.Value, result.IsReached, result.IsWithinSpread));
    }

    [Fact]
    public void A_target_is_not_measured_if_one_of_its_numbers_is_missing()
    {
        RowResult[] rows = [Runs.Row("row", Unit.Nanoseconds, Runs.Result("ours", 1))];

        TargetResult result = new Target("", Ours, 2, Against: Theirs).Evaluate(rows);

        Assert.Equal((null, null, "not measured"), (result.Value, result.IsReached, result.Verdict));
    }

    [Fact]
    public void A_latency_and_an_extra_value_are_found_by_name()
    {
        RowResult[] rows = [Runs.Row("row", Unit.OperationsPerSecond, Runs.Result("ours", 1))];

        TargetResult latency = new Target("", Ours with { Name = "create p99.9" }, 3_999, Unit.Nanoseconds).Evaluate(rows);
        TargetResult allocated = new Target("", Ours with { Name = Metric.Allocated }, 0, Unit.Bytes).Evaluate(rows);

        Assert.Equal((4_000.0, false), (latency.Value, latency.IsReached));
        Assert.Equal((0.0, true), (allocated.Value, allocated.IsReached));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.00432, "0.0043")]
    [InlineData(0.126, "0.13")]
    [InlineData(9.876, "9.88")]
    [InlineData(98.76, "98.8")]
    [InlineData(987.6, "988")]
    [InlineData(123_456, "123,000")]
    public void Numbers_are_rounded_to_their_significant_digits(double value, string text) =>
        Assert.Equal(text, NumberFormat.ThreeDigits(value));

    private static TargetResult Evaluate(Target target, Unit unit, double[] ours, double[] theirs) =>
        target.Evaluate([Runs.Row("row", unit, Runs.Result("ours", ours), Runs.Result("theirs", theirs))]);
}
