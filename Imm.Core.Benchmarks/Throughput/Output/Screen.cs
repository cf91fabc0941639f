using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>Where a run is shown: with colours and progress on a terminal, as plain lines where the output goes elsewhere.</summary>
internal sealed class Screen
{
    private const int PlainWidth = 1_000;

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
            _console.Profile.Width = PlainWidth;
        }
    }

    public void Title(string text)
    {
        _console.WriteLine();
        _console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    public void Line(string text) => _console.MarkupLineInterpolated($"[dim]{text}[/]");

    /// <summary>Shows how far work has come. Nothing is drawn while a contender is being measured, only between two.</summary>
    public T Watch<T>(Func<IProgress<Step>, T> work)
    {
        long started = Stopwatch.GetTimestamp();
        if (!_live)
        {
            return work(new Lines(_console, started));
        }

        return _console.Progress()
            .AutoRefresh(false)
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context => work(new Bar(context)));
    }

    public void Show(string title, TextTable table)
    {
        Title(title);
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

    private static Style StyleOf(string cell) => cell switch
    {
        "reached" or "better" => new Style(Color.Green, decoration: Decoration.Bold),
        "not reached" or "worse" => new Style(Color.Red, decoration: Decoration.Bold),
        _ when cell.EndsWith("within the spread", StringComparison.Ordinal) => new Style(Color.Yellow),
        _ => Style.Plain,
    };

    private sealed class Bar(ProgressContext context) : IProgress<Step>
    {
        private readonly ProgressTask _task = context.AddTask("");

        public void Report(Step step)
        {
            _task.Description = Markup.Escape($"{step.Subject}, round {step.Round} of {step.Rounds}: {step.Contender}");
            _task.Value = 100 * step.Fraction;
            context.Refresh();
        }
    }

    private sealed class Lines(IAnsiConsole console, long started) : IProgress<Step>
    {
        private string _last = "";

        public void Report(Step step)
        {
            string line = $"{step.Subject}, round {step.Round} of {step.Rounds}";
            if (line != _last)
            {
                _last = line;
                string seconds = Stopwatch.GetElapsedTime(started).TotalSeconds.ToString("0", CultureInfo.InvariantCulture);
                console.WriteLine($"{seconds,4} s  {line}");
            }
        }
    }
}
