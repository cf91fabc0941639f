using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Tests.Benchmarks;

/// <summary>Makes results of runs.</summary>
internal static class Runs
{
    public static RunResults Of(params RowResult[] rows) => new()
    {
        Date = "2026-01-01 00:00 UTC",
        Program = new Dictionary<string, string>(),
        Machine = new Dictionary<string, string>(),
        Versions = new Dictionary<string, string>(),
        Engines = new Dictionary<string, string>(),
        Rows = rows,
    };

    public static RowResult Row(string id, Unit unit, params EngineResult[] engines) => new(id, "a group", $"the row {id}", unit, engines);

    public static EngineResult Result(string engine, params double[] rounds) => new()
    {
        Engine = engine,
        Guarantee = Guarantee.Durable,
        Value = new Spread(rounds),
        Latency = new Dictionary<string, Percentiles> { ["create"] = new(10, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000) },
        Extra = new Dictionary<string, Spread> { [Metric.Allocated] = new Spread([0]) },
    };
}
