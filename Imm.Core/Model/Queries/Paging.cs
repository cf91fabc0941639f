using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>The rules that all lists share: page size, prefix, start.</summary>
internal static class Paging
{
    public const int DefaultMaxResults = 100;
    public const int MaxMaxResults = 200;
    public const int MaxPrefixLength = 128;

    public static ImmRefusal? CheckMaxResults(int? requested, out int maxResults)
    {
        maxResults = requested is null or 0 ? DefaultMaxResults : requested.Value;
        return maxResults is < 0 or > MaxMaxResults
            ? ImmRefusal.Invalid(
                "MaxResults", $"{maxResults} is out of range; it must be from 0 to {MaxMaxResults}, where 0 is {DefaultMaxResults}.")
            : null;
    }

    public static ImmRefusal? CheckPrefix(string? prefix) => UnicodeText.Check("Prefix", "the text", prefix, MaxPrefixLength);

    /// <summary>A cursor before the first name that is at or after a prefix, and after the last name of the previous page.</summary>
    public static NameTree<T>.Cursor Start<T>(NameTree<T> tree, string prefix, string? after)
        where T : class, INamed =>
        after is not null && string.CompareOrdinal(after, prefix) >= 0 ? tree.After(after) : tree.From(prefix);
}
