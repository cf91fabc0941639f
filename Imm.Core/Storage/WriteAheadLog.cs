using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// One of the two write-ahead logs of a store. A generation, which is one use of the file, begins with a header that is flushed before
/// anything else is written. Frames follow it. Each frame is one write that begins at a sector.
/// </summary>
/// <remarks>
/// <para>
/// The file is extended with zeros before frames are written and keeps its length from generation to generation, because an overwrite is
/// the cheapest write to flush. The header holds the length, so that a file that was cut is detected. One thread may make room while
/// another one appends where there is room.
/// </para>
/// <para>
/// Every frame states up to which batch its writer had flushed. So a reader can tell a frame that was torn before its flush, and was never
/// acknowledged, from one that was flushed and is damaged. For the last batch a mark does that: an idle mark is written after a pause
/// without changes, and an end mark before the other log becomes active.
/// </para>
/// </remarks>
internal sealed class WriteAheadLog : IDisposable
{
    /// <summary>The offset of the first frame.</summary>
    public const int FramesOffset = 4096;

    private const int PageEntryLength = 8 + DataPage.Size;
    private const int PagesPerWrite = 64;

    private static readonly byte[] Zeros = new byte[1 << 16];

    private readonly DiskFile _file;
    private readonly int _growthStep;
    private LogHeader _header;

    // As in the header, which one thread may be setting while another asks for this.
    private long _allocated;
    private uint _seed;

    private WriteAheadLog(DiskFile file, int growthStep) => (_file, _growthStep) = (file, growthStep);

    public string Name => _file.Name;

    public Guid StoreId => _header.StoreId;

    /// <summary>The format of the log.</summary>
    public ushort Format => _header.Format;

    /// <summary>The present generation; 0 in a log without one.</summary>
    public long Generation => _header.Generation;

    /// <summary>The number of the last batch that was in the data file when the generation began.</summary>
    public long BaseSequence => _header.BaseSequence;

    /// <summary>True if the file has no content, not even a header.</summary>
    public bool IsEmpty => _file.Length == 0;

    /// <summary>The length in bytes up to which there is room on the disk.</summary>
    public long Allocated => Volatile.Read(ref _allocated);

    /// <summary>The offset of the next frame.</summary>
    public long Position { get; private set; }

    /// <summary>Returns the paths of the two logs of a data file.</summary>
    public static (string First, string Second) Paths(string dataPath) => (dataPath + "-log1", dataPath + "-log2");

    /// <summary>Creates a log for <see cref="BeginGeneration"/>.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path of the log.</param>
    /// <param name="data">The data file, whose owner, group and permissions the log gets; null for the default ones.</param>
    /// <param name="growthStep">The size in bytes by multiples of which the file grows.</param>
    public static WriteAheadLog Create(
        Disk disk, string path, DataFile? data = null, int growthStep = FileStoreSettings.DefaultLogGrowthStep)
    {
        DiskFile file = disk.Create(path, data?.Mode);
        try
        {
            data?.GiveOwnerTo(file);
            return new WriteAheadLog(file, growthStep);
        }
        catch
        {
            disk.CloseAndDelete(file, path);
            throw;
        }
    }

