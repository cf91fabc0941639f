using System.Globalization;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>
/// The parameters of a call as texts. A text that is not a value of its type is not refused here. It is added to <see cref="Unreadable"/>,
/// so that it is refused in its place in the order of the parameters.
/// </summary>
internal sealed class WireParameters(IEnumerable<KeyValuePair<string, string>> parameters)
{
    // A call has few parameters: to search the list takes less time and memory than to build a table.
    private readonly KeyValuePair<string, string>[] _parameters = [.. parameters];

    /// <summary>The refusals of texts that are not values of their types; null where there are none.</summary>
    public UnreadableParameters? Unreadable { get; private set; }

    /// <summary>Gets the last text of a name; null where there is none.</summary>
    public string? Text(string name)
    {
        for (int i = _parameters.Length - 1; i >= 0; i--)
        {
            if (_parameters[i].Key == name && _parameters[i].Value is { } text)
            {
                return text;
            }
        }

        return null;
    }

    /// <summary>True if a parameter of one of the names is given, as one text or as numbered ones.</summary>
    public bool HasAny(params ReadOnlySpan<string> names)
    {
        foreach ((string? given, string? text) in _parameters)
        {
            foreach (string name in names)
            {
                if (given is not null && text is not null && given.StartsWith(name, StringComparison.Ordinal)
                    && (given.Length == name.Length || given[name.Length] == '.'))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Reads a limit: an optional sign and one or more ASCII digits, with or without leading zeros. A number too great for 64 bits is above
    /// its maximum, one too small is below its minimum.
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
                return Add(ImmRefusal.AboveMaximum(limit.Name, requested: null, limit.Maximum));
            case NumberKind.TooSmall:
                return Add(ImmRefusal.Invalid(
                    limit.Name,
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"it is below its minimum; it must be from {Model.Limit.Minimum} to {limit.Maximum}.")));
            default:
                return Add(NotANumber(limit.Name));
        }
    }

    /// <summary>
    /// Reads the greatest number of results of a list, in the form of <see cref="Limit"/>. A number out of range on either side is an
    /// invalid argument.
    /// </summary>
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
            case NumberKind.NotANumber:
                Add(NotANumber(Parameter));
                return null;
            default:
                Add(ImmRefusal.Invalid(
                    Parameter, $"it is out of range; it must be from 0 to {Paging.MaxMaxResults}, where 0 is {Paging.DefaultMaxResults}."));
                return null;
        }
    }

    /// <summary>Checks a Boolean: <c>true</c>, <c>True</c>, <c>false</c>, <c>False</c>, or absent.</summary>
    public ImmRefusal? CheckBoolean(string parameter) =>
        Text(parameter) is null or "true" or "True" or "false" or "False"
            ? null
            : ImmRefusal.Invalid(parameter, "it is neither true nor false.");

    /// <summary>
    /// Reads the tags: one JSON text, or else the parameters <c>Tag.N.Key</c> and <c>Tag.N.Value</c>, in the order of N, which starts at 1
    /// and may leave gaps.
    /// </summary>
    public IReadOnlyList<Tag>? Tags() => Text("Tag") is { } json ? TagsOfJson(json) : NumberedTags();

    private List<Tag>? TagsOfJson(string json)
    {
        RequestTagDocument?[] documents;
        try
        {
            documents = DocumentJsonContext.Read(json, "list of tags", DocumentJsonContext.Default.RequestTagDocumentArray);
        }
        catch (FormatException)
        {
            Add(ImmRefusal.Invalid("Tag", """it is not JSON like [{"Key":"a","Value":"b"}]."""));
            return null;
        }

        // A null entry and a missing key are left for the tag rules, which have an order of their own.
        return [.. documents.Select(document => document is null ? null! : new Tag(document.Key ?? "", document.Value))];
    }

    private List<Tag>? NumberedTags()
    {
        SortedDictionary<int, (string? Key, string? Value)>? tags = null;
        foreach ((string? name, string? text) in _parameters)
        {
            if (name is null || text is null || !TryReadTagName(name, out int number, out bool isKey))
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

        // The digits are checked by hand: the parser takes U+0000 after them.
        int end = name.LastIndexOf('.');
        return end > 4
            && name[4] != '0'
            && !name.AsSpan(4, end - 4).ContainsAnyExceptInRange('0', '9')
            && int.TryParse(name.AsSpan(4, end - 4), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private enum NumberKind
    {
        NotANumber,
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
            return NumberKind.NotANumber;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number) ? NumberKind.Number
            : text.StartsWith('-') ? NumberKind.TooSmall
            : NumberKind.TooGreat;
    }

    private static ImmRefusal NotANumber(string parameter) => ImmRefusal.Invalid(parameter, "it is not a whole number in decimal digits.");

    private long? Add(ImmRefusal refusal)
    {
        (Unreadable ??= new UnreadableParameters()).Add(refusal);
        return null;
    }
}
