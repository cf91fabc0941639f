namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>How a value moved since an earlier run.</summary>
/// <param name="RowId">The row.</param>
/// <param name="Title">The row, for people.</param>
/// <param name="Contender">The contender.</param>
/// <param name="Before">The earlier rounds.</param>
/// <param name="Now">The rounds of this run.</param>
/// <param name="Unit">What the values are.</param>
/// <param name="Ratio">How many times better it is now.</param>
/// <param name="IsBeyondSpread">Whether the rounds of the two runs lie apart, so that it is more than the usual noise.</param>
internal sealed record Movement(string RowId, string Title, string Contender, Spread Before, Spread Now, Unit Unit, double Ratio, bool IsBeyondSpread);

/// <summary>Compares a run with an earlier one.</summary>
internal static class BaselineComparison
{
    /// <summary>Every value that both runs have, in the order of this run.</summary>
    public static IReadOnlyList<Movement> Compare(RunResults baseline, RunResults now)
    {
        var movements = new List<Movement>();
        foreach (RowResult row in now.Rows)
        {
            if (baseline.Row(row.Id) is not { } earlier || earlier.Unit != row.Unit)
            {
                continue;
            }

            foreach (ContenderResult contender in row.Contenders)
            {
                if (earlier.Of(contender.Contender) is { } before)
                {
                    movements.Add(new Movement(
                        row.Id,
                        row.Title,
                        contender.Contender,
                        before.Value,
                        contender.Value,
                        row.Unit,
                        row.Ratio(contender.Value.Median, before.Value.Median),
                        contender.Value.IsApartFrom(before.Value)));
                }
            }
        }

        return movements;
    }
}
