using System.Collections;
using System.Globalization;
using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// The tags of a project: at most 20, keys distinct, in the order given. Equal where the same tags stand in the same order.
/// </summary>
internal sealed class TagSet : IReadOnlyList<Tag>, IEquatable<TagSet>
{
    public const int MaxCount = 20;
    public const int MaxKeyLength = 128;
    public const int MaxValueLength = 128;

    /// <summary>A list that claims more is refused by its count and not read: a list of a caller may claim any count.</summary>
    private const int MaxCountToCopy = 1000;

    private const string Parameter = "Tag";
    private const string PlatformPrefix = "acs:";

    // Tags repeat from project to project: few teams and stages label thousands of projects.
    private static readonly InternCache<Tag> KnownTags = new(4096);

    private readonly Tag[] _tags;
    private readonly int _hash;

    private TagSet(Tag[] tags)
    {
        var hash = new HashCode();
        foreach (Tag tag in tags)
        {
            hash.Add(tag);
        }

        (_tags, _hash) = (tags, hash.ToHashCode());
    }

    public static TagSet Empty { get; } = new([]);

    public int Count => _tags.Length;

    public Tag this[int index] => _tags[index];

    /// <summary>
    /// Parses tags, first failure first: the count, then for each entry its key, its value, and a key that an earlier entry has.
    /// </summary>
    /// <param name="tags">The tags; null for none.</param>
    /// <param name="set">The tags; empty where they are refused.</param>
    /// <param name="isAnswer">
    /// True for tags that the service answered with. Among them can be tags of the platform, whose keys start with <c>acs:</c>. No caller
    /// may set those, and they do not count toward the 20.
    /// </param>
    public static ImmRefusal? Parse(IReadOnlyList<Tag>? tags, out TagSet set, bool isAnswer = false)
    {
        set = Empty;
        int count = tags?.Count ?? 0;
        if (count == 0)
        {
            return null;
        }

        int counted = isAnswer ? tags!.Count(static tag => tag is null || !IsOfPlatform(tag)) : count;
        if (counted > MaxCount)
        {
            return ImmRefusal.TooMany(Parameter, counted, MaxCount);
        }

        // The list belongs to the caller and may change meanwhile: only a copy is checked.
        var copy = new Tag[count];
        for (int i = 0; i < copy.Length; i++)
        {
            Tag? tag = tags![i];
            if ((tag is null
                ? ImmRefusal.Invalid(Parameter, $"entry {i + 1} is null.")
                : Check(tag, i, copy, isAnswer && IsOfPlatform(tag))) is { } refusal)
            {
                return refusal;
            }

            copy[i] = KnownTags.Intern(tag!);
        }

        set = new TagSet(copy);
        return null;
    }

    /// <summary>Copies a list that belongs to a caller and may change meanwhile: its count and each entry are read once.</summary>
    /// <param name="tags">The list; null for none.</param>
    /// <param name="request">The request that gets the refusal where the list claims too many entries to be read.</param>
    public static IReadOnlyList<Tag>? Copy(IReadOnlyList<Tag>? tags, ImmRequest request)
    {
        if (tags is null)
        {
            return null;
        }

        int count = tags.Count;
        if (count > MaxCountToCopy)
        {
            request.Unreadable ??= new UnreadableParameters();
            request.Unreadable.Add(ImmRefusal.TooMany(Parameter, count, MaxCount));
            return null;
        }

        var copy = new Tag[count];
        for (int i = 0; i < copy.Length; i++)
        {
            copy[i] = tags[i];
        }

        return Array.AsReadOnly(copy);
    }

    public ReadOnlySpan<Tag> AsSpan() => _tags;

    public bool Contains(Tag tag) => Array.IndexOf(_tags, tag) >= 0;

    public bool Equals(TagSet? other) => ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && _tags.AsSpan().SequenceEqual(other._tags));

    public override bool Equals(object? obj) => Equals(obj as TagSet);

    public override int GetHashCode() => _hash;

    public IEnumerator<Tag> GetEnumerator() => ((IEnumerable<Tag>)_tags).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _tags.GetEnumerator();

    public override string ToString() => $"[{string.Join(", ", (object[])_tags)}]";

    private static bool IsOfPlatform(Tag tag) => tag.Key.StartsWith(PlatformPrefix, StringComparison.OrdinalIgnoreCase);

    private static ImmRefusal? Check(Tag tag, int index, Tag[] before, bool isOfPlatform)
    {
        if (tag.Key.Length == 0)
        {
            return ImmRefusal.Invalid(Parameter, $"the key of entry {index + 1} is empty; a key has 1 to 128 characters.");
        }

        if ((Check(new TagText(index, IsKey: true), tag.Key, MaxKeyLength, isOfPlatform)
            ?? Check(new TagText(index, IsKey: false), tag.Value, MaxValueLength, isOfPlatform)) is { } refusal)
        {
            return refusal;
        }

        for (int i = 0; i < index; i++)
        {
            if (string.Equals(before[i].Key, tag.Key, StringComparison.Ordinal))
            {
                return ImmRefusal.Invalid(Parameter, $"the key of entry {index + 1} is that of entry {i + 1}; keys are distinct.");
            }
        }

        return null;
    }

    private static ImmRefusal? Check(TagText what, string text, int maxLength, bool isOfPlatform) =>
        UnicodeText.Check(Parameter, what, text, maxLength) ?? (isOfPlatform ? null : CheckReserved(what, text));

    private static ImmRefusal? CheckReserved(TagText what, string text)
    {
        if (what.IsKey && text.StartsWith("aliyun", StringComparison.OrdinalIgnoreCase))
        {
            return ImmRefusal.Invalid(Parameter, $"{what} starts with 'aliyun', which is reserved.");
        }

        if (text.StartsWith(PlatformPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return ImmRefusal.Invalid(Parameter, $"{what} starts with 'acs:', which is reserved.");
        }

        return text.Contains("http://", StringComparison.OrdinalIgnoreCase) || text.Contains("https://", StringComparison.OrdinalIgnoreCase)
            ? ImmRefusal.Invalid(Parameter, $"{what} contains 'http://' or 'https://', which a tag may not.")
            : null;
    }

    /// <summary>Names a text in a refusal. A text only where there is one: most tags are not refused.</summary>
    private readonly record struct TagText(int Index, bool IsKey)
    {
        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"the {(IsKey ? "key" : "value")} of entry {Index + 1}");
    }
}
