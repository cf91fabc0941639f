using Imm.Core.Benchmarks.Throughput.Measuring;
using ScottPlot;
using ScottPlot.Plottables;
using ScottPlot.TickGenerators;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>A chart of a run.</summary>
/// <param name="File">Its file name.</param>
/// <param name="Title">What it shows.</param>
/// <param name="Plot">The chart.</param>
internal sealed record Chart(string File, string Title, Plot Plot)
{
    public const int Width = 900;
    public const int Height = 520;

    public void Save(string folder) => Plot.SavePng(Path.Combine(folder, File), Width, Height);
}

/// <summary>Draws the charts of a run, as far as it has measured what they show.</summary>
internal static class Charts
{
    public const string Main = "create-by-callers.png";

    // Told apart by everybody, also in print.
    private static readonly Dictionary<string, (string Color, MarkerShape Marker, LinePattern Pattern)> Looks = new()
    {
        [Figures.Ours] = ("#D55E00", MarkerShape.FilledCircle, LinePattern.Solid),
        [Figures.Relaxed] = ("#E69F00", MarkerShape.FilledCircle, LinePattern.Dashed),
        [Figures.Memory] = ("#999999", MarkerShape.FilledCircle, LinePattern.Dotted),
        [Figures.LiteDb] = ("#CC79A7", MarkerShape.FilledDiamond, LinePattern.Solid),
        [Figures.OlderLiteDb] = ("#CC79A7", MarkerShape.OpenDiamond, LinePattern.Dashed),
        [Figures.SqliteFull] = ("#0072B2", MarkerShape.FilledSquare, LinePattern.Solid),
        [Figures.SqliteNormal] = ("#56B4E9", MarkerShape.FilledSquare, LinePattern.Dashed),
        [Figures.SqliteBatch] = ("#0072B2", MarkerShape.OpenSquare, LinePattern.Dotted),
        [Figures.Lmdb] = ("#009E73", MarkerShape.FilledTriangleUp, LinePattern.Solid),
        [Figures.Disk] = ("#000000", MarkerShape.OpenCircle, LinePattern.Dotted),
    };

    public static IReadOnlyList<Chart> Of(RunResults results)
    {
        var charts = new List<Chart?>
        {
            ByLast(Main, "Creates a second, by callers", "callers", Rows(results, "create/1000/"), callers => callers),
        };
        foreach (string mix in Mix.OfMany.Append(Mix.Ingest).Select(mix => mix.Id))
        {
            RowResult[] rows = [.. results.Rows.Where(row => row.Id.StartsWith(mix + "/", StringComparison.Ordinal))];
            charts.Add(ByLast($"{mix}-by-callers.png", $"Operations a second, {rows.FirstOrDefault()?.Group}", "callers", rows, callers => callers));
        }

        foreach (RowResult row in Rows(results, "open-loop/"))
        {
            charts.Add(LatencyOf(row));
        }

        charts.Add(ByLast("get-by-size.png", "A get by name, by the number of projects", "projects", Rows(results, "get/"), size => size));
        charts.Add(ByLast("list-by-size.png", "A page of 100, by the number of projects", "projects", Rows(results, "list/"), size => size));
        RowResult[] creates = [.. results.Rows.Where(row => row.Id.StartsWith("create/", StringComparison.Ordinal) && row.Id.EndsWith("/64", StringComparison.Ordinal))];
        charts.Add(ByNumber("create-by-size.png", "Creates a second, 64 callers, by the number of projects", "projects", creates, row => Number(row.Id.Split('/')[1])));
        return [.. charts.OfType<Chart>()];
    }

    private static IReadOnlyList<RowResult> Rows(RunResults results, string start) =>
        [.. results.Rows.Where(row => row.Id.StartsWith(start, StringComparison.Ordinal))];

    private static Chart? ByLast(string file, string title, string axis, IReadOnlyList<RowResult> rows, Func<double, double> number) =>
        ByNumber(file, title, axis, rows, row => number(Number(row.Id[(row.Id.LastIndexOf('/') + 1)..])));

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>The median of each contender over a number that the rows differ in, both logarithmic, with bars from the lowest round to the highest.</summary>
    private static Chart? ByNumber(string file, string title, string axis, IReadOnlyList<RowResult> rows, Func<RowResult, double> number)
    {
        if (rows.Count < 2)
        {
            return null;
        }

        Plot plot = NewPlot(title);
        foreach (string contender in Looks.Keys)
        {
            (double X, Spread Value)[] points =
                [.. rows.Select(row => (X: number(row), Result: row.Of(contender))).Where(point => point.Result is not null).Select(point => (point.X, point.Result!.Value))];
            if (points.Length == 0)
            {
                continue;
            }

            double[] xs = [.. points.Select(point => Math.Log10(point.X))];
            double[] ys = [.. points.Select(point => Math.Log10(point.Value.Median))];
            Line(plot, contender, xs, ys);
            plot.Add.Plottable(new ErrorBar(
                xs,
                ys,
                null,
                null,
                [.. points.Select((point, i) => ys[i] - Math.Log10(point.Value.Min))],
                [.. points.Select((point, i) => Math.Log10(point.Value.Max) - ys[i])])
            { Color = Color.FromHex(Looks[contender].Color) });
        }

        double[] ticks = [.. rows.Select(number).Distinct().Order()];
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. ticks.Select(Math.Log10)], [.. ticks.Select(tick => Words.Number((long)tick))]);
        plot.XLabel(axis);
        Logarithmic(plot, rows[0].Unit);
        return new Chart(file, title, plot);
    }

    private static Chart LatencyOf(RowResult row)
    {
        string[] names = ["p50", "p90", "p99", "p99.9", "p99.99", "max"];
        string title = $"Latency from the intended beginning, {row.Group}";
        Plot plot = NewPlot(title);
        foreach (ContenderResult result in row.Contenders)
        {
            Percentiles latency = result.Latency["create"];
            Line(
                plot,
                result.Note is null ? result.Contender : $"{result.Contender} ({result.Note})",
                [.. names.Select((_, i) => (double)i)],
                [.. names.Select(name => Math.Log10(latency.ByName(name)!.Value))],
                result.Contender);
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
        line.LineWidth = legend == Figures.Ours ? 3 : 1.6f;
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
            LabelFormatter = power => Words.Value(Math.Pow(10, power), unit),
        };
    }
}
