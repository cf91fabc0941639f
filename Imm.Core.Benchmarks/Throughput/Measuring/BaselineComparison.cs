namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>The change of a value since an earlier run.</summary>
/// <param name="RowId">The row.</param>
/// <param name="Title">The row's title in tables.</param>
/// <param name="Engine">The engine's name.</param>
/// <param name="Before">The rounds of the earlier run.</param>
/// <param name="Now">The rounds of this run.</param>
/// <param name="Unit">The unit of the values.</param>
/// <param name="Ratio">How many times better the value is now.</param>
/// <param name="IsBeyondSpread">True if the rounds of the two runs do not overlap, so that the change is more than noise.</param>
internal sealed record ValueChange(
    string RowId, string Title, string Engine, Spread Before, Spread Now, Unit Unit, double Ratio, bool IsBeyondSpread);

/// <summary>Compares a run with an earlier one.</summary>
internal static class BaselineComparison
{
    /// <summary>Compares every value that both runs have in the same unit, in the order of this run.</summary>
    public static IReadOnlyList<ValueChange> Compare(RunResults baseline, RunResults now) =>
    [
        .. from row in now.Rows
           let earlier = baseline.Row(row.Id)
           where earlier is not null && earlier.Unit == row.Unit
           from result in row.Engines
           let before = earlier.Of(result.Engine)
           where before is not null
           select new ValueChange(
               row.Id,
               row.Title,
               result.Engine,
               before.Value,
               result.Value,
               row.Unit,
               row.Ratio(result.Value.Median, before.Value.Median),
               result.Value.IsDisjointFrom(before.Value)),
    ];
}
