using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Imm.Core.Access;

/// <summary>
/// One operator on one key with its values: met when any value matches, or for a negated operator when none does. Immutable.
/// </summary>
internal abstract class RamCondition(string operatorName, string key, string[] expected, bool isNegated)
{
    /// <summary>
    /// The outcome of a negated operator on a key that the request does not carry. RAM's documents leave it open; a misspelt key under a
    /// negated operator of a bucket policy was seen to deny nobody.
    /// </summary>
    private const bool AbsentKeyMeetsNegated = false;

    private delegate RamCondition? Factory(string operatorName, string key, string[] expected, out int bad);

    private static FrozenDictionary<string, Factory> Operators { get; } = new Dictionary<string, Factory>
    {
        ["StringEquals"] = Text(StringComparison.Ordinal, isNegated: false),
        ["StringNotEquals"] = Text(StringComparison.Ordinal, isNegated: true),
        ["StringEqualsIgnoreCase"] = Text(StringComparison.OrdinalIgnoreCase, isNegated: false),
        ["StringNotEqualsIgnoreCase"] = Text(StringComparison.OrdinalIgnoreCase, isNegated: true),
        ["StringLike"] = Like(isNegated: false),
        ["StringNotLike"] = Like(isNegated: true),
        ["NumericEquals"] = Number(order => order == 0),
        ["NumericNotEquals"] = Number(order => order == 0, isNegated: true),
        ["NumericLessThan"] = Number(order => order < 0),
        ["NumericLessThanEquals"] = Number(order => order <= 0),
        ["NumericGreaterThan"] = Number(order => order > 0),
        ["NumericGreaterThanEquals"] = Number(order => order >= 0),
        ["DateEquals"] = Date(order => order == 0),
        ["DateNotEquals"] = Date(order => order == 0, isNegated: true),
        ["DateLessThan"] = Date(order => order < 0),
        ["DateLessThanEquals"] = Date(order => order <= 0),
        ["DateGreaterThan"] = Date(order => order > 0),
        ["DateGreaterThanEquals"] = Date(order => order >= 0),
        ["Bool"] = Values<bool>(TryReadBoolean, (request, policy) => request == policy, isNegated: false),
        ["IpAddress"] = Address(isNegated: false),
        ["NotIpAddress"] = Address(isNegated: true),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public string Operator => operatorName;

    public string Key => key;

    public string[] Expected => expected;

    public static IEnumerable<string> OperatorNames => Operators.Keys.Order(StringComparer.Ordinal);

    public static bool IsOperator(string name) => Operators.ContainsKey(name);

    /// <summary>
    /// Makes a condition; null where a value is not of the operator's type, and then <paramref name="bad"/> is its position.
    /// </summary>
    public static RamCondition? Create(string operatorName, string key, string[] expected, out int bad) =>
        Operators[operatorName](operatorName, key, expected, out bad);

    public static string Rule(string operatorName) => operatorName switch
    {
        ['N', 'u', ..] => "a number is decimal text of at most 28 digits, such as \"10\" or \"-0.5\"",
        ['D', ..] => "a time is ISO 8601 with seconds and 'Z' or an offset, such as \"2019-08-12T17:00:00+08:00\"",
        ['B', ..] => "it is \"true\" or \"false\"",
        _ => "it is an IPv4 or IPv6 address or a CIDR range, such as \"192.168.0.0/16\"",
    };

    public bool IsMet(IReadOnlyDictionary<string, string> values)
    {
        bool? matches = Matches(values);
        return matches is { } match ? match != isNegated : isNegated && AbsentKeyMeetsNegated && !values.ContainsKey(key);
    }

    /// <summary>
    /// True if any value matches; null where the request has no value for the key, or one that is not of the operator's type.
    /// </summary>
    protected abstract bool? Matches(IReadOnlyDictionary<string, string> values);

    private static Factory Text(StringComparison comparison, bool isNegated) =>
        (string operatorName, string key, string[] expected, out int bad) =>
        {
            bad = -1;
            return new TextCondition(operatorName, key, expected, comparison, isNegated);
        };

    private static Factory Like(bool isNegated) =>
        (string operatorName, string key, string[] expected, out int bad) =>
        {
            bad = -1;
            return new LikeCondition(operatorName, key, expected, isNegated);
        };

    private static Factory Number(Func<int, bool> accepts, bool isNegated = false) =>
        Values<decimal>(TryReadNumber, (request, policy) => accepts(request.CompareTo(policy)), isNegated);

    private static Factory Date(Func<int, bool> accepts, bool isNegated = false) =>
        Values<long>(RamTime.TryRead, (request, policy) => accepts(request.CompareTo(policy)), isNegated);

    private static Factory Address(bool isNegated) => (string operatorName, string key, string[] expected, out int bad) =>
    {
        var ranges = new RamAddress[expected.Length];
        for (bad = 0; bad < expected.Length; bad++)
        {
            if (!RamAddress.TryParseRange(expected[bad], out ranges[bad]))
            {
                return null;
            }
        }

        return new ValueCondition<RamAddress>(
            operatorName, key, expected, ranges, RamAddress.TryParse, (request, policy) => policy.Contains(request), isNegated);
    };

    private static Factory Values<T>(Reader<T> reader, Func<T, T, bool> accepts, bool isNegated) =>
        (string operatorName, string key, string[] expected, out int bad) =>
        {
            var values = new T[expected.Length];
            for (bad = 0; bad < expected.Length; bad++)
            {
                if (!reader(expected[bad], out values[bad]))
                {
                    return null;
                }
            }

            return new ValueCondition<T>(operatorName, key, expected, values, reader, accepts, isNegated);
        };

    /// <summary>Reads a number exactly; one of more digits than a decimal holds would be rounded, and is refused.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, out decimal number)
    {
        const int MaxDigits = 28;
        number = 0;
        ReadOnlySpan<char> digits = text is ['-' or '+', ..] ? text[1..] : text;
        return digits.Length is >= 1 and <= MaxDigits + 1
            && digits.Length - digits.Count('.') <= MaxDigits
            && char.IsAsciiDigit(digits[0])
            && char.IsAsciiDigit(digits[^1])
            && decimal.TryParse(
                text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }

    private static bool TryReadBoolean(ReadOnlySpan<char> text, out bool value)
    {
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    private delegate bool Reader<T>(ReadOnlySpan<char> text, out T value);

    private sealed class TextCondition(string operatorName, string key, string[] expected, StringComparison comparison, bool isNegated)
        : RamCondition(operatorName, key, expected, isNegated)
    {
        protected override bool? Matches(IReadOnlyDictionary<string, string> values)
        {
            if (!values.TryGetValue(Key, out string? value))
            {
                return null;
            }

            foreach (string one in Expected)
            {
                if (string.Equals(one, value, comparison))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed class LikeCondition(string operatorName, string key, string[] expected, bool isNegated)
        : RamCondition(operatorName, key, expected, isNegated)
    {
        private readonly RamPattern[] _patterns = [.. expected.Select(text => new RamPattern(text))];

        protected override bool? Matches(IReadOnlyDictionary<string, string> values)
        {
            if (!values.TryGetValue(Key, out string? value))
            {
                return null;
            }

            foreach (RamPattern pattern in _patterns)
            {
                if (pattern.Matches(value))
                {
                    return true;
                }
            }

            return false;
        }
    }

    private sealed class ValueCondition<T>(
        string operatorName, string key, string[] expected, T[] policy, Reader<T> reader, Func<T, T, bool> accepts, bool isNegated)
        : RamCondition(operatorName, key, expected, isNegated)
    {
        protected override bool? Matches(IReadOnlyDictionary<string, string> values)
        {
            if (!TryGet(values, out T? value))
            {
                return null;
            }

            foreach (T one in policy)
            {
                if (accepts(value, one))
                {
                    return true;
                }
            }

            return false;
        }

        private bool TryGet(IReadOnlyDictionary<string, string> values, [MaybeNullWhen(false)] out T value)
        {
            // The time of a request is known as a number, and is neither written as a text nor read again.
            if (typeof(T) == typeof(long) && values is IKnownTimes known && known.TryGetTime(Key, out long time))
            {
                value = (T)(object)time;
                return true;
            }

            value = default;
            return values.TryGetValue(Key, out string? text) && text is not null && reader(text, out value);
        }
    }
}
