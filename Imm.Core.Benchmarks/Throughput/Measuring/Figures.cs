using System.Globalization;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>One measured number: the value of a contender in a row, a latency (<c>create p99</c>), or another figure by its name.</summary>
internal sealed record Operand(string Row, string Contender, string Metric = Operand.Value)
{
    public const string Value = "value";
}

/// <summary>A figure to reach.</summary>
/// <param name="Subject">What it is about.</param>
/// <param name="Measured">The number.</param>
/// <param name="Limit">The bound on the number, in its own unit (nanoseconds for times); on the ratio where there is another number to compare with.</param>
/// <param name="Against">The other number of a ratio, which says how many times better the first one is; null where the number itself is bounded.</param>
/// <param name="AtMost">Whether the limit is the greatest that is good; otherwise it is the least.</param>
/// <param name="Aim">A better limit that is aimed at, and does not decide.</param>
internal sealed record Figure(string Subject, Operand Measured, double? Limit, Operand? Against = null, bool AtMost = false, double? Aim = null);

/// <summary>A figure to reach, with what was measured.</summary>
/// <param name="Subject">What it is about.</param>
/// <param name="Target">The target, for people.</param>
/// <param name="Measured">What was measured, for people; null where the run did not measure it.</param>
/// <param name="Value">The median that was measured.</param>
/// <param name="Limit">The limit; null where the number is only reported.</param>
/// <param name="IsReached">Whether the median is good; null where it was not measured or has no limit.</param>
/// <param name="IsClose">Whether some rounds were on the other side of the limit.</param>
internal sealed record FigureResult(string Subject, string Target, string? Measured, double? Value, double? Limit, bool? IsReached, bool IsClose)
{
    public string Verdict => IsReached switch
    {
        _ when Measured is null => "not measured",
        null => "reported",
        true => IsClose ? "reached, within the spread" : "reached",
        false => IsClose ? "not reached, within the spread" : "not reached",
    };
}

/// <summary>The figures that this library means to reach, all of them, and what becomes of them in a run.</summary>
internal static class Figures
{
    public const string Ours = "Imm.Core";
    public const string Relaxed = "Imm.Core relaxed";
    public const string Memory = "Imm.Core in memory";
    public const string LiteDb = "LiteDB";
    public const string OlderLiteDb = "LiteDB 5.0.20";
    public const string SqliteFull = "SQLite FULL";
    public const string SqliteNormal = "SQLite NORMAL";
    public const string SqliteBatch = "SQLite FULL, 100 at a time";
    public const string Lmdb = "LMDB";
    public const string Disk = "overwrite + fsync";

    public const string LogBytes = "log bytes per operation";
    public const string Allocated = "allocated bytes per operation";

    public static IReadOnlyList<Figure> ToReach { get; } =
    [
        new("durable create, 1 caller: × SQLite FULL per call", new("create/1000/1", Ours), 1.0, new("create/1000/1", SqliteFull), Aim: 1.3),
        new($"durable create, 1 caller: × raw {OlderLiteDb}, for which this was set", new("create/1000/1", Ours), 3, new("create/1000/1", OlderLiteDb)),
        new("durable create, 1 caller: × raw LiteDB, the version that Imm.Core stands on", new("create/1000/1", Ours), 3, new("create/1000/1", LiteDb)),
        new("durable create, 1 caller: × the disk's overwrite + fsync", new("create/1000/1", Ours), 0.6, new("create/1000/1", Disk), Aim: 0.8),
        new($"durable create, 64 callers: × raw {OlderLiteDb}, for which this was set", new("create/1000/64", Ours), 40, new("create/1000/64", OlderLiteDb)),
        new("durable create, 64 callers: × raw LiteDB, the version that Imm.Core stands on", new("create/1000/64", Ours), 40, new("create/1000/64", LiteDb)),
        new("durable create, 64 callers: × SQLite FULL per call", new("create/1000/64", Ours), 15, new("create/1000/64", SqliteFull)),
        new("durable create, 64 callers: p99", new("create/1000/64", Ours, "create p99"), 5e6, AtMost: true),
        new("get by name at 10^5 projects in a scope", new("get/100000", Ours), 150, AtMost: true),
        new("get by name at 10^5: allocation", new("get/100000", Ours, Allocated), 0, AtMost: true),
        new($"get by name at 10^5: × raw {OlderLiteDb}, for which this was set", new("get/100000", Ours), 300, new("get/100000", OlderLiteDb)),
        new("get by name at 10^5: × raw LiteDB, the version that Imm.Core stands on", new("get/100000", Ours), 300, new("get/100000", LiteDb)),
        new("get by name at 10^5: × SQLite prepared", new("get/100000", Ours), 25, new("get/100000", SqliteFull)),
        new("list a page of 100, random tokens, at 10^6 projects", new("list/1000000", Ours), 10e3, AtMost: true),
        new("durable create, 64 callers: 1 000 scopes × one scope", new("scopes/1000", Ours), 0.6, new("scopes/1", Ours)),
        new("refuse a duplicate", new("refuse/duplicate", Ours), 5e3, AtMost: true),
        new("refuse a duplicate: written to the log", new("refuse/duplicate", Ours, LogBytes), 0, AtMost: true),
        new("refuse at a full quota", new("refuse/quota", Ours), 5e3, AtMost: true),
        new("refuse at a full quota: written to the log", new("refuse/quota", Ours, LogBytes), 0, AtMost: true),
        new("open a file of 10^5 projects in 10^3 scopes to the first answer", new("open/100000", Ours), 200e6, AtMost: true),
        new("open a file of 10^6 projects in 10^3 scopes to the first answer", new("open/1000000", Ours), 200e6, AtMost: true),
        new("memory per project held, beyond its own text, of 10^5", new("memory/100000", Ours), 500, AtMost: true),
        new("bytes on disk per project after closing, of 10^5", new("disk/100000", Ours), 400, AtMost: true),
        new("reads beside one caller writing × reads without", new("read-beside/1", Ours), 0.6, new("read-beside/0", Ours)),
        new("reads beside 64 callers writing × reads without", new("read-beside/64", Ours), null, new("read-beside/0", Ours)),
        new("no read waits for a flush: p99.9 beside one caller writing, × quicker than a flush",
            new("read-beside/1", Ours, "read p99.9"), 1, new("create/1000/1", Disk, "create p50")),
    ];

