using System.Text.RegularExpressions;
using Imm.Core.Tests.Documents;
using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>The words of the sources and documents are plain technical English, and lines fit on a screen.</summary>
public sealed partial class WordTests
{
    private const int LongestLine = 140;
    private const string TemplateOfTheService = "Official:FaceManagement";

    /// <summary>The terms of the field, and the words that stood for them once.</summary>
    private static readonly (string Write, string[] Not)[] Glossary =
    [
        ("write-ahead log, append, flush to disk", ["the disk has it"]),
        ("WAL generation", ["lap", "laps"]),
        ("group commit, commit queue, leader, enqueue",
            ["hand over", "hands over", "handed over", "handing over", "come to wait", "comes to wait", "lead on", "leads on",
             "committer", "committers"]),
        ("file header, meta page", ["stamp", "stamps", "stamped"]),
        ("checksum; write or verify the checksum", ["seal", "seals"]),
        ("checkpoint, redo", ["drain", "drains", "drained"]),
        ("transient mutation, owner token", ["right to change in place"]),
        ("staged", ["nobody has seen"]),
        ("refusal", ["something against", "has against", "have against"]),
        ("observer, fault injection", ["betray", "betrays", "betrayed", "betrayal", "who watches", "who hears", "hears of", "hear of"]),
        ("cancel", ["withdraw", "withdraws", "withdrawn", "withdrew"]),
        ("engine, adapter", ["contender", "contenders", "peer", "peers"]),
        ("RPC endpoint", ["rpc face", "wire face", "wire s face"]),
        ("malformed, damaged, missing", ["that is none", "that are none"]),
        ("import, export", ["take over", "took over", "taken over"]),
        ("assert, invariant violated", ["its own rule", "its own rules"]),
    ];

    private static readonly string[] NotTheBeginningOfASummary =
        ["What", "Whatever", "Whether", "Who", "Whom", "Whose", "How", "Where", "Which", "When"];

    private static readonly string ThisFile = $"Imm.Core.Tests/Conventions/{nameof(WordTests)}.cs";

    private static IEnumerable<string> Code => Repository.CodeFiles.Where(file => file != ThisFile);

    [Fact]
    public void Lines_of_code_end_by_column_140() => Findings.AreNone(
        "Longer lines",
        from file in Code
        from line in Repository.Text(file).Split('\n').Index()
        where line.Item.Length > LongestLine
        select $"{file}:{line.Index + 1}");

    [Fact]
    public void Summaries_begin_with_a_verb_or_a_noun() => Findings.AreNone(
        "Summaries that begin otherwise",
        from file in Code
        let text = Repository.Text(file)
        from Match match in FirstWordOfSummary().Matches(text)
        where NotTheBeginningOfASummary.Contains(match.Groups[1].Value)
        select $"{file}:{LineAt(text, match.Index)}: {match.Groups[1].Value}");

    [Fact]
    public void The_words_of_the_glossary_are_the_only_ones_for_their_things()
    {
        (string Write, string[] Not)[] unwanted =
            [.. from entry in Glossary from phrase in entry.Not select (entry.Write, phrase.Split(' '))];
        Findings.AreNone(
            "Words that have a better one in the glossary",
            from file in Code.Concat(Document.All.Select(document => document.Path))
            from found in Find(WithoutWordsOfTheVendor(Repository.Text(file)), unwanted)
            select $"{file}:{found}");
    }

    [Theory]
    [InlineData("void HandOver();", "hand over")]
    [InlineData("// it hands\n    /// over", "hands over")]
    [InlineData("RpcFace _face", "rpc face")]
    [InlineData("Storage/SealPage.cs", "seal")]
    public void A_word_is_found_in_names_and_across_lines(string text, string word) =>
        Assert.Contains(Find(text, [("", word.Split(' '))]), found => found.Contains(word, StringComparison.Ordinal));

    [Theory]
    [InlineData("sealed class Timestamp : Interface", "seal", "stamp", "face")]
    public void A_word_is_not_found_in_longer_ones(string text, params string[] words) =>
        Assert.Empty(words.SelectMany(word => Find(text, [("", [word])])));

    /// <summary>The operations, codes and messages of the service are spelt as the vendor spells them.</summary>
    private static string WithoutWordsOfTheVendor(string text) => text
        .Replace(TemplateOfTheService, "", StringComparison.Ordinal)
        .Replace("InvalidTimeStamp", "InvalidTimestamp", StringComparison.Ordinal)
        .Replace("Specified time stamp", "Specified timestamp", StringComparison.Ordinal)
        .Replace("ImageFaces", "Images", StringComparison.Ordinal)
        .Replace("FacesSearching", "Searching", StringComparison.Ordinal);

    private static IEnumerable<string> Find(string text, (string Write, string[] Not)[] unwanted)
    {
        Match[] words = [.. Word().Matches(text).AsEnumerable()];
        ILookup<string, (string Write, string[] Not)> byFirst =
            unwanted.ToLookup(entry => entry.Not[0], StringComparer.OrdinalIgnoreCase);
        return
            from at in Enumerable.Range(0, words.Length)
            from entry in byFirst[words[at].Value]
            where entry.Not.Index().All(part =>
                at + part.Index < words.Length && part.Item.Equals(words[at + part.Index].Value, StringComparison.OrdinalIgnoreCase))
            select $"{LineAt(text, words[at].Index)}: {string.Join(' ', entry.Not)}; write {entry.Write}";
    }

    private static int LineAt(string text, int index) => text.AsSpan(0, index).Count('\n') + 1;

    [GeneratedRegex(@"<summary>[\s/]*(\w+)")]
    private static partial Regex FirstWordOfSummary();

    /// <summary>A word of a sentence, or of a name in Pascal or camel case.</summary>
    [GeneratedRegex("[A-Z]?[a-z]+|[A-Z]+(?![a-z])")]
    private static partial Regex Word();
}
