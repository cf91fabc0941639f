using Imm.Core.Benchmarks.Throughput.Measuring;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>A chart of a run.</summary>
/// <param name="File">The file name.</param>
/// <param name="Title">The title.</param>
/// <param name="Plot">The plot.</param>
internal sealed record Chart(string File, string Title, Plot Plot)
{
    public const int Width = 900;
    public const int Height = 520;

    public void Save(string folder) => Plot.SavePng(Path.Combine(folder, File), Width, Height);
}

/// <summary>Draws the charts of a run. A chart without at least two rows is left out.</summary>
internal static class Charts
{
    public const string Main = "create-by-callers.png";

    // Colors that color-blind readers can tell apart; markers and patterns for print.
    private static readonly Dictionary<string, (string Color, MarkerShape Marker, LinePattern Pattern)> Looks = new()
    {
        [EngineNames.Ours] = ("#D55E00", MarkerShape.FilledCircle, LinePattern.Solid),
        [EngineNames.Relaxed] = ("#E69F00", MarkerShape.FilledCircle, LinePattern.Dashed),
        [EngineNames.Memory] = ("#999999", MarkerShape.FilledCircle, LinePattern.Dotted),
        [EngineNames.LiteDb] = ("#CC79A7", MarkerShape.FilledDiamond, LinePattern.Solid),
        [EngineNames.SqliteFull] = ("#0072B2", MarkerShape.FilledSquare, LinePattern.Solid),
        [EngineNames.SqliteNormal] = ("#56B4E9", MarkerShape.FilledSquare, LinePattern.Dashed),
        [EngineNames.SqliteBatch] = ("#0072B2", MarkerShape.OpenSquare, LinePattern.Dotted),
        [EngineNames.Lmdb] = ("#009E73", MarkerShape.FilledTriangleUp, LinePattern.Solid),
        [EngineNames.Disk] = ("#000000", MarkerShape.OpenCircle, LinePattern.Dotted),
    };

    public static IReadOnlyList<Chart> Of(RunResults results)
    {
        var charts = new List<Chart?>
        {
            ByLast(Main, "Creates a second, by callers", "callers", Rows(results, "create/1000/")),
        };
        foreach (string workload in Workload.Mixed.Append(Workload.Ingest).Select(workload => workload.Id))
        {
            RowResult[] rows = Rows(results, workload + "/");
            charts.Add(ByLast($"{workload}-by-callers.png", $"Operations a second, {rows.FirstOrDefault()?.Group}", "callers", rows));
        }

        foreach (RowResult row in Rows(results, "open-loop/"))
        {
            charts.Add(LatencyOf(row));
        }

        charts.Add(ByLast("get-by-size.png", "A get by name, by the number of projects", "projects", Rows(results, "get/")));
        charts.Add(ByLast("list-by-size.png", "A page of 100, by the number of projects", "projects", Rows(results, "list/")));
        charts.Add(ByNumber(
            "create-by-size.png",
            "Creates a second, 64 callers, by the number of projects",
            "projects",
            [.. Rows(results, "create/").Where(row => row.Id.EndsWith("/64", StringComparison.Ordinal))],
            row => Number(row.Id.Split('/')[1])));
        return [.. charts.OfType<Chart>()];
    }

    private static RowResult[] Rows(RunResults results, string start) =>
        [.. results.Rows.Where(row => row.Id.StartsWith(start, StringComparison.Ordinal))];

    private static Chart? ByLast(string file, string title, string axis, IReadOnlyList<RowResult> rows) =>
        ByNumber(file, title, axis, rows, row => Number(row.Id[(row.Id.LastIndexOf('/') + 1)..]));

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>
    /// Plots the median of each engine over a number that the rows differ in, both logarithmic, with bars from the lowest round to the
    /// highest.
    /// </summary>
    private static Chart? ByNumber(string file, string title, string axis, IReadOnlyList<RowResult> rows, Func<RowResult, double> number)
    {
        if (rows.Count < 2)
        {
            return null;
        }

        Plot plot = NewPlot(title);
        foreach (string engine in Looks.Keys)
        {
            (double X, Spread Value)[] points =
                [.. from row in rows let result = row.Of(engine) where result is not null select (number(row), result.Value)];
            if (points.Length == 0)
            {
                continue;
            }

            double[] xs = [.. points.Select(point => Math.Log10(point.X))];
            double[] ys = [.. points.Select(point => Math.Log10(point.Value.Median))];
            Line(plot, engine, xs, ys);
            plot.Add.Plottable(new ErrorBar(
                xs,
                ys,
                null,
                null,
                [.. points.Select((point, i) => ys[i] - Math.Log10(point.Value.Min))],
                [.. points.Select((point, i) => Math.Log10(point.Value.Max) - ys[i])])
            { Color = Color.FromHex(Looks[engine].Color) });
        }

        double[] ticks = [.. rows.Select(number).Distinct().Order()];
        string[] labels = [.. ticks.Select(tick => NumberFormat.Number((long)tick))];
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. ticks.Select(Math.Log10)], labels);
        plot.XLabel(axis);
        Logarithmic(plot, rows[0].Unit);
        return new Chart(file, title, plot);
    }

    private static Chart LatencyOf(RowResult row)
    {
        string[] names = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];
        string title = $"Latency from the due time, {row.Group}";
        Plot plot = NewPlot(title);
        foreach (EngineResult result in row.Engines)
        {
            Percentiles latency = result.Latency["create"];
            Line(
                plot,
                result.Note is null ? result.Engine : $"{result.Engine} ({result.Note})",
                [.. names.Select((_, i) => (double)i)],
                [.. names.Select(name => Math.Log10(latency.ByName(name)!.Value))],
                result.Engine);
        }

        plot.Axes.Bottom.TickGenerator = new NumericManual([.. names.Select((_, i) => (double)i)], names);
        Logarithmic(plot, Unit.Nanoseconds);
        return new Chart($"{row.Id.Replace('/', '-')}.png", title, plot);
    }

    private static Plot NewPlot(string title)
    {
        var plot = new Plot();
        plot.Title(title, size: 16);
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(.12);
        plot.Grid.MinorLineColor = Colors.Black.WithAlpha(.04);
        plot.Grid.MinorLineWidth = 1;
        plot.ShowLegend(Edge.Right);
        return plot;
    }

    private static void Line(Plot plot, string legend, double[] xs, double[] ys, string? look = null)
    {
        (string color, MarkerShape marker, LinePattern pattern) = Looks[look ?? legend];
        var line = plot.Add.Scatter(xs, ys, Color.FromHex(color));
        line.LegendText = legend;
        line.LineWidth = legend == EngineNames.Ours ? 3 : 1.6f;
        line.LinePattern = pattern;
        line.MarkerShape = marker;
        line.MarkerSize = 8;
    }

    private static void Logarithmic(Plot plot, Unit unit)
    {
        plot.Axes.Left.TickGenerator = new NumericAutomatic
        {
            MinorTickGenerator = new LogMinorTickGenerator(),
            IntegerTicksOnly = true,
            LabelFormatter = power => NumberFormat.Value(Math.Pow(10, power), unit),
        };
    }
}
