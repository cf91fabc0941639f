using System.Globalization;
using System.Text;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>A table of texts.</summary>
/// <param name="Columns">The headings; those that stand over numbers begin with <c>&gt;</c>, which is not shown.</param>
/// <param name="Rows">The cells.</param>
internal sealed record TextTable(IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    private readonly IReadOnlyList<bool> _numbers = [.. Columns.Select(column => column.StartsWith('>'))];

    public IReadOnlyList<string> Columns { get; } = [.. Columns.Select(column => column.TrimStart('>'))];

    public bool IsNumber(int column) => _numbers[column];

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        Append(Columns);
        Append([.. Columns.Select((_, i) => IsNumber(i) ? "--:" : "---")]);
        foreach (IReadOnlyList<string> row in Rows)
        {
            Append(row);
        }

        return text.ToString();

        void Append(IReadOnlyList<string> cells) => text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
    }
}

/// <summary>The tables of a run.</summary>
internal static class Tables
{
    public const string HowToRead =
        "× is how many times better Imm.Core is than that peer, medians of the rounds of this run: above 1 Imm.Core is ahead. A durable row is compared with"
        + " peers that are durable, a relaxed one with relaxed ones; LiteDB and the batch promise less and stand in both or the first.";

    private static readonly string[] Peers =
        [Measuring.Figures.LiteDb, Measuring.Figures.OlderLiteDb, Measuring.Figures.SqliteFull, Measuring.Figures.SqliteNormal, Measuring.Figures.Lmdb, Measuring.Figures.SqliteBatch, Measuring.Figures.Disk];

    private static readonly string[] KindsByWeight = ["create", "burst", "update", "ingest", "refusal", "list", "get", "read"];

    /// <summary>Each row of Imm.Core, the ratio to each peer first.</summary>
    public static TextTable Ratios(RunResults results)
    {
        string[] present = [.. Peers.Where(peer => results.Rows.Any(row => row.Of(peer) is not null))];
        var rows = new List<IReadOnlyList<string>>();
        foreach (RowResult row in results.Rows)
        {
            foreach (ContenderResult ours in row.Contenders.Where(result => Contender.Of(result.Contender).IsOurs))
            {
                (string kind, Percentiles? latency) = Weightiest(ours);
                rows.Add(
                [
                    row.Title,
                    Variant(ours),
                    .. present.Select(peer => RatioTo(row, ours, peer)),
                    Words.Value(ours.Value.Median, row.Unit),
                    ours.Value.Rounds.Count > 1 ? $"{Words.Value(ours.Value.Min, row.Unit)} – {Words.Value(ours.Value.Max, row.Unit)}" : "",
                    kind,
                    latency is null ? "" : Words.Time(latency.P50),
                    latency is null ? "" : Words.Time(latency.P99),
                ]);
            }
        }

        return new TextTable(
            ["Row", "Store", .. present.Select(peer => $">× {peer}"), ">Imm.Core", ">rounds", "latency of", ">p50", ">p99"],
            rows);
    }

    public static TextTable Figures(RunResults results) => new(
        ["Figure", ">to reach", ">measured", ""],
        [.. results.Figures.Select(figure => (IReadOnlyList<string>)[figure.Subject, figure.Target, figure.Measured ?? "", figure.Verdict])]);

    /// <summary>What moved since an earlier run; what stayed within the spread is only counted.</summary>
    public static TextTable Movements(IReadOnlyList<Movement> movements)
    {
        Movement[] moved = [.. movements.Where(movement => movement.IsBeyondSpread)];
        return new TextTable(
            ["Row", "Contender", ">before", ">now", ">now × before", ""],
            [
                .. moved.Select(movement => (IReadOnlyList<string>)
                [
                    movement.Title,
                    movement.Contender,
                    Words.Value(movement.Before.Median, movement.Unit),
                    Words.Value(movement.Now.Median, movement.Unit),
                    Words.Ratio(movement.Ratio),
                    movement.Ratio > 1 ? "better" : "worse",
                ]),
                [$"{movements.Count - moved.Length} of {movements.Count} values did not move beyond the spread of their rounds", "", "", "", "", ""],
            ]);
    }

    /// <summary>Every contender in every row of a group.</summary>
    public static TextTable Details(IEnumerable<RowResult> rows) => new(
        ["Row", "Contender", ">median", ">rounds from", ">to", "latency of", ">p50", ">p99", ">p99.9", ">p99.99", ">longest", "besides"],
        [.. rows.SelectMany(row => row.Contenders.SelectMany(result => Detail(row, result)))]);

    private static IEnumerable<IReadOnlyList<string>> Detail(RowResult row, ContenderResult result)
    {
        string besides = string.Join(
            ", ",
            result.Extra.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {Words.Three(pair.Value.Median)}")).Prepend(result.Note ?? "")
                .Where(text => text.Length > 0));
        KeyValuePair<string, Percentiles?>[] latencies = result.Latency.Count == 0
            ? [new("", null)]
            : [.. result.Latency.OrderBy(pair => Array.IndexOf(KindsByWeight, pair.Key)).Select(pair => new KeyValuePair<string, Percentiles?>(pair.Key, pair.Value))];
        for (int i = 0; i < latencies.Length; i++)
        {
            (string kind, Percentiles? latency) = latencies[i];
            string Time(Func<Percentiles, long> of) => latency is null ? "" : Words.Time(of(latency));
            yield return
            [
                i == 0 ? row.Title : "",
                i == 0 ? result.Contender : "",
                i == 0 ? Words.Value(result.Value.Median, row.Unit) : "",
                i == 0 ? Words.Value(result.Value.Min, row.Unit) : "",
                i == 0 ? Words.Value(result.Value.Max, row.Unit) : "",
                kind,
                Time(latency => latency.P50),
                Time(latency => latency.P99),
                Time(latency => latency.P999),
                Time(latency => latency.P9999),
                Time(latency => latency.Max),
                i == 0 ? besides : "",
            ];
        }
    }

    private static string RatioTo(RowResult row, ContenderResult ours, string peer)
    {
        bool changes = row.Contenders.Any(result => Contender.Of(result.Contender) is { IsOurs: true, Guarantee: Guarantee.Relaxed });
        return row.Of(peer) is { } theirs && (!changes || Contender.Of(ours.Contender).IsFairTo(Contender.Of(peer)))
            ? Words.Three(row.Ratio(ours.Value.Median, theirs.Value.Median))
            : "";
    }

    private static string Variant(ContenderResult ours) => ours.Guarantee switch
    {
        Guarantee.Durable => "durable",
        Guarantee.Relaxed => "relaxed",
        _ => "in memory",
    };

    private static (string Kind, Percentiles? Latency) Weightiest(ContenderResult result) => KindsByWeight
        .Where(result.Latency.ContainsKey)
        .Select(kind => (kind, (Percentiles?)result.Latency[kind]))
        .FirstOrDefault(("", null));
}
