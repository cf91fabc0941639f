using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>Writes documents in BSON straight into a buffer.</summary>
/// <param name="buffer">Takes the bytes behind what it holds.</param>
internal readonly struct BsonWriter(PackedWriter buffer)
{
    private const long EpochMilliseconds = 62_135_596_800_000;

    /// <summary>Begins a document that is no field of another one.</summary>
    /// <returns>The position, for <see cref="End"/>.</returns>
    public int Begin()
    {
        int start = buffer.Length;
        buffer.Extend(4);
        return start;
    }

    /// <summary>Begins a field that is an array.</summary>
    /// <inheritdoc cref="Begin" path="/returns"/>
    public int BeginArray(string name)
    {
        Name(0x04, name);
        return Begin();
    }

    /// <summary>Begins an item of an array that is a document.</summary>
    /// <inheritdoc cref="Begin" path="/returns"/>
    public int BeginItem(int index)
    {
        buffer.Byte(0x03);
        _ = index.TryFormat(buffer.Extend(index < 10 ? 1 : index < 100 ? 2 : 3), out _);
        buffer.Byte(0);
        return Begin();
    }

    /// <summary>Ends a document or array.</summary>
    public void End(int start)
    {
        buffer.Byte(0);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.Written[start..], buffer.Length - start);
    }

    public void Int64(string name, long value)
    {
        Name(0x12, name);
        buffer.Int64(value);
    }

    public void Text(string name, string value)
    {
        Name(0x02, name);
        int count = Encoding.UTF8.GetByteCount(value);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.Extend(4), count + 1);
        Encoding.UTF8.GetBytes(value, buffer.Extend(count + 1));
    }

    /// <summary>Writes a document that is there in BSON.</summary>
    public void Document(string name, ReadOnlySpan<byte> document)
    {
        Name(0x03, name);
        document.CopyTo(buffer.Extend(document.Length));
    }

    /// <summary>Writes a time as a date, which loses what is less than a millisecond.</summary>
    public void Date(string name, long ticks)
    {
        Name(0x09, name);
        buffer.Int64((ticks / TimeSpan.TicksPerMillisecond) - EpochMilliseconds);
    }

    private void Name(byte type, string name)
    {
        Span<byte> bytes = buffer.Extend(name.Length + 2);
        bytes[0] = type;
        Encoding.ASCII.GetBytes(name, bytes[1..]);
    }
}
