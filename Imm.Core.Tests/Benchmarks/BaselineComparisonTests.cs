using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class BaselineComparisonTests
{
    [Fact]
    public void A_doubled_rate_is_twice_as_good_and_beyond_the_spread()
    {
        ValueChange change = Single(Unit.OperationsPerSecond, before: [90, 100, 110], now: [190, 200, 210]);

        Assert.Equal((2.0, true), (change.Ratio, change.IsBeyondSpread));
    }

    [Fact]
    public void A_doubled_time_is_half_as_good_and_beyond_the_spread()
    {
        ValueChange change = Single(Unit.Nanoseconds, before: [90, 100, 110], now: [190, 200, 210]);

        Assert.Equal((0.5, true), (change.Ratio, change.IsBeyondSpread));
    }

    [Fact]
    public void A_change_is_noise_if_one_round_of_the_other_run_reaches_it() =>
        Assert.False(Single(Unit.OperationsPerSecond, before: [90, 100, 195], now: [190, 200, 210]).IsBeyondSpread);

    [Fact]
    public void Compares_only_the_values_that_both_runs_have_in_the_same_unit()
    {
        RunResults before = Runs.Of(
            Runs.Row("a", Unit.Bytes, Runs.Result("x", 1), Runs.Result("gone", 1)),
            Runs.Row("b", Unit.Bytes, Runs.Result("x", 1)),
            Runs.Row("gone", Unit.Bytes));
        RunResults now = Runs.Of(
            Runs.Row("new", Unit.Bytes, Runs.Result("x", 1)),
            Runs.Row("b", Unit.Nanoseconds, Runs.Result("x", 1)),
            Runs.Row("a", Unit.Bytes, Runs.Result("new", 1), Runs.Result("x", 1)));

        Assert.Equal([("a", "x")], BaselineComparison.Compare(before, now).Select(change => (change.RowId, change.Engine)));
    }

    [Fact]
    public void Results_are_the_same_after_they_are_written_and_read()
    {
        EngineResult[] results = [Runs.Result(EngineNames.Ours, 3, 1, 2), Runs.Result(EngineNames.SqliteFull, 1, 1, 1)];
        RunResults run = Runs.Of(Runs.Row("create/1000/1", Unit.OperationsPerSecond, results));

        RunResults read = RunResults.FromJson(run.ToJson());

        Assert.Equal(run.ToJson(), read.ToJson());
        EngineResult ours = read.Row("create/1000/1")!.Of(EngineNames.Ours)!;
        Assert.Equal((2.0, 1.0, 3.0), (ours.Value.Median, ours.Value.Min, ours.Value.Max));
        Assert.Equal(4_000, ours.Latency["create"].P999);
    }

    private static ValueChange Single(Unit unit, double[] before, double[] now) => Assert.Single(BaselineComparison.Compare(
        Runs.Of(Runs.Row("a", unit, Runs.Result("x", before))), Runs.Of(Runs.Row("a", unit, Runs.Result("x", now)))));
}
