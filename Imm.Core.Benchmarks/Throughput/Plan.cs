namespace Imm.Core.Benchmarks.Throughput;

/// <summary>How much is measured, and for how long.</summary>
internal sealed record Plan
{
    public required string Name { get; init; }

    public required int Rounds { get; init; }

    /// <summary>How long each contender works in each round of each row.</summary>
    public required TimeSpan Slice { get; init; }

    /// <summary>How long each contender does the same before, unmeasured.</summary>
    public required TimeSpan WarmUp { get; init; }

    public required IReadOnlyList<int> Callers { get; init; }

    /// <summary>How many projects there are in the mixes of reads and writes.</summary>
    public required int MixSize { get; init; }

    /// <summary>The sizes at which the cost of a create, a get and a page is measured.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>Up to which size LiteDB takes part; to fill it further takes longer than all the rest.</summary>
    public required int LiteDbSize { get; init; }

    /// <summary>Up to which size creates are measured.</summary>
    public required int MostToCreateIn { get; init; }

    /// <summary>How many operations begin each second in the open loop.</summary>
    public required IReadOnlyList<int> Rates { get; init; }

    public required IReadOnlyList<int> OpenSizes { get; init; }

    public static Plan Full { get; } = new()
    {
        Name = "full",
        Rounds = 3,
        Slice = TimeSpan.FromSeconds(0.6),
        WarmUp = TimeSpan.FromSeconds(0.2),
        Callers = [1, 8, 64, 256],
        MixSize = 100_000,
        Sizes = [1_000, 100_000, 1_000_000],
        LiteDbSize = 100_000,
        MostToCreateIn = 1_000_000,
        Rates = [1_000, 4_000, 16_000],
        OpenSizes = [100_000, 1_000_000],
    };

    public static Plan Quick { get; } = new()
    {
        Name = "quick",
        Rounds = 2,
        Slice = TimeSpan.FromSeconds(0.05),
        WarmUp = TimeSpan.FromSeconds(0.02),
        Callers = [1, 64],
        MixSize = 5_000,
        Sizes = [1_000, 100_000],
        LiteDbSize = 5_000,
        MostToCreateIn = 1_000,
        Rates = [1_000],
        OpenSizes = [100_000],
    };
}
