namespace Imm.Core.Access;

/// <summary>
/// The name of a resource, split at its first four colons: <c>acs:imm:cn-hangzhou:1234567890:project/photos</c>. The rest may hold colons.
/// </summary>
internal readonly ref struct RamResource
{
    public RamResource(ReadOnlySpan<char> text)
    {
        Text = text;
        if (!text.StartsWith("acs:"))
        {
            return;
        }

        // Without a colon the rest is empty, and so has none either.
        Service = Cut(text[4..], out ReadOnlySpan<char> afterService, out _);
        Region = Cut(afterService, out ReadOnlySpan<char> afterRegion, out _);
        Account = Cut(afterRegion, out ReadOnlySpan<char> afterAccount, out bool hasRelative);
        Relative = afterAccount;
        IsStructured = hasRelative;
    }

    public ReadOnlySpan<char> Text { get; }

    /// <summary>False for a text of another form, such as the <c>*</c> that an action for all resources is asked with.</summary>
    public bool IsStructured { get; }

    public ReadOnlySpan<char> Service { get; }

    public ReadOnlySpan<char> Region { get; }

    public ReadOnlySpan<char> Account { get; }

    public ReadOnlySpan<char> Relative { get; }

    private static ReadOnlySpan<char> Cut(ReadOnlySpan<char> text, out ReadOnlySpan<char> rest, out bool isCut)
    {
        int colon = text.IndexOf(':');
        isCut = colon >= 0;
        rest = isCut ? text[(colon + 1)..] : default;
        return isCut ? text[..colon] : text;
    }
}

/// <summary>
/// A resource pattern: <c>*</c> for every resource, or five segments that match one by one. Compared with case. Immutable.
/// </summary>
internal sealed class RamResourcePattern
{
    private RamResourcePattern(string text, RamPattern[]? segments)
    {
        Text = text;
        Segments = segments;
    }

    public string Text { get; }

    /// <summary>The patterns of service, region, account and relative id; null where every resource matches.</summary>
    public RamPattern[]? Segments { get; }

    /// <summary>Reads a pattern; null where it has none of the two forms.</summary>
    public static RamResourcePattern? TryParse(string text)
    {
        if (text == "*")
        {
            return new(text, null);
        }

        var parts = new RamResource(text);
        return parts.IsStructured
            ? new(text, [Pattern(parts.Service), Pattern(parts.Region), Pattern(parts.Account), Pattern(parts.Relative)])
            : null;

        static RamPattern Pattern(ReadOnlySpan<char> segment) => new(segment.ToString());
    }

    public bool Matches(in RamResource resource) => MatchingSegments(resource) == 4;

    /// <summary>The number of segments that match before the first that does not: 0 to 4, where 4 is a match.</summary>
    public int MatchingSegments(in RamResource resource) =>
        Segments is null ? 4
        : !resource.IsStructured || !Segments[0].Matches(resource.Service) ? 0
        : !Segments[1].Matches(resource.Region) ? 1
        : !Segments[2].Matches(resource.Account) ? 2
        : !Segments[3].Matches(resource.Relative) ? 3
        : 4;
}
