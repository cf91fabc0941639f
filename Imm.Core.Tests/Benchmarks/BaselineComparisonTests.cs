using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class BaselineComparisonTests
{
    [Fact]
    public void Twice_as_many_a_second_is_twice_as_good_and_beyond_the_spread()
    {
        Movement movement = Single(Unit.OperationsPerSecond, before: [90, 100, 110], now: [190, 200, 210]);

        Assert.Equal((2.0, true), (movement.Ratio, movement.IsBeyondSpread));
    }

    [Fact]
    public void Twice_as_long_is_half_as_good()
    {
        Movement movement = Single(Unit.Nanoseconds, before: [90, 100, 110], now: [190, 200, 210]);

        Assert.Equal((0.5, true), (movement.Ratio, movement.IsBeyondSpread));
    }

    [Fact]
    public void A_change_that_one_round_of_the_other_run_reaches_is_noise() =>
        Assert.False(Single(Unit.OperationsPerSecond, before: [90, 100, 195], now: [190, 200, 210]).IsBeyondSpread);

    [Fact]
    public void Only_what_both_runs_have_in_the_same_unit_is_compared()
    {
        RunResults before = Runs.Of(
            Runs.Row("a", Unit.Bytes, Runs.Result("x", 1), Runs.Result("gone", 1)), Runs.Row("b", Unit.Bytes, Runs.Result("x", 1)), Runs.Row("gone", Unit.Bytes));
        RunResults now = Runs.Of(
            Runs.Row("new", Unit.Bytes, Runs.Result("x", 1)), Runs.Row("b", Unit.Nanoseconds, Runs.Result("x", 1)), Runs.Row("a", Unit.Bytes, Runs.Result("new", 1), Runs.Result("x", 1)));

        Assert.Equal([("a", "x")], BaselineComparison.Compare(before, now).Select(movement => (movement.RowId, movement.Contender)));
    }

    [Fact]
    public void A_run_is_the_same_after_it_was_written_and_read()
    {
        RunResults run = Runs.Of(Runs.Row("create/1000/1", Unit.OperationsPerSecond, Runs.Result(Figures.Ours, 3, 1, 2), Runs.Result(Figures.SqliteFull, 1, 1, 1)));

        RunResults read = RunResults.FromJson(run.ToJson());

        Assert.Equal(run.ToJson(), read.ToJson());
        ContenderResult ours = read.Row("create/1000/1")!.Of(Figures.Ours)!;
        Assert.Equal((2.0, 1.0, 3.0), (ours.Value.Median, ours.Value.Min, ours.Value.Max));
        Assert.Equal(4_000, ours.Latency["create"].P999);
    }

    private static Movement Single(Unit unit, double[] before, double[] now) => Assert.Single(BaselineComparison.Compare(
        Runs.Of(Runs.Row("a", unit, Runs.Result("x", before))), Runs.Of(Runs.Row("a", unit, Runs.Result("x", now)))));
}
