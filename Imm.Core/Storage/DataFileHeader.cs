using System.Buffers.Binary;

namespace Imm.Core.Storage;

/// <summary>The header of the data file, which is stored in its first page.</summary>
/// <param name="StoreId">The id that the logs of the store have too.</param>
/// <param name="IsOpen">True if the logs are needed; false after a clean close and in a backup.</param>
/// <param name="IsBeingOverwritten">True if pages may be half written and must be read from redo in a log.</param>
/// <param name="AppliedSequence">The number of the last batch that is wholly in the file.</param>
/// <param name="Checkpoint">A number that rises with each step of a checkpoint and with each open.</param>
/// <param name="LogGeneration">The generation of the log that was active at the last checkpoint or open; 0 if not known.</param>
/// <param name="LoggedSequence">
/// The number of a batch that had been flushed when the header was written; all batches up to it must be found. 0 if not known.
/// </param>
/// <param name="IsUnfinished">True for a backup that is being written.</param>
/// <param name="Format">The format of the file.</param>
internal readonly record struct DataFileHeader(
    Guid StoreId,
    bool IsOpen,
    bool IsBeingOverwritten,
    long AppliedSequence,
    long Checkpoint,
    long LogGeneration = 0,
    long LoggedSequence = 0,
    bool IsUnfinished = false,
    ushort Format = DataFileHeader.SupportedFormat)
{
    /// <summary>The format that is written.</summary>
    public const ushort SupportedFormat = 2;

    /// <summary>The oldest format that is read.</summary>
    public const ushort OldestFormat = 1;

    /// <summary>The length of the header in bytes.</summary>
    public const int Length = 60;

    /// <summary>The offset of the id of the store in the header.</summary>
    public const int StoreIdOffset = 12;

    /// <summary>The length of the id in bytes.</summary>
    public const int StoreIdLength = 16;

    private const byte OpenFlag = 1;
    private const byte OverwritingFlag = 2;
    private const byte UnfinishedFlag = 4;
    private const long FirstCheckpoint = 1;

    private static ReadOnlySpan<byte> Magic => "ImmCoreD"u8;

    /// <summary>True if the file has never been opened since it was created.</summary>
    public bool IsNew => !IsOpen && AppliedSequence == 0 && Checkpoint == FirstCheckpoint;

    /// <summary>Returns the header of a file that is being created.</summary>
    public static DataFileHeader New(Guid storeId) =>
        new(storeId, IsOpen: false, IsBeingOverwritten: false, AppliedSequence: 0, FirstCheckpoint);

    /// <summary>True if the bytes begin with the magic of a header.</summary>
    public static bool IsHeader(ReadOnlySpan<byte> bytes) => bytes.StartsWith(Magic);

    /// <summary>Reads the format number.</summary>
    public static ushort ReadFormat(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]);

    /// <summary>Reads a header of a format that is read.</summary>
    public static DataFileHeader Read(ReadOnlySpan<byte> bytes) => new(
        new Guid(bytes.Slice(StoreIdOffset, StoreIdLength)),
        (bytes[10] & OpenFlag) != 0,
        (bytes[10] & OverwritingFlag) != 0,
        BinaryPrimitives.ReadInt64LittleEndian(bytes[28..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[36..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[44..]),
        BinaryPrimitives.ReadInt64LittleEndian(bytes[52..]),
        (bytes[10] & UnfinishedFlag) != 0,
        ReadFormat(bytes));

    /// <summary>Writes the header.</summary>
    public void Write(Span<byte> bytes)
    {
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[8..], Format);
        bytes[10] = (byte)((IsOpen ? OpenFlag : 0) | (IsBeingOverwritten ? OverwritingFlag : 0) | (IsUnfinished ? UnfinishedFlag : 0));
        bytes[11] = 0;
        StoreId.TryWriteBytes(bytes[StoreIdOffset..]);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[28..], AppliedSequence);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[36..], Checkpoint);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[44..], LogGeneration);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[52..], LoggedSequence);
    }
}
