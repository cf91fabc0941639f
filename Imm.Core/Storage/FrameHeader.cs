using System.Buffers.Binary;

namespace Imm.Core.Storage;

/// <summary>The kind of a frame of a log. The numbers are part of the file format.</summary>
internal enum FrameKind : byte
{
    /// <summary>The records of one batch.</summary>
    Records = 1,

    /// <summary>Redo: page images that a checkpoint is about to write into the data file.</summary>
    Pages = 2,

    /// <summary>A mark after a pause without changes.</summary>
    IdleMark = 3,

    /// <summary>The mark at the end of a generation: later batches are in the other log.</summary>
    EndMark = 4,
}

/// <summary>The header of a frame of a log. Its checksum covers the store id, the header and the payload.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="PayloadLength">The length of the payload in bytes.</param>
/// <param name="Generation">The generation of the log.</param>
/// <param name="Sequence">The number of the batch; 0 in other kinds.</param>
/// <param name="FlushedSequence">The number of the last batch that had been flushed when the frame was written.</param>
internal readonly record struct FrameHeader(FrameKind Kind, int PayloadLength, long Generation, long Sequence = 0, long FlushedSequence = 0)
{
    /// <summary>The length of the header in bytes.</summary>
    public const int Length = 40;

    /// <summary>Computes the part of a checksum that covers the store id.</summary>
    public static uint ChecksumOf(Guid storeId)
    {
        Span<byte> id = stackalloc byte[16];
        storeId.TryWriteBytes(id);
        return Checksum.Of(id);
    }

    /// <summary>Reads all but the checksum.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes) => new(
        (FrameKind)bytes[32],
        BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]));

    /// <summary>Reads the checksum.</summary>
    public static uint ReadChecksum(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);

    /// <summary>Writes the checksum.</summary>
    public static void WriteChecksum(Span<byte> bytes, uint checksum) => BinaryPrimitives.WriteUInt32LittleEndian(bytes, checksum);

    /// <summary>Computes the checksum of a header that was written or read, for the payload to be added to it.</summary>
    /// <param name="bytes">The header.</param>
    /// <param name="seed">The checksum of the store id.</param>
    public static uint ChecksumOf(ReadOnlySpan<byte> bytes, uint seed) => Checksum.Of(bytes[4..Length], seed);

    /// <summary>Writes all but the checksum.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], PayloadLength);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[16..], Sequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[24..], FlushedSequence);
        bytes[32] = (byte)Kind;
        bytes[33..Length].Clear();
    }
}