    /// <summary>
    /// Opens a log. A file of nothing but zeros, or that is the beginning of a header, is a log whose first header never reached the disk;
    /// it has no generation.
    /// </summary>
    /// <exception cref="DamagedFileException">The file is not a log, its header is damaged, or it was cut.</exception>
    public static WriteAheadLog Open(
        Disk disk, string path, bool isReadOnly = false, int growthStep = FileStoreSettings.DefaultLogGrowthStep)
    {
        var log = new WriteAheadLog(isReadOnly ? disk.OpenToRead(path) : disk.Open(path), growthStep);
        try
        {
            log.ReadHeader();
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Returns the exception for a log of another store than the data file.</summary>
    public static DamagedFileException AnotherStore(string path) => new(
        $"The file '{path}' is the log of another store than the data file beside it. "
        + "If the data file is a restored backup, move the old log files away.",
        ImmUnavailableReason.MismatchedFiles);

    /// <summary>Returns the exception for a log of a later state than the data file.</summary>
    public static DamagedFileException LaterState(string path) => new(
        $"The file '{path}' goes on from a later state than the data file beside it has. "
        + "If the data file is an older copy, move the log files away.",
        ImmUnavailableReason.MismatchedFiles);

    /// <inheritdoc cref="DiskFile.IsAt"/>
    public bool IsAt(string path) => _file.IsAt(path);

    /// <summary>Verifies that the file is not shorter than its header says.</summary>
    /// <exception cref="DamagedFileException">The file was cut.</exception>
    public void VerifyLength()
    {
        // Read in this order: the file is extended before the header says so.
        long allocated = Allocated;
        long length = _file.Length;
        if (length < allocated)
        {
            throw new DamagedFileException(
                Name, string.Create(CultureInfo.InvariantCulture, $"it had {allocated} bytes, and was cut to {length}."));
        }
    }

    /// <summary>
    /// Removes the content of a log that is not needed. So a header that is only partly written is recognised as the beginning of one.
    /// </summary>
    public void Empty()
    {
        if (IsEmpty)
        {
            return;
        }

        _file.SetLength(0);

        // Before a header is written: the power may fail such that the new length is on the disk, and the old header.
        _file.Flush();
        SetHeader(default);
    }

    /// <summary>Begins a generation, which voids the content of the file. Flushed on return.</summary>
    /// <exception cref="OutOfSpaceException">There is no room for the header of an empty file; it is unchanged.</exception>
    public void BeginGeneration(Guid storeId, long generation, long baseSequence)
    {
        Invariant.Holds(storeId != StoreId || generation > Generation, "the generations of a log rise");
        _seed = FrameHeader.ChecksumOf(storeId);
        Position = FramesOffset;
        WriteHeader(new LogHeader(storeId, generation, baseSequence, Math.Max(Allocated, LogHeader.Length)));
        _file.Flush();
    }

    /// <summary>
    /// Writes the header and the frames again as they were read, and flushes. After a failed flush of an earlier process the operating
    /// system may return what is not on the disk, and flushing without writing would not bring it there.
    /// </summary>
    public void Rewrite(LogContent content)
    {
        // A log without frames may consist of its header.
        long end = Math.Min(content.End, _file.Length);
        var piece = new byte[1 << 16];
        for (long offset = 0; offset < end; offset += piece.Length)
        {
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(piece.Length, end - offset));
            _file.Read(offset, bytes);
            _file.Write(offset, bytes);
        }

        _file.Flush();
    }

    /// <summary>True if there is room for a frame and a mark behind it.</summary>
    public bool HasRoomFor(long frameLength) => LengthWith(frameLength) <= Allocated;

    /// <summary>Makes room for a frame and a mark behind it. The room is on the disk on return.</summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; it is unchanged.</exception>
    public void Reserve(long frameLength)
    {
        if (!HasRoomFor(frameLength))
        {
            GrowTo(LengthWith(frameLength));
        }
    }

    /// <summary>Makes room for what may come, by one step. The room is on the disk on return.</summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; it is unchanged.</exception>
    public void Extend() => GrowTo(Allocated + 1);

    /// <summary>
    /// Appends a batch. It is durable after <see cref="Flush"/>. The caller has called <see cref="Reserve"/>.
    /// </summary>
    /// <param name="batch">The batch.</param>
    /// <param name="sequence">The number of the batch, one more than that of the batch before it in the store.</param>
    /// <param name="flushedSequence">The number of the last batch that was flushed.</param>
    public void Append(LogBatch batch, long sequence, long flushedSequence)
    {
        FrameHeader header = new(FrameKind.Records, batch.Length - FrameHeader.Length, Generation, sequence, flushedSequence);
        AppendFrame(header, batch.Pad());
    }

    /// <summary>Appends a mark, which vouches for the batches that were flushed before it.</summary>
    public void AppendMark(FrameKind kind, long flushedSequence)
    {
        Span<byte> frame = stackalloc byte[Disk.SectorSize];
        frame.Clear();
        AppendFrame(new FrameHeader(kind, 0, Generation, FlushedSequence: flushedSequence), frame);
    }

    /// <summary>
    /// Writes page images as one frame behind the last frame. The next such frame overwrites it. It is durable after <see cref="Flush"/>.
    /// </summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; no page was written.</exception>
    public void WritePages(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        long length = (long)pages.Count * PageEntryLength;
        Reserve(FrameHeader.Length + length);
        var header = new byte[FrameHeader.Length];
        new FrameHeader(FrameKind.Pages, checked((int)length), Generation).Write(header);
        uint checksum = FrameHeader.ChecksumOf(header, _seed);

        // One checksum over all pages makes the frame whole or not. It is written in pieces, which bounds the buffer.
        byte[] piece = ArrayPool<byte>.Shared.Rent(PagesPerWrite * PageEntryLength);
        long offset = Position + FrameHeader.Length;
        foreach (KeyValuePair<uint, byte[]>[] some in pages.Chunk(PagesPerWrite))
        {
            for (int i = 0; i < some.Length; i++)
            {
                Span<byte> entry = piece.AsSpan(i * PageEntryLength, PageEntryLength);
                BinaryPrimitives.WriteInt64LittleEndian(entry, some[i].Key);
                some[i].Value.CopyTo(entry[8..]);
            }

            ReadOnlySpan<byte> bytes = piece.AsSpan(0, some.Length * PageEntryLength);
            checksum = Checksum.Of(bytes, checksum);
            _file.Write(offset, bytes);
            offset += bytes.Length;
        }

        ArrayPool<byte>.Shared.Return(piece);
        FrameHeader.WriteChecksum(header, checksum);
        _file.Write(Position, header);
    }

    /// <summary>Flushes every frame written so far to the disk.</summary>
    public void Flush() => _file.Flush();

    /// <inheritdoc cref="LogReader.Read"/>
    /// <param name="end">The offset at which reading stops; by default the end of the file.</param>
    public LogContent ReadFrames(long end = long.MaxValue) => new LogReader(_file, _header, end).Read(FramesOffset);

    /// <summary>Continues behind frames that were read.</summary>
    public void ContinueAfter(LogContent content) => Position = content.End;

    /// <summary>Appends the payload of a frame to a buffer.</summary>
    public void ReadPayload(in LogFrame frame, PackedWriter buffer) => _file.Read(frame.Offset, buffer.Extend(frame.Length));

    /// <summary>Reads the page images of a pages frame.</summary>
    public IEnumerable<KeyValuePair<uint, byte[]>> ReadPages(LogFrame frame)
    {
        var entry = new byte[PageEntryLength];
        for (long offset = frame.Offset; offset < frame.Offset + frame.Length; offset += entry.Length)
        {
            _file.Read(offset, entry);
            yield return new((uint)BinaryPrimitives.ReadInt64LittleEndian(entry), entry[8..]);
        }
    }

    /// <summary>
    /// Closes the file, and deletes it if its name still refers to it. Returns the reason if it could not be deleted.
    /// </summary>
    public Exception? Delete(Disk disk) => disk.CloseAndDelete(_file, Name);

    public void Dispose() => _file.Dispose();

    private void ReadHeader()
    {
        Span<byte> bytes = stackalloc byte[LogHeader.Length];
        bytes.Clear();
        int length = (int)Math.Min(_file.Length, LogHeader.Length);
        _file.Read(0, bytes[..length]);
        bool isCutShort = length < LogHeader.Length && LogHeader.IsHeader(bytes);
        if (isCutShort || (!bytes.ContainsAnyExcept((byte)0) && IsAllZeros()))
        {
            return;
        }

        SetHeader(LogHeader.Read(bytes, Name));
        _seed = FrameHeader.ChecksumOf(StoreId);
        Position = FramesOffset;
        VerifyLength();
    }

    private bool IsAllZeros()
    {
        var piece = new byte[1 << 16];
        for (long offset = 0; offset < _file.Length; offset += piece.Length)
        {
            Span<byte> bytes = piece.AsSpan(0, (int)Math.Min(piece.Length, _file.Length - offset));
            _file.Read(offset, bytes);
            if (bytes.ContainsAnyExcept((byte)0))
            {
                return false;
            }
        }

        return true;
    }

    private long LengthWith(long frameLength) => Position + LogReader.RoundUp(frameLength) + Disk.SectorSize;

    /// <summary>Makes the file at least so long, in whole steps.</summary>
    private void GrowTo(long least)
    {
        long length = (least + _growthStep - 1) / _growthStep * _growthStep;
        OutOfSpaceException.Grow(_file, file =>
        {
            for (long end = file.Length; end < length; end = file.Length)
            {
                file.Write(end, Zeros.AsSpan(0, (int)Math.Min(Zeros.Length, length - end)));
            }
        });
        _file.Flush();

        // The next flush brings it to the disk: a header that says less than there is does no harm.
        WriteHeader(_header with { Allocated = _file.Length });
    }

    /// <summary>Writes the header. It is durable after <see cref="Flush"/>.</summary>
    private void WriteHeader(LogHeader header)
    {
        OutOfSpaceException.Grow(_file, file =>
        {
            Span<byte> bytes = stackalloc byte[LogHeader.Length];
            bytes.Clear();
            header.Write(bytes);
            file.Write(0, bytes);
        });
        SetHeader(header);
    }

    private void SetHeader(in LogHeader header)
    {
        _header = header;
        Volatile.Write(ref _allocated, header.Allocated);
    }

    /// <summary>Completes the header of a frame that is padded to whole sectors, and writes the frame.</summary>
    private void AppendFrame(in FrameHeader header, Span<byte> frame)
    {
        Invariant.Holds(Position + frame.Length <= Allocated, "room is reserved before a frame is written");
        header.Write(frame);
        uint checksum = Checksum.Of(frame.Slice(FrameHeader.Length, header.PayloadLength), FrameHeader.ChecksumOf(frame, _seed));
        FrameHeader.WriteChecksum(frame, checksum);
        _file.Write(Position, frame);
        Position += frame.Length;
    }
}
