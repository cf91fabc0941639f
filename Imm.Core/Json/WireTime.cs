using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>
/// Times in the form of the service: RFC 3339 with 9 fraction digits and an explicit offset. A tick is 100 ns, so the last two digits are
/// written as zeros, and are dropped when a time is read.
/// </summary>
internal static class WireTime
{
    /// <summary>The number of characters of a time that is written.</summary>
    public const int Length = 35;

    /// <summary>A time that can be read, for the message about one that cannot.</summary>
    public const string Rule = "A time looks like 2021-06-29T14:50:13.011643600+08:00, with 0 to 9 fraction digits.";

    private const int SecondsLength = 19;
    private const int MaxFractionDigits = 9;
    private const int TickDigits = 7;

    /// <summary>Writes a time as ASCII text.</summary>
    /// <param name="utcTicks">The time in UTC, in ticks of 100 ns.</param>
    /// <param name="offset">The offset in which the time is written.</param>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    /// <returns>The part of the destination that holds the text.</returns>
    public static ReadOnlySpan<byte> Write(long utcTicks, TimeSpan offset, Span<byte> destination)
    {
        // Near the ends of the calendar the local time would fall outside it. The same moment is then written in UTC.
        long local = utcTicks + offset.Ticks;
        if (local < 0 || local > DateTime.MaxValue.Ticks)
        {
            local = utcTicks;
            offset = TimeSpan.Zero;
        }

        // The formatting methods of the types themselves allocate nothing, not even before the JIT optimizes.
        new DateTime(local).TryFormat(destination, out int length, "O", CultureInfo.InvariantCulture);
        destination[length++] = (byte)'0';
        destination[length++] = (byte)'0';
        destination[length++] = (byte)(offset < TimeSpan.Zero ? '-' : '+');
        offset.TryFormat(destination[length..], out int offsetLength, @"hh\:mm", CultureInfo.InvariantCulture);
        Invariant.Holds(length + offsetLength == Length, "a time has one length");
        return destination[..Length];
    }

    /// <summary>Reads a time with 0 to 9 fraction digits and an offset or <c>Z</c>, truncated to 100 ns.</summary>
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
