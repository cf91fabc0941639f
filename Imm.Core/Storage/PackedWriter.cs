using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>A growing buffer for numbers and texts in the encoding of records. Not thread-safe.</summary>
internal sealed class PackedWriter
{
    private byte[] _buffer = new byte[1024];

    /// <summary>The number of bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>The bytes written; valid until the next write.</summary>
    public Span<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>The bytes written; valid until the next write.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    /// <summary>Removes everything and keeps the buffer.</summary>
    public void Clear() => Length = 0;

    /// <summary>Appends a number of zero bytes and returns them.</summary>
    public Span<byte> Extend(int count)
    {
        if (_buffer.Length - Length < count)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, Length + count));
        }

        Span<byte> span = _buffer.AsSpan(Length, count);
        span.Clear();
        Length += count;
        return span;
    }

    public void Byte(byte value) => Extend(1)[0] = value;

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Extend(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Extend(8), value);

    /// <summary>Writes a number from 0 up in base 128, lowest seven bits first; bit 7 is set in all bytes but the last.</summary>
    public void Number(long value)
    {
        ulong rest = checked((ulong)value);
        while (rest >= 0x80)
        {
            Byte((byte)(rest & 0x7F | 0x80));
            rest >>= 7;
        }

        Byte((byte)rest);
    }

    /// <summary>
    /// Writes a number in front of what was written from a position on, at which the caller left one byte. What follows is moved only if
    /// the number needs more bytes.
    /// </summary>
    public void NumberAt(int position, long value)
    {
        int end = Length;
        Number(value);
        int length = Length - end;
        if (length > 1)
        {
            Span<byte> number = stackalloc byte[length];
            Written[end..].CopyTo(number);
            Written[(position + 1)..end].CopyTo(Written[(position + length)..]);
            number.CopyTo(Written[position..]);
        }
        else
        {
            _buffer[position] = _buffer[end];
        }

        Length = end + length - 1;
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Extend(bytes.Length));

    /// <summary>Writes the number of bytes of a text, and the text in UTF-8.</summary>
    public void Text(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        Number(count);
        Encoding.UTF8.GetBytes(text, Extend(count));
    }
}
