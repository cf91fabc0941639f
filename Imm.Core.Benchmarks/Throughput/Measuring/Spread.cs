using System.Text.Json.Serialization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>What the rounds of one measurement gave.</summary>
/// <param name="Rounds">One value a round, in the order of the rounds; at least one.</param>
internal sealed record Spread(IReadOnlyList<double> Rounds)
{
    /// <summary>The middle value; with an even number of rounds, half-way between the two in the middle.</summary>
    public double Median { get; } = MedianOf(Rounds);

    public double Min { get; } = Rounds.Min();

    public double Max { get; } = Rounds.Max();

    /// <summary>How far the rounds lie apart, as a part of the median.</summary>
    [JsonIgnore]
    public double Relative => Median == 0 ? 0 : (Max - Min) / Median;

    /// <summary>Whether no round of the one came as low or as high as any round of the other.</summary>
    public bool IsApartFrom(Spread other) => Min > other.Max || Max < other.Min;

    private static double MedianOf(IReadOnlyList<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
