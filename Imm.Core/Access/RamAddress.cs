using System.Buffers;
using System.Globalization;

namespace Imm.Core.Access;

/// <summary>
/// An IPv4 or IPv6 address, or a range of them. An IPv4 address in IPv6 form (<c>::ffff:a.b.c.d</c>) is the IPv4 address.
/// </summary>
/// <remarks>
/// Read by hand: <see cref="System.Net.IPAddress"/> takes <c>192.168.0</c> and <c>0x7f.1</c> for addresses, and allocates.
/// The parsers of numbers take U+0000 after the digits.
/// </remarks>
internal readonly record struct RamAddress
{
    private const int BitsOfIPv6 = 128;
    private const int BitsOfIPv4 = 32;
    private const int Groups = 8;

    // An IPv4 address is kept as ::ffff:a.b.c.d, so that a mapped one needs no conversion; only IPv4 lies in that range.
    private static readonly UInt128 MappedPrefix = (UInt128)0xFFFF << BitsOfIPv4;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdefABCDEF");

    private readonly UInt128 _bits;
    private readonly UInt128 _mask;

    private RamAddress(UInt128 bits, int prefixLength)
    {
        _mask = prefixLength == 0 ? UInt128.Zero : UInt128.MaxValue << (BitsOfIPv6 - prefixLength);
        _bits = bits & _mask;
    }

    private static bool IsIPv4(UInt128 bits) => bits >> BitsOfIPv4 == MappedPrefix >> BitsOfIPv4;

    /// <summary>True if a single address lies in this range. No IPv6 address lies in an IPv4 range, nor the other way round.</summary>
    public bool Contains(RamAddress address) =>
        (address._bits & _mask) == _bits && IsIPv4(address._bits) == (IsIPv4(_bits) && PrefixLength >= BitsOfIPv6 - BitsOfIPv4);

    private int PrefixLength => (int)UInt128.PopCount(_mask);

    /// <summary>Reads one address.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out RamAddress address)
    {
        bool isRead = TryReadBits(text, out UInt128 bits, out _);
        address = new RamAddress(bits, BitsOfIPv6);
        return isRead;
    }

    /// <summary>Reads one address or a range in CIDR form; bits of the address behind the prefix do not count.</summary>
    public static bool TryParseRange(ReadOnlySpan<char> text, out RamAddress range)
    {
        range = default;
        int slash = text.IndexOf('/');
        if (slash < 0)
        {
            return TryParse(text, out range);
        }

        ReadOnlySpan<char> length = text[(slash + 1)..];
        if (!TryReadBits(text[..slash], out UInt128 bits, out bool isDotted)
            || !TryReadNumber(length, out int prefixLength)
            || prefixLength > (isDotted ? BitsOfIPv4 : BitsOfIPv6))
        {
            return false;
        }

        range = new RamAddress(bits, isDotted ? prefixLength + BitsOfIPv6 - BitsOfIPv4 : prefixLength);
        return true;
    }

    private static bool TryReadBits(ReadOnlySpan<char> text, out UInt128 bits, out bool isDotted)
    {
        isDotted = !text.Contains(':');
        if (!isDotted)
        {
            return TryReadIPv6(text, out bits);
        }

        bool isRead = TryReadIPv4(text, out uint address);
        bits = MappedPrefix | address;
        return isRead;
    }

    private static bool TryReadIPv4(ReadOnlySpan<char> text, out uint address)
    {
        address = 0;
        int count = 0;
        foreach (Range range in text.Split('.'))
        {
            ReadOnlySpan<char> part = text[range];
            if (++count > 4 || !TryReadNumber(part, out int octet) || octet > byte.MaxValue)
            {
                return false;
            }

            address = (address << 8) | (uint)octet;
        }

        return count == 4;
    }

    /// <summary>Reads one to three decimal digits without leading zeros.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        if (text.Length is < 1 or > 3 || (text.Length > 1 && text[0] == '0'))
        {
            return false;
        }

        foreach (char digit in text)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            number = (10 * number) + (digit - '0');
        }

        return true;
    }

    /// <summary>
    /// Reads eight groups of hexadecimal digits, of which a run of zeros may be <c>::</c> and the last two an IPv4 address.
    /// </summary>
    private static bool TryReadIPv6(ReadOnlySpan<char> text, out UInt128 bits)
    {
        bits = UInt128.Zero;
        int gap = text.IndexOf("::");
        if (gap < 0)
        {
            return TryReadGroups(text, mayEndDotted: true, out bits, out int all) && all == Groups;
        }

        if (!TryReadGroups(text[..gap], mayEndDotted: false, out UInt128 left, out int leftCount)
            || !TryReadGroups(text[(gap + 2)..], mayEndDotted: true, out UInt128 right, out int rightCount)
            || leftCount + rightCount >= Groups)
        {
            return false;
        }

        bits = leftCount == 0 ? right : (left << (16 * (Groups - leftCount))) | right;
        return true;
    }

    private static bool TryReadGroups(ReadOnlySpan<char> text, bool mayEndDotted, out UInt128 bits, out int count)
    {
        bits = UInt128.Zero;
        count = 0;
        if (text.IsEmpty)
        {
            return true;
        }

        foreach (Range range in text.Split(':'))
        {
            ReadOnlySpan<char> part = text[range];
            bool isLast = range.End.GetOffset(text.Length) == text.Length;
            if (isLast && mayEndDotted && part.Contains('.'))
            {
                if (!TryReadIPv4(part, out uint address) || count > Groups - 2)
                {
                    return false;
                }

                bits = (bits << BitsOfIPv4) | address;
                count += 2;
            }
            else if (count == Groups
                || part.Length is < 1 or > 4
                || part.ContainsAnyExcept(HexDigits))
            {
                return false;
            }
            else
            {
                bits = (bits << 16) | ushort.Parse(part, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                count++;
            }
        }

        return true;
    }
}
