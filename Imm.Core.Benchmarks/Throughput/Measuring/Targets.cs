namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>
/// One measured number of an engine in a row: the row's value, a latency such as <c>create p99</c>, or an extra value by its name.
/// </summary>
internal sealed record Metric(string Row, string Engine, string Name = Metric.Value)
{
    public const string Value = "value";
    public const string LogBytes = "log bytes per operation";
    public const string Allocated = "allocated bytes per operation";
    public const string LastWindow = "last window × first";

    /// <summary>Finds the number in the results; null if the run did not measure it.</summary>
    public Measurement? FindIn(IReadOnlyList<RowResult> rows)
    {
        RowResult? row = rows.FirstOrDefault(row => row.Id == Row);
        if (row?.Of(Engine) is not { } result)
        {
            return null;
        }

        if (Name == Value)
        {
            return new Measurement(result.Value.Median, result.Value.Min, result.Value.Max, row.Unit);
        }

        if (result.Extra.TryGetValue(Name, out Spread? extra))
        {
            return new Measurement(extra.Median, extra.Min, extra.Max, Unit.Bytes);
        }

        // Percentiles are those of all rounds together, so they have no spread.
        int space = Name.LastIndexOf(' ');
        return space > 0 && result.Latency.TryGetValue(Name[..space], out Percentiles? latency)
            && latency.ByName(Name[(space + 1)..]) is { } nanoseconds
            ? new Measurement(nanoseconds, nanoseconds, nanoseconds, Unit.Nanoseconds)
            : null;
    }
}

/// <summary>A measured number with the range of its rounds.</summary>
internal sealed record Measurement(double Median, double Min, double Max, Unit Unit);

/// <summary>A target figure of Imm.Core.</summary>
/// <param name="Name">The description in tables.</param>
/// <param name="Metric">The number that is to reach the limit.</param>
/// <param name="Limit">The greatest good time or size, or the least good rate or ratio.</param>
/// <param name="Unit">The unit of the limit; null for a ratio.</param>
/// <param name="Against">The other number of a ratio. The ratio is how many times better <paramref name="Metric"/> is.</param>
internal sealed record Target(string Name, Metric Metric, double Limit, Unit? Unit = null, Metric? Against = null)
{
    private bool IsUpperBound => Unit is Measuring.Unit.Nanoseconds or Measuring.Unit.Bytes;

    /// <summary>Compares the target with the results of a run.</summary>
    public TargetResult Evaluate(IReadOnlyList<RowResult> rows)
    {
        string limit = (IsUpperBound ? "≤ " : "≥ ") + Format(Limit);
        Measurement? measured = Metric.FindIn(rows);
        Measurement? against = Against?.FindIn(rows);
        if (measured is null || (Against is not null && against is null))
        {
            return new TargetResult(Name, limit, null, null, null, false);
        }

        double value = measured.Median, low = measured.Min, high = measured.Max;
        if (against is not null)
        {
            // The rounds of the two numbers do not belong together in pairs, so the range is that of all pairs.
            bool moreIsBetter = measured.Unit == Measuring.Unit.OperationsPerSecond;
            double Ratio(double ours, double theirs) => moreIsBetter ? ours / theirs : theirs / ours;
            value = Ratio(measured.Median, against.Median);
            double a = Ratio(measured.Min, against.Max), b = Ratio(measured.Max, against.Min);
            (low, high) = (Math.Min(a, b), Math.Max(a, b));
        }

        bool IsGood(double number) => IsUpperBound ? number <= Limit : number >= Limit;
        string shown = low == high ? Format(value) : $"{Format(value)} ({Format(low)} – {Format(high)})";
        return new TargetResult(Name, limit, shown, value, IsGood(value), IsGood(low) != IsGood(high));
    }

    private string Format(double value) => Unit is { } unit ? NumberFormat.Value(value, unit) : NumberFormat.Ratio(value);
}

/// <summary>A target figure with its measurement.</summary>
/// <param name="Name">The description in tables.</param>
/// <param name="Limit">The limit as text.</param>
/// <param name="Measured">The median and the range of the rounds as text; null if the run did not measure it.</param>
/// <param name="Value">The median; null if the run did not measure it.</param>
/// <param name="IsReached">True if the median reaches the limit; null if the run did not measure it.</param>
/// <param name="IsWithinSpread">True if some rounds are on the other side of the limit.</param>
internal sealed record TargetResult(string Name, string Limit, string? Measured, double? Value, bool? IsReached, bool IsWithinSpread)
{
    public string Verdict => IsReached switch
    {
        null => "not measured",
        true => IsWithinSpread ? "reached, within the spread" : "reached",
        false => IsWithinSpread ? "not reached, within the spread" : "not reached",
    };
}

/// <summary>All target figures of Imm.Core.</summary>
internal static class Targets
{
    private static readonly Metric Create1 = new("create/1000/1", EngineNames.Ours);
    private static readonly Metric Create64 = new("create/1000/64", EngineNames.Ours);
    private static readonly Metric ManyScopes = new("scopes/1000", EngineNames.Ours);
    private static readonly Metric Sustained = new("sustained/1000", EngineNames.Ours);
    private static readonly Metric Get = new("get/100000", EngineNames.Ours);
    private static readonly Metric ReadAlone = new("read-beside/0", EngineNames.Ours);

