namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The sizes and times of a run.</summary>
internal sealed record Plan
{
    public required string Name { get; init; }

    public required int Rounds { get; init; }

    /// <summary>The measured time of each engine in each round of each row.</summary>
    public required TimeSpan MeasureTime { get; init; }

    /// <summary>The time of the same work before, not measured.</summary>
    public required TimeSpan WarmUpTime { get; init; }

    /// <summary>The longest time that a new process does the same work before, until the runtime has compiled what it runs.</summary>
    public required TimeSpan LongestWarmUpTime { get; init; }

    public required IReadOnlyList<int> Callers { get; init; }

    /// <summary>The number of projects in the workloads of reads and writes.</summary>
    public required int WorkloadSize { get; init; }

    /// <summary>The numbers of projects at which a create, a get and a page are measured.</summary>
    public required IReadOnlyList<int> Sizes { get; init; }

    /// <summary>The greatest number of projects at which LiteDB takes part; filling more takes longer than all the rest.</summary>
    public required int MaxLiteDbSize { get; init; }

    /// <summary>The greatest number of projects at which creates are measured.</summary>
    public required int MaxCreateSize { get; init; }

    /// <summary>The rates of the open loop, in operations a second.</summary>
    public required IReadOnlyList<int> Rates { get; init; }

    /// <summary>The measured time of sustained creates; there are windows of a sixth of it.</summary>
    public required TimeSpan SustainedTime { get; init; }

    public required IReadOnlyList<int> OpenSizes { get; init; }

    public static Plan Full { get; } = new()
    {
        Name = "full",
        Rounds = 3,
        MeasureTime = TimeSpan.FromSeconds(0.6),
        WarmUpTime = TimeSpan.FromSeconds(0.2),
        LongestWarmUpTime = TimeSpan.FromSeconds(30),
        Callers = [1, 8, 64, 256],
        WorkloadSize = 100_000,
        Sizes = [1_000, 100_000, 1_000_000],
        MaxLiteDbSize = 100_000,
        MaxCreateSize = 1_000_000,
        Rates = [1_000, 4_000, 16_000],
        SustainedTime = TimeSpan.FromSeconds(30),
        OpenSizes = [1_000, 100_000, 1_000_000],
    };

    public static Plan Quick { get; } = new()
    {
        Name = "quick",
        Rounds = 2,
        MeasureTime = TimeSpan.FromSeconds(0.05),
        WarmUpTime = TimeSpan.FromSeconds(0.02),
        LongestWarmUpTime = TimeSpan.FromSeconds(0.1),
        Callers = [1, 64],
        WorkloadSize = 5_000,
        Sizes = [1_000, 100_000],
        MaxLiteDbSize = 5_000,
        MaxCreateSize = 1_000,
        Rates = [1_000],
        SustainedTime = TimeSpan.FromSeconds(1.2),
        OpenSizes = [1_000, 100_000],
    };
}
