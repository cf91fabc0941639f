using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Tests.Benchmarks;

/// <summary>Results as a run could have them.</summary>
internal static class Runs
{
    public static RunResults Of(params RowResult[] rows) => new()
    {
        Date = "2026-01-01 00:00 UTC",
        Program = new Dictionary<string, string>(),
        Machine = new Dictionary<string, string>(),
        Versions = new Dictionary<string, string>(),
        Contenders = new Dictionary<string, string>(),
        Rows = rows,
        Figures = Figures.Measure(rows),
    };

    public static RowResult Row(string id, Unit unit, params ContenderResult[] contenders) => new(id, "a group", $"the row {id}", unit, contenders);

    public static ContenderResult Result(string contender, params double[] rounds) => new()
    {
        Contender = contender,
        Guarantee = Guarantee.Durable,
        Value = new Spread(rounds),
        Latency = new Dictionary<string, Percentiles> { ["create"] = new(10, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000) },
        Extra = new Dictionary<string, Spread> { [Figures.Allocated] = new Spread([0]) },
    };
}
