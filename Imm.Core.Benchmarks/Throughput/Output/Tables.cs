using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>The tables of a run.</summary>
internal static class Tables
{
    public const string RatioNote =
        "× is how many times better Imm.Core is than that engine, by the medians of the rounds of this run: above 1 Imm.Core is ahead."
        + " A durable row is compared with durable engines, a relaxed row with relaxed ones, and both with LiteDB and the batch, which"
        + " promise less.";

    private static readonly string[] Others =
    [
        EngineNames.LiteDb, EngineNames.SqliteFull, EngineNames.SqliteNormal, EngineNames.Lmdb, EngineNames.SqliteBatch, EngineNames.Disk,
        EngineNames.GuardedCounter,
    ];

    /// <summary>The kinds of operation, that with the longest latency first.</summary>
    private static readonly string[] Kinds = ["create", "burst", "update", "ingest", "refusal", "list", "get", "read"];

    /// <summary>Tabulates each row of Imm.Core with its ratio to each other engine.</summary>
    public static TextTable Ratios(RunResults results)
    {
        string[] present = [.. Others.Where(other => results.Rows.Any(row => row.Of(other) is not null))];
        var rows = new List<IReadOnlyList<string>>();
        foreach (RowResult row in results.Rows)
        {
            foreach (EngineResult ours in row.Engines.Where(result => Engine.ByName(result.Engine).IsOurs))
            {
                (string kind, Percentiles? latency) = LatenciesOf(ours)[0];
                rows.Add(
                [
                    row.Title,
                    Variant(ours),
                    .. present.Select(other => RatioTo(row, ours, other)),
                    NumberFormat.Value(ours.Value.Median, row.Unit),
                    $"{NumberFormat.Value(ours.Value.Min, row.Unit)} – {NumberFormat.Value(ours.Value.Max, row.Unit)}",
                    kind,
                    Time(latency?.P50),
                    Time(latency?.P99),
                ]);
            }
        }

        return new TextTable(
            ["Row", "Store", .. present.Select(other => $">× {other}"), ">Imm.Core", ">rounds", "latency of", ">p50", ">p99"],
            rows);
    }

    public static TextTable Targets(RunResults results) => new(
        ["Figure", ">target", ">measured", ""],
        [.. results.Targets.Select(target => (IReadOnlyList<string>)[target.Name, target.Limit, target.Measured ?? "", target.Verdict])]);

    /// <summary>Tabulates a few rows for readers who do not know the program; rows that the run did not measure are left out.</summary>
    public static TextTable Summary(RunResults results)
    {
        string[] engines = [EngineNames.Ours, EngineNames.SqliteFull, EngineNames.Lmdb];
        (string Row, string Title)[] rows =
        [
            ("create/1000/1", "durable creates, 1 caller"),
            ("create/1000/64", "durable creates, 64 callers"),
            ("get/100000", "get a project by name, of 100,000"),
            ("list/100000", "list a page of 100 projects, of 100,000"),
            ("open/1000000", "open a file of 1,000,000 projects, to the first answer"),
        ];
        return new TextTable(
            ["", .. engines.Select(engine => $">{engine}")],
            [
                .. from plain in rows
                   let row = results.Row(plain.Row)
                   where row is not null
                   select (IReadOnlyList<string>)
                   [
                       plain.Title,
                       .. engines.Select(engine => row.Of(engine) is { } result ? NumberFormat.Value(result.Value.Median, row.Unit) : ""),
                   ],
            ]);
    }

    /// <summary>Tabulates the values that changed since an earlier run; those that stayed within the spread are only counted.</summary>
    public static TextTable Changes(IReadOnlyList<ValueChange> changes)
    {
        ValueChange[] beyondSpread = [.. changes.Where(change => change.IsBeyondSpread)];
        return new TextTable(
            ["Row", "Engine", ">before", ">now", ">now × before", ""],
            [
                .. beyondSpread.Select(change => (IReadOnlyList<string>)
                [
                    change.Title,
                    change.Engine,
                    NumberFormat.Value(change.Before.Median, change.Unit),
                    NumberFormat.Value(change.Now.Median, change.Unit),
                    NumberFormat.Ratio(change.Ratio),
                    change.Ratio > 1 ? "better" : "worse",
                ]),
                [$"{changes.Count - beyondSpread.Length} of {changes.Count} values did not change beyond the spread", "", "", "", "", ""],
            ]);
    }

    /// <summary>Tabulates every engine in every row of a scenario.</summary>
    public static TextTable Details(IEnumerable<RowResult> rows) => new(
        ["Row", "Engine", ">median", ">rounds from", ">to", "latency of", ">p50", ">p99", ">p99.9", ">p99.99", ">longest", "notes"],
        [.. rows.SelectMany(row => row.Engines.SelectMany(result => Detail(row, result)))]);

    private static IEnumerable<IReadOnlyList<string>> Detail(RowResult row, EngineResult result)
    {
        IEnumerable<string> extra = result.Extra.Select(pair => $"{pair.Key} {NumberFormat.ThreeDigits(pair.Value.Median)}");
        string notes = string.Join(", ", result.Note is { } note ? extra.Prepend(note) : extra);
        Spread value = result.Value;
        string[] first =
        [
            row.Title,
            result.Engine,
            NumberFormat.Value(value.Median, row.Unit),
            NumberFormat.Value(value.Min, row.Unit),
            NumberFormat.Value(value.Max, row.Unit),
        ];
        return LatenciesOf(result).Select((one, i) => (IReadOnlyList<string>)
        [
            .. i == 0 ? first : first.Select(_ => ""),
            one.Kind,
            Time(one.Latency?.P50),
            Time(one.Latency?.P99),
            Time(one.Latency?.P999),
            Time(one.Latency?.P9999),
            Time(one.Latency?.Max),
            i == 0 ? notes : "",
        ]);
    }

    private static string Time(long? nanoseconds) => nanoseconds is { } known ? NumberFormat.Time(known) : "";

    private static string RatioTo(RowResult row, EngineResult ours, string other)
    {
        bool writes = row.Engines.Any(result => Engine.ByName(result.Engine) is { IsOurs: true, Guarantee: Guarantee.Relaxed });
        return row.Of(other) is { } theirs && (!writes || Engine.ByName(ours.Engine).IsFairTo(Engine.ByName(other)))
            ? NumberFormat.ThreeDigits(row.Ratio(ours.Value.Median, theirs.Value.Median))
            : "";
    }

    private static string Variant(EngineResult ours) => ours.Guarantee switch
    {
        _ when ours.Engine == EngineNames.Shared => "shared",
        Guarantee.Durable => "durable",
        Guarantee.Relaxed => "relaxed",
        _ => "in memory",
    };

    /// <summary>Orders the latencies by kind; a result without latencies has one without a kind.</summary>
    private static (string Kind, Percentiles? Latency)[] LatenciesOf(EngineResult result) =>
        [.. Kinds.Where(result.Latency.ContainsKey).Select(kind => (kind, (Percentiles?)result.Latency[kind])).DefaultIfEmpty(("", null))];
}
