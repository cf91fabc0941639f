namespace Imm.Core.Access;

/// <summary>
/// A pattern of a policy: <c>*</c> is any run of characters, none included, <c>?</c> is one character. The whole text must match.
/// Immutable.
/// </summary>
/// <remarks>
/// Matching goes back to the last star only, so its time is bounded by the product of the two lengths, and it allocates nothing.
/// </remarks>
internal sealed class RamPattern
{
    private readonly bool _ignoresCase;
    private readonly Form _form;

    // The pattern as it is compared: in upper case where case is ignored, and without the last star where that is the only wildcard.
    private readonly string _compared;

    public RamPattern(string text, bool ignoresCase = false)
    {
        Text = text;
        _ignoresCase = ignoresCase;
        int wildcard = text.AsSpan().IndexOfAny('*', '?');
        _form = text == "*" ? Form.Any
            : wildcard < 0 ? Form.Exact
            : wildcard == text.Length - 1 && text[wildcard] == '*' ? Form.Prefix
            : Form.General;
        string compared = _form == Form.Prefix ? text[..^1] : text;
        _compared = ignoresCase ? compared.ToUpperInvariant() : compared;
    }

    private enum Form
    {
        Any,
        Exact,
        Prefix,
        General,
    }

    public string Text { get; }

    public bool Matches(ReadOnlySpan<char> text)
    {
        StringComparison comparison = _ignoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return _form switch
        {
            Form.Any => true,
            Form.Exact => text.Length == _compared.Length && text.Equals(_compared, comparison),
            Form.Prefix => text.StartsWith(_compared, comparison),
            _ => MatchesGeneral(text),
        };
    }

    private bool MatchesGeneral(ReadOnlySpan<char> text)
    {
        ReadOnlySpan<char> pattern = _compared;
        int at = 0;
        int position = 0;
        int lastStar = -1;
        int retry = 0;
        while (at < text.Length)
        {
            if (position < pattern.Length && pattern[position] == '*')
            {
                lastStar = position++;
                retry = at;
            }
            else if (position < pattern.Length && pattern[position] == '?')
            {
                at += Width(text, at);
                position++;
            }
            else if (IsSame(pattern[position..], text[at..], out int length))
            {
                at += length;
                position += length;
            }
            else if (lastStar >= 0)
            {
                // The last star takes one more character; earlier stars need no second try, since theirs was the shortest that fits.
                retry += Width(text, retry);
                at = retry;
                position = lastStar + 1;
            }
            else
            {
                return false;
            }
        }

        return pattern[position..].IndexOfAnyExcept('*') < 0;
    }

    /// <summary>True if both texts begin with the same character; the length of it in both.</summary>
    private bool IsSame(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text, out int length)
    {
        length = Width(text, 0);
        return pattern.Length >= length
            && (length == 1
                ? pattern[0] == text[0] || (_ignoresCase && pattern[0] == char.ToUpperInvariant(text[0]))
                : pattern[..length].Equals(text[..length], _ignoresCase ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal));
    }

    /// <summary>The length of the character at a position: two for a surrogate pair.</summary>
    private static int Width(ReadOnlySpan<char> text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
}
