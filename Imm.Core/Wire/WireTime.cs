using System.Globalization;

namespace Imm.Core.Wire;

/// <summary>
/// Times as the service writes them: RFC 3339 with 9 fraction digits and an explicit offset. A tick is 100 ns, so the last two digits are always
/// written as zeros, and dropped when read.
/// </summary>
internal static class WireTime
{
    private const int SecondsLength = 19;
    private const int MaxFractionDigits = 9;
    private const int TickDigits = 7;

    public static TimeSpan DefaultOffset { get; } = TimeSpan.FromHours(8);

    public static bool IsOffset(TimeSpan offset) =>
        offset.Ticks % TimeSpan.TicksPerMinute == 0 && offset.TotalHours is >= -14 and <= 14;

    public static string Write(long utcTicks, TimeSpan offset)
    {
        // In the first and last hours of the calendar the offset would lead out of it; the same moment is then told in UTC.
        long local = utcTicks + offset.Ticks;
        if (local < 0 || local > DateTime.MaxValue.Ticks)
        {
            local = utcTicks;
            offset = TimeSpan.Zero;
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"{new DateTime(local):yyyy-MM-dd'T'HH:mm:ss.fffffff}00{(offset < TimeSpan.Zero ? '-' : '+')}{offset:hh\\:mm}");
    }

    /// <summary>Reads a time with 0 to 9 fraction digits and an offset or <c>Z</c>, down to 100 ns; what is finer is cut off.</summary>
    public static bool TryRead(ReadOnlySpan<char> text, out long utcTicks)
    {
        utcTicks = 0;
        if (text.Length <= SecondsLength
            || !DateTime.TryParseExact(
                text[..SecondsLength], "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime local))
        {
            return false;
        }

        text = text[SecondsLength..];
        if (!TryReadFraction(ref text, out long fractionTicks) || !TryReadOffset(text, out long offsetTicks))
        {
            return false;
        }

        utcTicks = local.Ticks + fractionTicks - offsetTicks;
        return utcTicks >= 0 && utcTicks <= DateTime.MaxValue.Ticks;
    }

    private static bool TryReadFraction(ref ReadOnlySpan<char> text, out long ticks)
    {
        ticks = 0;
        if (text[0] != '.')
        {
            return true;
        }

        int digits = text[1..].IndexOfAnyExceptInRange('0', '9');
        if (digits is < 1 or > MaxFractionDigits)
        {
            return false;
        }

        for (int i = 1; i <= TickDigits; i++)
        {
            ticks = (ticks * 10) + (i <= digits ? text[i] - '0' : 0);
        }

        text = text[(1 + digits)..];
        return true;
    }

    private static bool TryReadOffset(ReadOnlySpan<char> text, out long ticks)
    {
        ticks = 0;
        if (text is "Z")
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ('+' or '-')
            || !TimeSpan.TryParseExact(text[1..], @"hh\:mm", CultureInfo.InvariantCulture, TimeSpanStyles.None, out TimeSpan offset))
        {
            return false;
        }

        ticks = text[0] == '-' ? -offset.Ticks : offset.Ticks;
        return true;
    }
}
