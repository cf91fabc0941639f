using System.Buffers.Binary;

namespace Imm.Core.Storage;

/// <summary>A growing buffer for the bytes of records and frames. Not thread-safe.</summary>
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

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Extend(8), value);
}