    public static IReadOnlyList<Target> All { get; } =
    [
        new("durable create, 1 caller: × SQLite FULL per call", Create1, 1.3, Against: Create1 with { Engine = EngineNames.SqliteFull }),
        new("durable create, 1 caller: × the disk's overwrite + fsync", Create1, 0.8, Against: Create1 with { Engine = EngineNames.Disk }),
        new("durable create, 64 callers: × SQLite FULL per call", Create64, 15, Against: Create64 with { Engine = EngineNames.SqliteFull }),
        new("durable create, 64 callers over 1 000 scopes, sustained 30 s: × SQLite FULL per call", Sustained, 15,
            Against: Sustained with { Engine = EngineNames.SqliteFull }),
        new("sustained: the last 5 s × the first 5 s", Sustained with { Name = Metric.LastWindow }, 0.9),
        Time("sustained: p99", Sustained with { Name = "create p99" }, 5e6),
        Time("sustained: p99.9", Sustained with { Name = "create p99.9" }, 15e6),
        Time("sustained: longest", Sustained with { Name = "create max" }, 50e6),
        Bytes("sustained: allocated bytes a create, with checkpoints", Sustained with { Name = Metric.Allocated }, 3 * 1024),
        new("durable create, 64 callers over 1 000 scopes: × one scope", ManyScopes, 0.6, Against: ManyScopes with { Row = "scopes/1" }),
        Time("durable create, open loop at 16 000 a second: p99", new("open-loop/16000", EngineNames.Ours), 3e6),
        Time("relaxed create, open loop at 16 000 a second: p99", new("open-loop/16000", EngineNames.Relaxed), 1e6),
        new("100 durable creates begun together by 1 caller: × SQLite with 100 a transaction", new("burst/1000", EngineNames.Ours), 2,
            Against: new("burst/1000", EngineNames.SqliteBatch)),
        Rate("create in memory, 1 caller", Create1 with { Engine = EngineNames.Memory }, 400_000),
        Rate("create in memory, 64 callers", Create64 with { Engine = EngineNames.Memory }, 300_000),
        Time("get by name at 10^5 projects", Get, 150),
        Time("get by name at 10^6 projects", new("get/1000000", EngineNames.Ours), 200),
        Bytes("get by name at 10^5 projects: allocation", Get with { Name = Metric.Allocated }, 0),
        new("get by name at 10^5 projects: × SQLite prepared", Get, 25, Against: Get with { Engine = EngineNames.SqliteFull }),
        Time("list a page of 100, random tokens, at 10^6 projects", new("list/1000000", EngineNames.Ours), 10e3),
        Time("refuse a duplicate, exception included", new("refuse/duplicate", EngineNames.Ours), 2e3),
        Bytes("refuse a duplicate: written to the log", new("refuse/duplicate", EngineNames.Ours, Metric.LogBytes), 0),
        Time("refuse at a full quota, exception included", new("refuse/quota", EngineNames.Ours), 2e3),
        Bytes("refuse at a full quota: written to the log", new("refuse/quota", EngineNames.Ours, Metric.LogBytes), 0),
        Time("open a file of 10^3 projects, to the first answer", new("open/1000", EngineNames.Ours), 1.5e6),
        Time("open a file of 10^6 projects in 10^3 scopes, to the first answer", new("open/1000000", EngineNames.Ours), 20e6),
        Rate("first read of a scope of 10^5 projects: projects loaded", new("first-read/100000", EngineNames.Ours), 800_000),
        Bytes("memory per project beyond its text, of 10^5", new("memory/100000", EngineNames.Ours), 350),
        Bytes("bytes on disk per project after closing, of 10^5", new("disk/100000", EngineNames.Ours), 250),
        new("reads beside 1 caller writing × reads alone", new("read-beside/1", EngineNames.Ours), 0.7, Against: ReadAlone),
        new("reads beside 64 callers writing × reads alone", new("read-beside/64", EngineNames.Ours), 0.4, Against: ReadAlone),
        new("no read waits for an fsync: p99.9 beside 1 caller writing, × quicker than an fsync",
            new("read-beside/1", EngineNames.Ours, "read p99.9"), 1, Against: new("create/1000/1", EngineNames.Disk, "create p50")),
        Shared("one scope, 64 callers", SharedRow.OneScope, 20),
        Shared("64 callers over 100 scopes", SharedRow.ManyScopes, 2.5),
        Shared("4 processes × 16 in one scope", SharedRow.ProcessesInOneScope, 6),
        Shared("4 processes × 16, each process its own 25 scopes", SharedRow.ProcessesInOwnScopes, 1.2),
        Shared("4 processes × 16 over the same 100 scopes", SharedRow.ProcessesInManyScopes, 1),
        Shared("one synchronous caller", SharedRow.OneCaller, 0.8),
        Shared("linearizable reads, 64 callers", SharedRow.Gets, 5, "one SELECT each"),
    ];

    private static Target Shared(string name, SharedRow row, double ratio, string against = "a guarded counter") => new(
        $"shared store, {name}: × {against}",
        new Metric(row.Id, EngineNames.Shared),
        ratio,
        Against: new Metric(row.Id, EngineNames.GuardedCounter));

    private static Target Time(string name, Metric metric, double nanoseconds) => new(name, metric, nanoseconds, Unit.Nanoseconds);

    private static Target Bytes(string name, Metric metric, double bytes) => new(name, metric, bytes, Unit.Bytes);

    private static Target Rate(string name, Metric metric, double perSecond) => new(name, metric, perSecond, Unit.OperationsPerSecond);
}
