using System.Text;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput.Output;

/// <summary>Writes the report of a run.</summary>
internal static class Report
{
    public const string FileName = "README.md";

    private const string ReadmeStart = "<!-- figures: written by the benchmark program -->";
    private const string ReadmeEnd = "<!-- end of figures -->";

    /// <summary>Writes the report, its charts and the results into a folder.</summary>
    public static void Write(string folder, RunResults results, RunResults? baseline, IReadOnlyList<ValueChange>? changes)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "results.json"), results.ToJson());
        IReadOnlyList<Chart> charts = Charts.Of(results);
        foreach (Chart chart in charts)
        {
            chart.Save(folder);
        }

        var text = new StringBuilder();
        text.Append("# Imm.Core beside other engines\n\n");
        text.Append("Written by `dotnet run -c Release --project Imm.Core.Benchmarks -- throughput --report DIR`.\n\n");
        text.Append($"- date: {results.Date}\n");
        Append(text, results.Program);
        Append(text, results.Machine);
        Append(text, results.Versions);
        text.Append("\n## Target figures\n\n").Append(Tables.Targets(results).ToMarkdown());
        text.Append("\n## Beside other engines\n\n").Append(Tables.RatioNote).Append("\n\n").Append(Tables.Ratios(results).ToMarkdown());
        if (changes is not null)
        {
            text.Append($"\n## Since {baseline!.Date}\n\n").Append(Tables.Changes(changes).ToMarkdown());
        }

        text.Append("\n## Charts\n\n");
        foreach (Chart chart in charts)
        {
            text.Append($"![{chart.Title}]({chart.File})\n\n");
        }

        text.Append("## Engines\n\n");
        text.Append("All engines have the same projects under the same names, on the same disk, in the same run.");
        text.Append(" Each has a store open only while it is measured.\n\n");
        foreach ((string engine, string description) in results.Engines)
        {
            text.Append($"- **{engine}**: {description}\n");
        }

        text.Append("\n## All measurements\n\n");
        text.Append("Percentiles are those of all rounds together. A quick read is timed once in twenty, because reading the clock takes");
        text.Append(" as long; each latency contains one reading of the clock.\n");
        foreach (IGrouping<string, RowResult> group in results.Rows.GroupBy(row => row.Group))
        {
            text.Append($"\n### {Capital(group.Key)}\n\n").Append(Tables.Details(group).ToMarkdown());
        }

        File.WriteAllText(Path.Combine(folder, FileName), text.ToString());
    }

    /// <summary>Replaces the text between two marks of a file with the main chart and a summary of the results.</summary>
    /// <exception cref="InvalidOperationException">The file does not contain the marks.</exception>
    public static void WriteSummary(string readme, string folder, RunResults results)
    {
        string text = File.ReadAllText(readme);
        int start = text.IndexOf(ReadmeStart, StringComparison.Ordinal);
        int end = text.IndexOf(ReadmeEnd, StringComparison.Ordinal);
        if (start < 0 || end < start)
        {
            throw new InvalidOperationException(
                $"The file '{readme}' has no lines '{ReadmeStart}' and '{ReadmeEnd}'; the figures are written between them.");
        }

        string link = Path.GetRelativePath(Path.GetDirectoryName(Path.GetFullPath(readme))!, folder).Replace('\\', '/');
        var figures = new StringBuilder(ReadmeStart).Append("\n\n");
        if (File.Exists(Path.Combine(folder, Charts.Main)))
        {
            figures.Append($"![Creates a second, by callers]({link}/{Charts.Main})\n\n");
        }

        figures.Append(Tables.Summary(results).ToMarkdown());
        figures.Append($"\nMedians of one run of {results.Date} on {string.Join(", ", results.Machine.Values)}. ");
        figures.Append($"[The whole report]({link}/{FileName}) has the settings of each engine, the spread of the rounds");
        figures.Append(" and the target figures.\n\n");
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
