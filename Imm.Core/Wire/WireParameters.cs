using System.Globalization;
using System.Text.Json;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>
/// The parameters of a call, by name, as texts. A text that is no value of its type is not refused here but noted in <see cref="Unreadable"/>, so
/// that it is refused in its place in the order of the parameters.
/// </summary>
internal sealed class WireParameters
{
    private readonly Dictionary<string, string> _texts = new(StringComparer.Ordinal);

    /// <summary>Takes the parameters over; of a name that stands twice the last counts, and what has no name or no text is absent.</summary>
    public WireParameters(IEnumerable<KeyValuePair<string, string>> parameters)
    {
        foreach ((string? name, string? text) in parameters)
        {
            if (name is not null && text is not null)
            {
                _texts[name] = text;
            }
        }
    }

    /// <summary>What was found to be no value of its type; null where nothing was.</summary>
    public UnreadableParameters? Unreadable { get; private set; }

    public string? Text(string name) => _texts.GetValueOrDefault(name);

    /// <summary>
    /// A limit: an optional sign and one or more ASCII digits, leading zeros allowed. Too great for 64 bits is above the maximum, too small below
    /// the minimum.
    /// </summary>
    public long? Limit(Limit limit)
    {
        if (Text(limit.Name) is not { } text)
        {
            return null;
        }

        switch (ReadNumber(text, out long number))
        {
            case NumberKind.Number:
                return number;
            case NumberKind.TooGreat:
                return Note(Refusal.AboveMaximum(limit.Name, requested: null, limit.Maximum));
            case NumberKind.TooSmall:
                return Note(Refusal.Invalid(
                    limit.Name,
                    string.Create(CultureInfo.InvariantCulture, $"it is below its minimum; it must be from {Model.Limit.Minimum} to {limit.Maximum}.")));
            default:
                return Note(NoNumber(limit.Name));
        }
    }

    /// <summary>The greatest number of results of a list, of the form of <see cref="Limit"/>; out of range on either side is no valid argument.</summary>
    public int? MaxResults()
    {
        const string Parameter = "MaxResults";
        if (Text(Parameter) is not { } text)
        {
            return null;
        }

        switch (ReadNumber(text, out long number))
        {
            case NumberKind.Number when number is >= int.MinValue and <= int.MaxValue:
                return (int)number;
            case NumberKind.NoNumber:
                Note(NoNumber(Parameter));
                return null;
            default:
                Note(Refusal.Invalid(
                    Parameter, $"it is out of range; it must be from 0 to {Paging.MaxMaxResults}, where 0 is {Paging.DefaultMaxResults}."));
                return null;
        }
    }

    /// <summary>Checks a truth value: <c>true</c>, <c>True</c>, <c>false</c>, <c>False</c>, or absent.</summary>
    public Refusal? CheckBoolean(string parameter) =>
        Text(parameter) is null or "true" or "True" or "false" or "False" ? null : Refusal.Invalid(parameter, "it is neither true nor false.");

    /// <summary>
    /// The tags: one JSON text, or else the parameters <c>Tag.N.Key</c> and <c>Tag.N.Value</c>, in the order of N, which starts at 1 and may leave gaps.
    /// </summary>
    public IReadOnlyList<Tag>? Tags() => Text("Tag") is { } json ? TagsOfJson(json) : NumberedTags();

    private List<Tag>? TagsOfJson(string json)
    {
        RequestedTagDocument?[]? documents = null;
        try
        {
            documents = UnicodeText.TryCount(json, out _) ? JsonSerializer.Deserialize(json, WireJsonContext.Instance.RequestedTagDocumentArray) : null;
        }
        catch (JsonException)
        {
            // Said below.
        }

        if (documents is null)
        {
            Note(Refusal.Invalid("Tag", """it is not JSON like [{"Key":"a","Value":"b"}]."""));
            return null;
        }

        // An entry that is null or has no key is left for the tag rules, which have an order of their own.
        return [.. documents.Select(document => document is null ? null! : new Tag(document.Key ?? "", document.Value))];
    }

    private List<Tag>? NumberedTags()
    {
        SortedDictionary<int, (string? Key, string? Value)>? tags = null;
        foreach ((string name, string text) in _texts)
        {
            if (!TryReadTagName(name, out int number, out bool isKey))
            {
                continue;
            }

            tags ??= [];
            (string? Key, string? Value) tag = tags.GetValueOrDefault(number);
            tags[number] = isKey ? (text, tag.Value) : (tag.Key, text);
        }

        return tags is null ? null : [.. tags.Values.Select(tag => new Tag(tag.Key ?? "", tag.Value))];
    }

    private static bool TryReadTagName(string name, out int number, out bool isKey)
    {
        number = 0;
        isKey = name.EndsWith(".Key", StringComparison.Ordinal);
        if (!name.StartsWith("Tag.", StringComparison.Ordinal) || !(isKey || name.EndsWith(".Value", StringComparison.Ordinal)))
        {
            return false;
        }

        int end = name.LastIndexOf('.');
        return end > 4 && name[4] != '0' && int.TryParse(name.AsSpan(4, end - 4), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private enum NumberKind
    {
        NoNumber,
        Number,
        TooGreat,
        TooSmall,
    }

    private static NumberKind ReadNumber(string text, out long number)
    {
        ReadOnlySpan<char> digits = text.AsSpan(text.StartsWith('+') || text.StartsWith('-') ? 1 : 0);
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
        {
            number = 0;
            return NumberKind.NoNumber;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? NumberKind.Number
            : text.StartsWith('-') ? NumberKind.TooSmall
            : NumberKind.TooGreat;
    }

    private static Refusal NoNumber(string parameter) => Refusal.Invalid(parameter, "it is not a whole number in decimal digits.");

    private long? Note(Refusal refusal)
    {
        (Unreadable ??= new UnreadableParameters()).Add(refusal);
        return null;
    }
}
