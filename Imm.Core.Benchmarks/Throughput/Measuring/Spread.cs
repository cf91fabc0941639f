namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>The values of one measurement, a value a round.</summary>
/// <param name="Rounds">The values in the order of the rounds; at least one.</param>
internal sealed record Spread(IReadOnlyList<double> Rounds)
{
    /// <summary>The median; of an even number of rounds the mean of the middle two.</summary>
    public double Median { get; } = MedianOf(Rounds);

    public double Min { get; } = Rounds.Min();

    public double Max { get; } = Rounds.Max();

    /// <summary>True if the ranges of the two measurements do not overlap.</summary>
    public bool IsDisjointFrom(Spread other) => Min > other.Max || Max < other.Min;

    private static double MedianOf(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
