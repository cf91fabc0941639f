using System.Globalization;

namespace Imm.Core.Access;

/// <summary>Times in policies and in condition values: ISO 8601 with seconds and <c>Z</c> or an offset.</summary>
internal static class RamTime
{
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFzzz"];

    public static bool TryRead(ReadOnlySpan<char> text, out long utcTicks)
    {
        bool isRead = DateTimeOffset.TryParseExact(
            text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
        utcTicks = time.UtcTicks;
        return isRead;
    }

    public static string Write(long utcTicks) => new DateTime(utcTicks).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
