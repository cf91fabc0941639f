using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class FiguresTests
{
    private static readonly Operand Ours = new("row", "ours");
    private static readonly Operand Theirs = new("row", "theirs");

    [Fact]
    public void A_ratio_of_rates_is_ours_by_theirs()
    {
        FigureResult figure = Measure(new Figure("", Ours, 2, Theirs), Unit.OperationsPerSecond, ours: [300], theirs: [100]);

        Assert.Equal((3.0, true, false), (figure.Value, figure.IsReached, figure.IsClose));
    }

    [Fact]
    public void A_ratio_of_times_is_theirs_by_ours()
    {
        FigureResult figure = Measure(new Figure("", Ours, 4, Theirs), Unit.Nanoseconds, ours: [100], theirs: [300]);

        Assert.Equal((3.0, false, false), (figure.Value, figure.IsReached, figure.IsClose));
    }

    [Theory]
    [InlineData(99.0, true)]
    [InlineData(100.0, true)]
    [InlineData(101.0, false)]
    public void A_time_is_reached_up_to_its_limit(double time, bool reached) =>
        Assert.Equal(reached, Measure(new Figure("", Ours, 100, AtMost: true), Unit.Nanoseconds, [time], [1]).IsReached);

    [Fact]
    public void The_median_decides_and_rounds_on_the_other_side_of_the_limit_are_told()
    {
        FigureResult figure = Measure(new Figure("", Ours, 100, AtMost: true), Unit.Nanoseconds, [90, 95, 120], [1]);

        Assert.Equal((95.0, true, true), (figure.Value, figure.IsReached, figure.IsClose));
        Assert.Equal("reached, within the spread", figure.Verdict);
    }

    [Fact]
    public void A_ratio_is_close_where_its_rounds_could_be_paired_to_miss_it()
    {
        FigureResult figure = Measure(new Figure("", Ours, 2, Theirs), Unit.OperationsPerSecond, ours: [250, 300, 350], theirs: [100, 100, 130]);

        Assert.Equal((3.0, true, true), (figure.Value, figure.IsReached, figure.IsClose));
    }

    [Fact]
    public void Without_either_number_a_figure_is_not_measured_and_not_reached()
    {
        RowResult[] rows = [Runs.Row("row", Unit.Nanoseconds, Runs.Result("ours", 1))];

        FigureResult figure = Figures.Measure(new Figure("", Ours, 2, Theirs), rows);

        Assert.Equal((null, null, "not measured"), (figure.Value, figure.IsReached, figure.Verdict));
    }

    [Fact]
    public void A_latency_and_another_figure_are_found_by_name()
    {
        RowResult[] rows = [Runs.Row("row", Unit.OperationsPerSecond, Runs.Result("ours", 1))];

        FigureResult latency = Figures.Measure(new Figure("", Ours with { Metric = "create p99.9" }, 3_999, AtMost: true), rows);
        FigureResult allocated = Figures.Measure(new Figure("", Ours with { Metric = Figures.Allocated }, 0, AtMost: true), rows);

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
    public void Numbers_are_shown_to_the_digits_that_mean_something(double value, string text) => Assert.Equal(text, Words.Three(value));

    private static FigureResult Measure(Figure figure, Unit unit, double[] ours, double[] theirs) =>
        Figures.Measure(figure, [Runs.Row("row", unit, Runs.Result("ours", ours), Runs.Result("theirs", theirs))]);
}
