using System.Text;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>Writes a run down: everything in it is made of the results.</summary>
internal static class Report
{
    public const string FileName = "README.md";

    private const string ReadmeStart = "<!-- figures: written by the benchmark program -->";
    private const string ReadmeEnd = "<!-- end of figures -->";

    /// <summary>Writes the report, its charts and the results into a folder.</summary>
    public static void Write(string folder, RunResults results, RunResults? baseline, IReadOnlyList<Movement>? movements)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "results.json"), results.ToJson());
        IReadOnlyList<Chart> charts = Charts.Of(results);
        foreach (Chart chart in charts)
        {
            chart.Save(folder);
        }

        var text = new StringBuilder();
        text.Append("# Imm.Core beside its peers\n\n");
        text.Append("Written by `dotnet run -c Release --project Imm.Core.Benchmarks -- throughput --report DIR`; not by hand.\n\n");
        text.Append($"- date: {results.Date}\n");
        Append(text, results.Program);
        Append(text, results.Machine);
        Append(text, results.Versions);
        text.Append("\n## Figures to reach\n\n").Append(Tables.Figures(results).ToMarkdown());
        text.Append("\n## Beside the peers\n\n").Append(Tables.HowToRead).Append("\n\n").Append(Tables.Ratios(results).ToMarkdown());
        if (movements is not null)
        {
            text.Append($"\n## Since {baseline!.Date}\n\n").Append(Tables.Movements(movements).ToMarkdown());
        }

        text.Append("\n## Charts\n\n");
        foreach (Chart chart in charts)
        {
            text.Append($"![{chart.Title}]({chart.File})\n\n");
        }

        text.Append("## Who takes part\n\n");
        text.Append("All have the same projects under the same names, on the same disk, in the same run, and each has a store open only while it is measured.\n\n");
        foreach ((string contender, string description) in results.Contenders)
        {
            text.Append($"- **{contender}**: {description}\n");
        }

        text.Append("\n## Everything that was measured\n\n");
        text.Append("Percentiles are those of all rounds together. A quick read is timed once in twenty, because looking at the clock takes as long; each latency contains one look.\n");
        foreach (IGrouping<string, RowResult> group in results.Rows.GroupBy(row => row.Group))
        {
            text.Append($"\n### {Capital(group.Key)}\n\n").Append(Tables.Details(group).ToMarkdown());
        }

        File.WriteAllText(Path.Combine(folder, FileName), text.ToString());
    }

    /// <summary>Replaces what stands between two marks in a text by the main chart and the figures to reach.</summary>
    /// <exception cref="InvalidOperationException">The marks are not there.</exception>
    public static void WriteReadme(string readme, string folder, RunResults results)
    {
        string text = File.ReadAllText(readme);
        int start = text.IndexOf(ReadmeStart, StringComparison.Ordinal);
        int end = text.IndexOf(ReadmeEnd, StringComparison.Ordinal);
        if (start < 0 || end < start)
        {
            throw new InvalidOperationException($"In {readme} there are no lines '{ReadmeStart}' and '{ReadmeEnd}' for the figures to stand between.");
        }

        string link = Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(readme))!, folder).Replace('\\', '/');
        var figures = new StringBuilder(ReadmeStart).Append("\n\n");
        if (File.Exists(Path.Combine(folder, Charts.Main)))
        {
            figures.Append($"![Creates a second, by callers]({link}/{Charts.Main})\n\n");
        }

        figures.Append(Tables.Figures(results).ToMarkdown());
        figures.Append($"\nOne run of {results.Date} on {string.Join(", ", results.Machine.Values)}; in brackets the range that its rounds allow. ");
        figures.Append($"[The whole report]({link}/{FileName}) says how it was measured, who took part, and where a peer does less work.\n\n");
        File.WriteAllText(readme, string.Concat(text.AsSpan(0, start), figures.ToString(), text.AsSpan(end)));
    }

    private static void Append(StringBuilder text, IReadOnlyDictionary<string, string> facts)
    {
        foreach ((string name, string value) in facts)
        {
            text.Append($"- {name}: {value}\n");
        }
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
