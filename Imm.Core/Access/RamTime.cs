using System.Globalization;

namespace Imm.Core.Access;

/// <summary>Times in policies and in condition values: ISO 8601 with seconds and <c>Z</c> or an offset.</summary>
internal static class RamTime
{
    private const int SecondsLength = 19;
    private const int OffsetLength = 6;

    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    public static bool TryRead(ReadOnlySpan<char> text, out long utcTicks)
    {
        utcTicks = 0;
        if (!HasForm(text) || !DateTimeOffset.TryParseExact(
            text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time))
        {
            return false;
        }

        utcTicks = time.UtcTicks;
        return true;
    }

    public static string Write(long utcTicks) => new DateTime(utcTicks).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Checks what the framework does not insist on: digits behind a point, and an offset of two digits, a colon and two digits.
    /// </summary>
    private static bool HasForm(ReadOnlySpan<char> text)
    {
        if (text.Length <= SecondsLength)
        {
            return false;
        }

        ReadOnlySpan<char> rest = text[SecondsLength..];
        if (rest[0] == '.')
        {
            int digits = rest[1..].IndexOfAnyExceptInRange('0', '9');
            if (digits < 1)
            {
                return false;
            }

            rest = rest[(1 + digits)..];
        }

        return rest is "Z" || (rest.Length == OffsetLength && rest[3] == ':');
    }
}
