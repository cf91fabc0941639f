using System.Globalization;
using Spectre.Console;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>Where the job is shown: with colours and progress on a terminal, as plain lines where the output goes elsewhere.</summary>
internal sealed class Stage
{
    // Whoever reads a file or a pipe breaks lines as they like.
    private const int PlainWidth = 1_000;

    private readonly Findings _findings;
    private readonly IAnsiConsole _console;
    private readonly bool _live;
    private int _differencesShown;

    public Stage(Findings findings)
    {
        _findings = findings;
        _live = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities is { Ansi: true, Interactive: true };
        _console = _live ? AnsiConsole.Console : AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (Console.IsOutputRedirected)
        {
            _console.Profile.Width = PlainWidth;
        }
    }

    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A rate to three digits: more would only look exact.</summary>
    public static string Rate(double perSecond)
    {
        double step = Math.Pow(10, Math.Max(0, Math.Floor(Math.Log10(Math.Max(1, perSecond))) - 2));
        return Number((long)(Math.Round(perSecond / step) * step));
    }

    public static string Time(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0.0} µs"),
        < 1e9 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e9:0.0} s"),
    };

    public static string Time(TimeSpan time) => Time(time.TotalNanoseconds);

    public void Title(string text)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    public void Line(string text) => _console.MarkupLineInterpolated($"[dim]{text}[/]");

    /// <summary>A step with its result; marked as failed where something differed since the step before.</summary>
    public void Done(string what, string result)
    {
        Mark();
        _console.MarkupLineInterpolated($"{what}: [bold]{result}[/]");
    }

    /// <summary>A refusal: what was tried, what came, and the message as the caller reads it.</summary>
    public void Refusal(string what, ImmException? refusal)
    {
        Mark();
        if (refusal is null)
        {
            _console.MarkupLineInterpolated($"{what}: [bold]not refused[/]");
            return;
        }

        string[] data =
        [
            refusal.Parameter ?? "",
            refusal.Requested is { } requested ? $"requested {Number(requested)}" : "",
            refusal.Used is { } used ? $"used {Number(used)}" : "",
            refusal.Limit is { } limit ? $"limit {Number(limit)}" : "",
        ];
        string shown = string.Join(", ", data.Where(part => part.Length > 0));
        _console.MarkupLineInterpolated($"{what}: [bold yellow]{refusal.Code}[/] {refusal.HttpStatus}{(shown.Length > 0 ? $" ({shown})" : "")}");
        _console.MarkupLineInterpolated($"      [dim]{refusal.Message}[/]");
    }

    /// <summary>Shows how far a phase has come until it is over; only a terminal shows it.</summary>
    public async Task<T> WatchAsync<T>(string what, Pace pace, Task<T> phase)
    {
        if (!_live)
        {
            return await phase;
        }

        await _console.Progress()
            .AutoClear(true)
            .Columns(new SpinnerColumn(), new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context =>
            {
                ProgressTask shown = context.AddTask(Markup.Escape(what));
                while (!phase.IsCompleted)
                {
                    shown.Value = 100 * pace.Fraction;
                    await Task.WhenAny(phase, Task.Delay(100));
                }
            });
        return await phase;
    }

    public void Figures(IEnumerable<Meter> meters)
    {
        Table table = new Table()
            .Border(_live ? TableBorder.Rounded : TableBorder.Markdown)
            .AddColumn("Operation")
            .AddColumn(new TableColumn("Callers").RightAligned())
            .AddColumn(new TableColumn("Count").RightAligned())
            .AddColumn(new TableColumn("Per second").RightAligned())
            .AddColumn(new TableColumn("p50").RightAligned())
            .AddColumn(new TableColumn("p99").RightAligned());
        foreach (Meter meter in meters)
        {
            table.AddRow(
                new Text(meter.Operation),
                new Text(Number(meter.Callers)),
                new Text(Number(meter.Count)),
                new Text(Rate(meter.PerSecond), new Style(Color.Green, decoration: Decoration.Bold)),
                new Text(Time(meter.Median)),
                new Text(Time(meter.Percentile99)));
        }

        if (_live)
        {
            _console.WriteLine();
        }

        _console.Write(table);
    }

    /// <summary>Says how the job ended.</summary>
    public void Verdict()
    {
        const int Shown = 10;
        string[] differences = [.. _findings.Differences];
        _console.WriteLine();
        if (differences.Length == 0)
        {
            _console.MarkupLineInterpolated($"[bold green]All {Number(_findings.Checks)} checks hold:[/] what was found is what was acknowledged.");
            return;
        }

        _console.MarkupLineInterpolated($"[bold red]{Number(differences.Length)} of {Number(_findings.Checks)} checks failed:[/]");
        foreach (string difference in differences.Take(Shown))
        {
            _console.MarkupLineInterpolated($"  {difference}");
        }

        if (differences.Length > Shown)
        {
            _console.MarkupLineInterpolated($"  and {Number(differences.Length - Shown)} more");
        }
    }

    private void Mark()
    {
        int differences = _findings.Differences.Count;
        _console.Markup(differences == _differencesShown ? "  [green]✓[/] " : "  [red]✗[/] ");
        _differencesShown = differences;
    }
}
