using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Imm.Core.Tests.Model;

public sealed partial class NameProperties
{
    [Property(MaxTest = 2000)]
    public Property A_text_is_a_name_exactly_where_the_grammar_says_so() => Prop.ForAll(Generators.NameLike.ToArbitrary(), text =>
    {
        bool expected = Grammar().IsMatch(text);

        Assert.Equal(expected, ProjectName.TryParse(text, out ProjectName? fromString));
        Assert.Equal(expected, ProjectName.TryParse(text.AsSpan(), out ProjectName? fromSpan));
        Assert.Equal(fromString, fromSpan);
        if (expected)
        {
            Assert.Equal(text, fromString!.Value);
            Assert.Equal(text, fromString.ToString());
            Assert.Equal(fromString, ProjectName.Parse(text));
            Assert.Equal(fromString, ProjectName.Parse(text.AsSpan()));
            Assert.Equal(fromString, Parsable<ProjectName>(text));
        }
        else
        {
            Assert.Null(fromString);
            Assert.Throws<FormatException>(() => ProjectName.Parse(text));
            Assert.Throws<FormatException>(() => ProjectName.Parse(text.AsSpan()));
            Assert.Null(Parsable<ProjectName>(text));
        }
    });

    [Fact]
    public void A_single_character_is_a_name_if_it_is_a_letter_or_an_underscore()
    {
        for (int c = 0; c <= char.MaxValue; c++)
        {
            string first = ((char)c).ToString();
            string second = "a" + first;
            Assert.Equal(Grammar().IsMatch(first), ProjectName.TryParse(first, out _));
            Assert.Equal(Grammar().IsMatch(second), ProjectName.TryParse(second, out _));
        }
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("-a", "starts with '-'")]
    [InlineData("0", "starts with '0'")]
    [InlineData("ab c", "U+0020 at position 2")]
    [InlineData("a\ud83d\udcf7", "U+D83D at position 1")]
    public void A_failed_parse_describes_the_part_of_the_rule_that_is_broken(string text, string part) =>
        Assert.Contains(part, Assert.Throws<FormatException>(() => ProjectName.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_failed_parse_of_a_long_text_gives_its_length() => Assert.Contains(
        "129 characters", Assert.Throws<FormatException>(() => ProjectName.Parse(new string('.', 129))).Message, StringComparison.Ordinal);

    [Fact]
    public void Null_is_not_a_name()
    {
        Assert.Throws<ArgumentNullException>(() => ProjectName.Parse(null!));
        Assert.False(ProjectName.TryParse(null, out ProjectName? name));
        Assert.Null(name);
    }

    [Fact]
    public void A_failed_TryParse_allocates_nothing()
    {
        string[] texts = ["", "1", "a.b", new string('a', 129), "\ud83d", "a\u00e4"];
        TryAll(texts);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int names = TryAll(texts);
        long after = GC.GetAllocatedBytesForCurrentThread();

        Assert.Equal(0, names);
        Assert.Equal(before, after);
    }

    [Property(MaxTest = 500)]
    public Property Names_compare_as_their_texts_do_ordinally() => Prop.ForAll(
        Generators.ProjectName.Zip(Generators.ProjectName).ToArbitrary(),
        pair =>
        {
            (ProjectName left, ProjectName right) = (ProjectName.Parse(pair.Item1), ProjectName.Parse(pair.Item2));
            int order = Math.Sign(string.CompareOrdinal(pair.Item1, pair.Item2));

            Assert.Equal(order, Math.Sign(left.CompareTo(right)));
            Assert.Equal(
                (order == 0, order == 0, order == 0, order != 0, order < 0, order <= 0, order > 0, order >= 0),
                (
                    left.Equals(right), left.Equals((object)right), left == right, left != right, left < right, left <= right, left > right,
                    left >= right));
            Assert.True(order != 0 || left.GetHashCode() == right.GetHashCode());
        });

    [Fact]
    public void Null_comes_before_every_name()
    {
        ProjectName name = ProjectName.Parse("a");
        ProjectName? none = null;

        Assert.Equal((false, false, 1), (name.Equals(none), name.Equals((object)"a"), Math.Sign(name.CompareTo(none))));
        Assert.Equal(
            (true, true, false, false, false, true),
            (none < name, none <= name, none > name, none >= name, none == name, none != name));
        Assert.Equal(
            (false, false, true, true, false, true),
            (name < none, name <= none, name > none, name >= none, name == none, name != none));
    }

    private static int TryAll(string[] texts)
    {
        int names = 0;
        foreach (string text in texts)
        {
            names += ProjectName.TryParse(text.AsSpan(), out _) ? 1 : 0;
            names += ProjectName.TryParse(text, out _) ? 1 : 0;
        }

        return names;
    }

    private static T? Parsable<T>(string text)
        where T : class, ISpanParsable<T>
    {
        bool asText = T.TryParse(text, null, out T? fromText);
        bool asSpan = T.TryParse(text.AsSpan(), null, out T? fromSpan);
        Assert.Equal(asText, asSpan);
        Assert.Equal(fromText, fromSpan);
        if (asText)
        {
            Assert.Equal(fromText, T.Parse(text, null));
            Assert.Equal(fromText, T.Parse(text.AsSpan(), null));
        }

        return fromText;
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Grammar();
}