    public static IReadOnlyList<FigureResult> Measure(IReadOnlyList<RowResult> rows) => [.. ToReach.Select(figure => Measure(figure, rows))];

    public static FigureResult Measure(Figure figure, IReadOnlyList<RowResult> rows)
    {
        string bound = figure.AtMost ? "≤ " : "≥ ";
        Found? measured = Find(figure.Measured, rows);
        Unit? unit = figure.Against is null ? UnitOf(figure.Measured) : null;
        string Say(double value) => unit is { } known ? Words.Value(value, known) : Words.Ratio(value);
        string target = figure.Limit is { } limit
            ? bound + Say(limit) + (figure.Aim is { } aim ? string.Create(CultureInfo.InvariantCulture, $" (aim {Words.Three(aim)})") : "")
            : "to report";
        Found? against = figure.Against is null ? null : Find(figure.Against, rows);
        if (measured is null || (figure.Against is not null && against is null))
        {
            return new FigureResult(figure.Subject, target, null, null, figure.Limit, null, false);
        }

        double value = measured.Median, low = measured.Min, high = measured.Max;
        if (against is not null)
        {
            // The worst and the best that the rounds allow, whichever belongs to which.
            bool more = measured.Unit == Unit.OperationsPerSecond;
            double Ratio(double ours, double theirs) => more ? ours / theirs : theirs / ours;
            value = Ratio(measured.Median, against.Median);
            double a = Ratio(measured.Min, against.Max), b = Ratio(measured.Max, against.Min);
            (low, high) = (Math.Min(a, b), Math.Max(a, b));
        }

        bool Good(double number) => figure.AtMost ? number <= figure.Limit : number >= figure.Limit;
        string shown = low == high ? Say(value) : $"{Say(value)} ({Say(low)} – {Say(high)})";
        bool? reached = figure.Limit is null ? null : Good(value);
        return new FigureResult(figure.Subject, target, shown, value, figure.Limit, reached, reached is not null && Good(low) != Good(high));
    }

    private static Unit UnitOf(Operand operand) =>
        operand.Metric is LogBytes or Allocated || operand.Row.StartsWith("memory/", StringComparison.Ordinal) || operand.Row.StartsWith("disk/", StringComparison.Ordinal)
            ? Unit.Bytes
            : Unit.Nanoseconds;

    private static Found? Find(Operand operand, IReadOnlyList<RowResult> rows)
    {
        RowResult? row = rows.FirstOrDefault(row => row.Id == operand.Row);
        if (row?.Of(operand.Contender) is not { } result)
        {
            return null;
        }

        if (operand.Metric == Operand.Value)
        {
            return new Found(result.Value.Median, result.Value.Min, result.Value.Max, row.Unit);
        }

        if (result.Extra.TryGetValue(operand.Metric, out Spread? extra))
        {
            return new Found(extra.Median, extra.Min, extra.Max, Unit.Bytes);
        }

        // A percentile is one of all rounds together, and has no spread.
        int space = operand.Metric.LastIndexOf(' ');
        return space > 0 && result.Latency.TryGetValue(operand.Metric[..space], out Percentiles? latency)
            && latency.ByName(operand.Metric[(space + 1)..]) is { } nanoseconds
            ? new Found(nanoseconds, nanoseconds, nanoseconds, Unit.Nanoseconds)
            : null;
    }

    private sealed record Found(double Median, double Min, double Max, Unit Unit);
}
