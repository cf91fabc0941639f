using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>
/// Reads packed numbers and texts. Every member throws <see cref="InvalidDataException"/> for anything else.
/// </summary>
internal ref struct PackedReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>The number of bytes that have not been read.</summary>
    public readonly int Left => _rest.Length;

    public ReadOnlySpan<byte> Bytes(long count)
    {
        if (count < 0 || count > _rest.Length)
        {
            throw new InvalidDataException("a value ends before it is complete.");
        }

        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    public byte Byte() => Bytes(1)[0];

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));

    /// <summary>Reads a number of base 128 from 0 to 2^63 − 1.</summary>
    public long Number()
    {
        ulong value = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            byte b = Byte();
            value |= (ulong)(b & 0x7F) << shift;
            if (b < 0x80)
            {
                return (long)value;
            }
        }

        throw new InvalidDataException("a number is longer than 63 bits.");
    }

    public string Text()
    {
        try
        {
            return StrictUtf8.GetString(Bytes(Number()));
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("a text is not UTF-8.", e);
        }
    }
}
