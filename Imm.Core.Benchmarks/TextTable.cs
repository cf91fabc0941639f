using System.Text;

namespace Imm.Core.Benchmarks;

/// <summary>A table of texts.</summary>
/// <param name="Columns">The headings. A leading <c>&gt;</c> aligns a column of numbers to the right and is not shown.</param>
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
