using System.Buffers.Binary;

namespace Imm.Core.Storage;

/// <summary>The header of a write-ahead log file.</summary>
/// <param name="StoreId">The id that the data file has too.</param>
/// <param name="Generation">
/// The number of the present generation, which is one use of the file. It rises over both logs of a store. 0 in a log that was never used.
/// </param>
/// <param name="BaseSequence">The number of the last batch that was in the data file when the generation began.</param>
/// <param name="Allocated">
/// The length of the file in bytes when the header was written; may be 0, for not known, in a log of format 1.
/// </param>
/// <param name="Format">The format of the file, which is that of the data file.</param>
internal readonly record struct LogHeader(
    Guid StoreId, long Generation, long BaseSequence, long Allocated, ushort Format = DataFileHeader.SupportedFormat)
{
    /// <summary>The length of the header in bytes.</summary>
    public const int Length = 64;

    private const int ChecksumOffset = Length - 4;

    private static ReadOnlySpan<byte> Magic => "ImmCoreL"u8;

    /// <summary>True if the bytes begin with the magic of a header.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Magic);

    /// <summary>Reads a header.</summary>
    /// <exception cref="DamagedFileException">The bytes are not a header, of another format, or damaged.</exception>
    public static LogHeader Read(ReadOnlySpan<byte> bytes, string file)
    {
        if (!IsHeader(bytes))
        {
            throw new DamagedFileException(
                $"The file '{file}' has the name of a log of the store and is not a log. It was left unchanged. Move it away.",
                ImmUnavailableReason.MismatchedFiles);
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);
        if (format is < DataFileHeader.OldestFormat or > DataFileHeader.SupportedFormat)
        {
            throw new DamagedFileException(
                $"The file '{file}' has format {format}, and this version of Imm.Core reads formats {DataFileHeader.OldestFormat} to "
                + $"{DataFileHeader.SupportedFormat}.",
                format > DataFileHeader.SupportedFormat ? ImmUnavailableReason.NewerFormat : ImmUnavailableReason.Damaged);
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes[ChecksumOffset..]) != Checksum.Of(bytes[..ChecksumOffset]))
        {
            throw new DamagedFileException(file, "the checksum of its header is wrong.");
        }

        return new LogHeader(
            new Guid(bytes.Slice(16, 16)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]),
            format);
    }

    /// <summary>Writes the header into zeroed bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Format);
        StoreId.TryWriteBytes(bytes[16..]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[32..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[40..], BaseSequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[48..], Allocated);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[ChecksumOffset..], Checksum.Of(bytes[..ChecksumOffset]));
    }
}
