using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Imm.Core.Benchmarks;

/// <summary>The progress of a command.</summary>
/// <param name="Task">The task, shown once where the output is redirected.</param>
/// <param name="Detail">The part of the task, shown on a terminal only.</param>
/// <param name="Fraction">The fraction of the work that is done, from 0 to 1.</param>
internal sealed record Progress(string Task, string Detail, double Fraction);

/// <summary>The console: with colors and progress on a terminal, as plain lines where the output is redirected.</summary>
internal sealed class Screen
{
    // Long lines are not wrapped in a file or a pipe.
    private const int RedirectedWidth = 1_000;

    private readonly IAnsiConsole _console;
    private readonly bool _live;

    public Screen()
    {
        _live = !Console.IsOutputRedirected && AnsiConsole.Profile.Capabilities is { Ansi: true, Interactive: true };
        _console = _live ? AnsiConsole.Console : AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (Console.IsOutputRedirected)
        {
            _console.Profile.Width = RedirectedWidth;
        }
    }

    public void Title(string text)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    public void Line(string text) => _console.MarkupLineInterpolated($"[dim]{text}[/]");

    /// <summary>Shows a step with its result.</summary>
    public void Step(bool succeeded, string step, string result)
    {
        _console.Markup(succeeded ? "  [green]✓[/] " : "  [red]✗[/] ");
        _console.MarkupLineInterpolated($"{step}: [bold]{result}[/]");
    }

    public void Show(TextTable table)
    {
        Table shown = new Table().Border(_live ? TableBorder.Rounded : TableBorder.Markdown);
        for (int i = 0; i < table.Columns.Count; i++)
        {
            TableColumn column = new(new Text(table.Columns[i]));
            shown.AddColumn(table.IsNumber(i) ? column.RightAligned().NoWrap() : column);
        }

        foreach (IReadOnlyList<string> row in table.Rows)
        {
            shown.AddRow(row.Select(cell => new Text(cell, StyleOf(cell))));
        }

        _console.Write(shown);
    }

    /// <summary>Shows the progress of work. Draws only when the work reports, so that no measurement includes the drawing.</summary>
    public T Watch<T>(Func<IProgress<Progress>, T> work)
    {
        if (!_live)
        {
            return work(new Lines(_console));
        }

        return _console.Progress()
            .AutoRefresh(false)
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new ElapsedTimeColumn())
            .Start(context => work(new Bar(context)));
    }

    private static Style StyleOf(string cell) => cell switch
    {
        "reached" or "better" => new Style(Color.Green, decoration: Decoration.Bold),
        "not reached" or "worse" => new Style(Color.Red, decoration: Decoration.Bold),
        _ when cell.EndsWith("within the spread", StringComparison.Ordinal) => new Style(Color.Yellow),
        _ => Style.Plain,
    };

    private sealed class Bar(ProgressContext context) : IProgress<Progress>
    {
        private readonly ProgressTask _bar = context.AddTask("");

        public void Report(Progress value)
        {
            _bar.Description = Markup.Escape($"{value.Task}: {value.Detail}");
            _bar.Value = 100 * value.Fraction;
            context.Refresh();
        }
    }

    private sealed class Lines(IAnsiConsole console) : IProgress<Progress>
    {
        private readonly long _started = Stopwatch.GetTimestamp();
        private string _task = "";

        public void Report(Progress value)
        {
            if (value.Task != _task)
            {
                _task = value.Task;
                string seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
                console.WriteLine($"{seconds,4} s  {_task}");
            }
        }
    }
}
