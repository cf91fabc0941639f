using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>Writes numbers and texts into a growing buffer.</summary>
internal sealed class PackedWriter
{
    private byte[] _buffer = new byte[1024];

    public int Length { get; private set; }

    public Span<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>What is written, good until the writer is cleared.</summary>
    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, Length);

    public void Clear() => Length = 0;

    /// <summary>Makes the next <paramref name="count"/> bytes part of what is written, zeroed, and gives them out.</summary>
    public Span<byte> Take(int count)
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

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    /// <summary>A number from 0 up, in as few bytes as it needs.</summary>
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
    /// Writes a number before what was written from a position on, where one byte was left free for it. Only a number of more bytes moves
    /// what follows.
    /// </summary>
    public void NumberAt(int position, long value)
    {
        int more = 0;
        for (long rest = value >> 7; rest > 0; rest >>= 7)
        {
            more++;
        }

        if (more > 0)
        {
            int end = Length;
            Take(more);
            _buffer.AsSpan(position + 1, end - position - 1).CopyTo(_buffer.AsSpan(position + 1 + more));
        }

        int length = Length;
        Length = position;
        Number(value);
        Length = length;
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    public void Text(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        Number(count);
        Encoding.UTF8.GetBytes(text, Take(count));
    }
}
