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

    private delegate bool Reader<T>(string text, out T value);

    private delegate RamCondition? Factory(string operatorName, string key, string[] expected, out int bad);

    private static FrozenDictionary<string, Factory> Operators { get; } = new Dictionary<string, Factory>
    {
        ["StringEquals"] = Text(StringComparison.Ordinal),
        ["StringNotEquals"] = Text(StringComparison.Ordinal, isNegated: true),
        ["StringEqualsIgnoreCase"] = Text(StringComparison.OrdinalIgnoreCase),
        ["StringNotEqualsIgnoreCase"] = Text(StringComparison.OrdinalIgnoreCase, isNegated: true),
        ["StringLike"] = Like(),
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
        ["Bool"] = Operation<bool, bool>(TryReadBoolean, TryReadBoolean, (value, one) => value == one),
        ["IpAddress"] = Address(),
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

    private static Factory Text(StringComparison comparison, bool isNegated = false) => Operation<string, string>(
        TryReadText, TryReadText, (value, one) => string.Equals(value, one, comparison), isNegated);

    private static Factory Like(bool isNegated = false) => Operation<string, RamPattern>(
        TryReadText, TryReadPattern, (value, pattern) => pattern.Matches(value), isNegated);

    private static Factory Number(Func<int, bool> accepts, bool isNegated = false) => Operation<decimal, decimal>(
        TryReadNumber, TryReadNumber, (value, one) => accepts(value.CompareTo(one)), isNegated);

    private static Factory Date(Func<int, bool> accepts, bool isNegated = false) => Operation<long, long>(
        TryReadTime, TryReadTime, (value, one) => accepts(value.CompareTo(one)), isNegated);

    private static Factory Address(bool isNegated = false) => Operation<RamAddress, RamAddress>(
        (text, out address) => RamAddress.TryParse(text, out address),
        (text, out range) => RamAddress.TryParseRange(text, out range),
        (address, range) => range.Contains(address),
        isNegated);

    /// <summary>Makes an operator.</summary>
    /// <param name="readValue">Reads the value of a request.</param>
    /// <param name="readExpected">Reads a value of a policy.</param>
    /// <param name="accepts">True if the value of a request matches one of a policy.</param>
    /// <param name="isNegated">True if none may match.</param>
    private static Factory Operation<TValue, TExpected>(
        Reader<TValue> readValue, Reader<TExpected> readExpected, Func<TValue, TExpected, bool> accepts, bool isNegated = false) =>
        (string operatorName, string key, string[] expected, out int bad) =>
        {
            var read = new TExpected[expected.Length];
            for (bad = 0; bad < expected.Length; bad++)
            {
                if (!readExpected(expected[bad], out read[bad]))
                {
                    return null;
                }
            }

            return new Condition<TValue, TExpected>(operatorName, key, expected, read, readValue, accepts, isNegated);
        };

    private static bool TryReadText(string text, out string value)
    {
        value = text;
        return true;
    }

    private static bool TryReadPattern(string text, out RamPattern pattern)
    {
        pattern = new RamPattern(text);
        return true;
    }

    private static bool TryReadTime(string text, out long utcTicks) => RamTime.TryRead(text, out utcTicks);

    /// <summary>Reads a number exactly; one of more digits than a decimal holds would be rounded, and is refused.</summary>
    private static bool TryReadNumber(string text, out decimal number)
    {
        const int MaxDigits = 28;
        number = 0;
        ReadOnlySpan<char> digits = text.AsSpan(text is ['-' or '+', ..] ? 1 : 0);
        return digits.Length is >= 1 and <= MaxDigits + 1
            && digits.Length - digits.Count('.') <= MaxDigits
            && char.IsAsciiDigit(digits[0])
            && char.IsAsciiDigit(digits[^1])
            && decimal.TryParse(
                text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }

    private static bool TryReadBoolean(string text, out bool value)
    {
        value = text.Equals("true", StringComparison.OrdinalIgnoreCase);
        return value || text.Equals("false", StringComparison.OrdinalIgnoreCase);
    }

    private sealed class Condition<TValue, TExpected>(
        string operatorName,
        string key,
        string[] texts,
        TExpected[] expected,
        Reader<TValue> reader,
        Func<TValue, TExpected, bool> accepts,
        bool isNegated)
        : RamCondition(operatorName, key, texts, isNegated)
    {
        protected override bool? Matches(IReadOnlyDictionary<string, string> values)
        {
            if (!TryGet(values, out TValue? value))
            {
                return null;
            }

            foreach (TExpected one in expected)
            {
                if (accepts(value, one))
                {
                    return true;
                }
            }

            return false;
        }

        private bool TryGet(IReadOnlyDictionary<string, string> values, [MaybeNullWhen(false)] out TValue value)
        {
            // The time of a request is known as a number, and is neither written as a text nor read again.
            if (typeof(TValue) == typeof(long) && values is IKnownTimes known && known.TryGetTime(Key, out long time))
            {
                value = (TValue)(object)time;
                return true;
            }

            value = default;
            return values.TryGetValue(Key, out string? text) && text is not null && reader(text, out value);
        }
    }
}
