using System.Text.RegularExpressions;
using Imm.Core.Tests.Conventions;

namespace Imm.Core.Tests.Documents;

/// <summary>A fenced block of a document.</summary>
/// <param name="Document">The path of the document in the repository.</param>
/// <param name="Line">The number of its first line, from 1.</param>
/// <param name="Language">The language of the fence; empty for none.</param>
/// <param name="Text">The lines between the fences.</param>
internal sealed record Block(string Document, int Line, string Language, string Text)
{
    /// <summary>The block of output that the document shows for this program, before any other block; null for none.</summary>
    public string? Output { get; init; }

    public override string ToString() => $"{Document}, line {Line}";
}

/// <summary>A document of the repository, in Markdown.</summary>
internal sealed partial class Document
{
    private Document(string path)
    {
        Path = path;
        Text = Repository.Text(path).ReplaceLineEndings("\n");
        Blocks = [.. ReadBlocks()];
    }

    /// <summary>The documents that people write. The reports of the benchmark program are not among them.</summary>
    public static IReadOnlyList<Document> All { get; } =
    [
        .. new[] { "README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md" }
            .Concat(Directory.GetFiles(Repository.File("Imm.Core", "docs"), "*.md")
                .Select(file => $"Imm.Core/docs/{System.IO.Path.GetFileName(file)}").Order(StringComparer.Ordinal))
            .Select(path => new Document(path)),
    ];

    /// <summary>The path in the repository.</summary>
    public string Path { get; }

    public string Text { get; }

    public IReadOnlyList<Block> Blocks { get; }

    public static Document Named(string name) => All.Single(document => System.IO.Path.GetFileName(document.Path) == name);

    /// <summary>The anchors that links can lead to: the headings as they stand in an address.</summary>
    public static IEnumerable<string> Anchors(string text) => Heading().Matches(text)
        .Select(match => NoPartOfAnAnchor().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>The only program of the document that holds a text.</summary>
    public Block Program(string text) =>
        Blocks.Single(block => block.Language == "csharp" && block.Text.Contains(text, StringComparison.Ordinal));

    public override string ToString() => Path;

    private IEnumerable<Block> ReadBlocks()
    {
        MatchCollection fences = Fence().Matches(Text);
        for (int i = 0; i < fences.Count; i++)
        {
            Match? next = i + 1 < fences.Count ? fences[i + 1] : null;
            bool showsOutput = next?.Groups["language"].Value == "text" && !Heading().IsMatch(Text[fences[i].Index..next.Index]);
            int line = Text.AsSpan(0, fences[i].Index).Count('\n') + 2;
            yield return new Block(Path, line, fences[i].Groups["language"].Value, fences[i].Groups["text"].Value)
            {
                Output = showsOutput ? next!.Groups["text"].Value : null,
            };
        }
    }

    [GeneratedRegex(@"^```(?<language>\w*)\n(?<text>(?s:.*?))^```$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^#{1,6} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\p{L}\p{N}_ -]")]
    private static partial Regex NoPartOfAnAnchor();
}
