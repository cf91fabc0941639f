using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// One of the two write-ahead log files of a store. A log is written in generations: each begins with a header that is flushed before
/// anything follows it, and then holds frames, each one write that begins on a 512-byte sector and carries a checksum over itself, its
/// generation and its store, so that neither a torn frame nor one of an earlier generation is taken for a frame of this one.
/// </summary>
/// <remarks>
/// <para>
/// The file is filled with zeros ahead of the frames and keeps its size from generation to generation: overwriting is the fastest thing to
/// flush. The header says how long the file was made, so that one that was cut is found out.
/// </para>
/// <para>
/// Every frame says up to which frame its writer had flushed when it wrote it. So a reader can tell a frame that was torn before it was
/// flushed, which was never promised to anybody, from one that was flushed and has gone bad since. For the last frame a mark does that: one
/// is written after a moment without changes, and one ends a generation before the other log goes on.
/// </para>
/// </remarks>
internal sealed class RedoLog : IDisposable
{
    public const int HeaderSize = 4096;
    public const int SectorSize = 512;
    public const int FrameHeaderSize = 40;

    /// <summary>The file grows by at least this much.</summary>
    public const int GrowthStep = 1 << 20;

    private const ushort Format = 1;
    private const int HeaderLength = 64;

    private static readonly byte[] Zeros = new byte[GrowthStep];

    private readonly DiskFile _file;
    private uint _seed;

    private RedoLog(DiskFile file) => _file = file;

    private static ReadOnlySpan<byte> Magic => "ImmCoreL"u8;

    public string Name => _file.Name;

    /// <summary>Ties the log to its data file.</summary>
    public Guid StoreId { get; private set; }

    /// <summary>The number of the present generation, rising over both logs of a store; 0 in a file without content.</summary>
    public long Generation { get; private set; }

    /// <summary>All frames up to this number were in the data file when the generation began.</summary>
    public long BaseSequence { get; private set; }

    /// <summary>The place of the next frame.</summary>
    public long Position { get; private set; }

    /// <summary>The length of the file, as its header says; 0 where an earlier version wrote it.</summary>
    public long Allocated { get; private set; }

    /// <summary>Creates the file, for <see cref="Begin"/>.</summary>
    public static RedoLog Create(Disk disk, string path, UnixFileMode? mode) => new(disk.Create(path, mode));

    /// <summary>
    /// Opens a log. Nothing but zeros in the whole file is a log that was created and whose first header never reached the disk.
    /// </summary>
    /// <exception cref="DamagedFileException">The file is no log, its header is damaged, or it was cut short.</exception>
    public static RedoLog Open(Disk disk, string path)
    {
        var log = new RedoLog(disk.Open(path));
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

    /// <summary>True if the name leads to this file still.</summary>
    public bool IsAt(string path) => _file.IsAt(path);

    /// <summary>Verifies that the file is as long as it was made.</summary>
    /// <exception cref="DamagedFileException">The file was cut short.</exception>
    public void VerifyLength()
    {
        // In this order: the file is made longer first.
        long allocated = Allocated;
        long length = _file.Length;
        if (length < allocated)
        {
            throw new DamagedFileException(
                Name, string.Create(CultureInfo.InvariantCulture, $"it was made {allocated} bytes long, and was cut to {length}."));
        }
    }

    /// <summary>
    /// Takes everything out of a log that nothing needs any more, so that a header that is written in part is the beginning of one.
    /// </summary>
    public void Empty()
    {
        _file.SetLength(0);
        (StoreId, Generation, Allocated) = (Guid.Empty, 0, 0);
    }

    /// <summary>Begins a generation: whatever the file holds counts no longer. Returns once that is on the disk.</summary>
    public void Begin(Guid storeId, long generation, long baseSequence)
    {
        Invariant.Holds(storeId != StoreId || generation > Generation, "the generations of a log rise");
        (StoreId, _seed, Generation, BaseSequence) = (storeId, SeedOf(storeId), generation, baseSequence);
        Allocated = Math.Max(Allocated, HeaderLength);
        Position = HeaderSize;
        WriteHeader();
    }

    /// <summary>
    /// Writes the header and the frames again as they were read, so that the disk has them, and flushes the file. After a flush that failed
    /// in an earlier process the cache may show what a further flush would not bring to the disk.
    /// </summary>
    public void Rewrite(LogContent content)
    {
        // A log without frames may be its header only.
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

    /// <summary>Makes room for a frame and for a mark behind it. Returns once the room is on the disk.</summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; it is as it was.</exception>
    public void Reserve(long frameLength)
    {
        long need = Position + RoundUp(frameLength) + SectorSize;
        if (need <= Allocated)
        {
            return;
        }

        // In growing steps, for each costs two flushes.
        long length = Math.Max(need, Allocated * 5 / 4);
        Allocate((length + GrowthStep - 1) / GrowthStep * GrowthStep);
        _file.Flush();
        Allocated = _file.Length;
        WriteHeader();
    }

    /// <summary>Writes a batch behind the last frame; it is durable after <see cref="Flush"/>. The caller has made room for it.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="sequence">The batch's number, one more than that of the batch before it in the store.</param>
    /// <param name="flushedSequence">The number of the last batch that is known to be on the disk.</param>
    public void Append(LogBatch batch, long sequence, long flushedSequence)
    {
        PackedWriter frame = batch.Frame;
        int length = frame.Length - FrameHeaderSize;
        frame.Take(-frame.Length & (SectorSize - 1));
        Span<byte> bytes = frame.Written;
        WriteFrameHeader(bytes, FrameKind.Records, length, sequence, flushedSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum.Of(bytes[4..(FrameHeaderSize + length)], _seed));
        Write(bytes);
    }

    /// <summary>
    /// Writes a mark behind the last frame, which vouches for what was flushed before it; it is safe after <see cref="Flush"/>.
    /// </summary>
    public void AppendMark(FrameKind kind, long flushedSequence)
    {
        Span<byte> bytes = stackalloc byte[SectorSize];
        bytes.Clear();
        WriteFrameHeader(bytes, kind, 0, sequence: 0, flushedSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum.Of(bytes[4..FrameHeaderSize], _seed));
        Write(bytes);
    }

    /// <summary>
    /// Writes pages of the data file as one frame behind the last one, where the next such frame takes its place. They are safe after
    /// <see cref="Flush"/>.
    /// </summary>
    /// <exception cref="OutOfSpaceException">The file cannot grow; no page was written.</exception>
    public void WritePages(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        const int Entry = 8 + DataFile.PageSize;
        long length = (long)pages.Count * Entry;
        Reserve(FrameHeaderSize + length);
        var header = new byte[FrameHeaderSize];
        WriteFrameHeader(header, FrameKind.Pages, checked((int)length), sequence: 0, flushedSequence: 0);
        uint checksum = Checksum.Of(header.AsSpan(4), _seed);

        // One frame of any size: a single checksum makes it whole or nothing. It is written in pieces, to need no buffer of its size.
        var piece = new byte[64 * Entry];
        long offset = Position + FrameHeaderSize;
        for (int i = 0; i < pages.Count; i += 64)
        {
            int count = Math.Min(64, pages.Count - i);
            for (int j = 0; j < count; j++)
            {
                Span<byte> entry = piece.AsSpan(j * Entry, Entry);
                BinaryPrimitives.WriteInt64LittleEndian(entry, pages[i + j].Key);
                pages[i + j].Value.CopyTo(entry[8..]);
            }

            ReadOnlySpan<byte> bytes = piece.AsSpan(0, count * Entry);
            checksum = Checksum.Of(bytes, checksum);
            _file.Write(offset, bytes);
            offset += bytes.Length;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(header, checksum);
        _file.Write(Position, header);
    }

    /// <summary>Returns once every frame written so far is on the disk.</summary>
    public void Flush() => _file.Flush();

    /// <summary>
    /// Finds the frames of the present generation. The batches that stand intact behind a broken one are not among them, but count in
    /// <see cref="LogContent.FlushedSequence"/>.
    /// </summary>
    /// <param name="end">Where to stop; by default at the end of the file.</param>
    /// <exception cref="DamagedFileException">A frame is of a later generation than the header.</exception>
    public LogContent ReadFrames(long end = long.MaxValue)
    {
        var frames = new List<LogFrame>();
        long flushed = 0;
        LogFrame? pages = null;
        bool broken = false;
        bool isEnded = false;
        long next = HeaderSize;
        end = Math.Min(end, _file.Length);
        for (long position = HeaderSize; position + FrameHeaderSize <= end;)
        {
            if (TryReadFrame(position, end) is not { } frame)
            {
                broken = true;
                position += SectorSize;
                continue;
            }

            position = RoundUp(frame.Offset + frame.Length);
            flushed = Math.Max(flushed, frame.FlushedSequence);
            switch (frame.Kind)
            {
                case FrameKind.Pages:
                    pages = frame;
                    continue;
                case FrameKind.Records when frames.Count == 0 || frame.Sequence == frames[^1].Sequence + 1:
                    if (!broken)
                    {
                        frames.Add(frame);
                    }

                    break;
                case FrameKind.Records:
                    broken = true;
                    break;
                case FrameKind.End:
                    isEnded = true;
                    break;
            }

            next = broken ? next : position;
        }

        return new LogContent(frames, pages, flushed, isEnded, next);
    }

    /// <summary>Goes on behind the frames that were found.</summary>
    public void GoOnBehind(LogContent content) => Position = content.End;

    /// <summary>Reads what a frame holds.</summary>
    public void ReadPayload(in LogFrame frame, PackedWriter into) => _file.Read(frame.Offset, into.Take(frame.Length));

    /// <summary>The pages that a frame of pages holds.</summary>
    public IEnumerable<KeyValuePair<uint, byte[]>> ReadPages(LogFrame frame)
    {
        var entry = new byte[8 + DataFile.PageSize];
        for (long offset = frame.Offset; offset < frame.Offset + frame.Length; offset += entry.Length)
        {
            _file.Read(offset, entry);
            yield return new((uint)BinaryPrimitives.ReadInt64LittleEndian(entry), entry[8..]);
        }
    }

    /// <summary>The exception for a log that does not belong to the data file beside it.</summary>
    public static DamagedFileException OfAnotherStore(string name) => new(
        name,
        "it is the log of another store than the data file beside it. "
        + "Where the data file is a restored backup, move the old log files away.");

    /// <summary>Closes the file and deletes it, if its name still leads to it; gives the reason where it stays.</summary>
    public Exception? Delete(Disk disk) => disk.CloseAndDelete(_file, Name);

    public void Dispose() => _file.Dispose();

    private static long RoundUp(long length) => length + (-length & (SectorSize - 1));

    private static uint SeedOf(Guid storeId)
    {
        Span<byte> id = stackalloc byte[16];
        storeId.TryWriteBytes(id);
        return Checksum.Of(id);
    }

    private void ReadHeader()
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        header.Clear();
        int length = (int)Math.Min(_file.Length, HeaderLength);
        _file.Read(0, header[..length]);

        // The first header of a file was never flushed if it is not all there.
        if ((!header.ContainsAnyExcept((byte)0) && IsAllZeros()) || (length < HeaderLength && header.StartsWith(Magic)))
        {
            return;
        }

        if (!header.StartsWith(Magic))
        {
            throw new DamagedFileException(Name, "it stands where the log of the store belongs, and is none. It was left as it is.");
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        if (format != Format)
        {
            throw new DamagedFileException(Name, $"it has format {format}, and this version of Imm.Core reads format {Format}.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header[(HeaderLength - 4)..]) != Checksum.Of(header[..(HeaderLength - 4)]))
        {
            throw new DamagedFileException(Name, "the checksum of its header is wrong.");
        }

        StoreId = new Guid(header.Slice(16, 16));
        _seed = SeedOf(StoreId);
        Generation = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
        BaseSequence = BinaryPrimitives.ReadInt64LittleEndian(header[40..]);
        Allocated = BinaryPrimitives.ReadInt64LittleEndian(header[48..]);
        Position = HeaderSize;
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

    private void WriteHeader()
    {
        var header = new byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Format);
        StoreId.TryWriteBytes(header.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), Generation);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), BaseSequence);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), Allocated);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderLength - 4), Checksum.Of(header.AsSpan(0, HeaderLength - 4)));
        _file.Write(0, header);
        _file.Flush();
    }

    private void WriteFrameHeader(Span<byte> header, FrameKind kind, int length, long sequence, long flushedSequence)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Generation);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], flushedSequence);
        header[32] = (byte)kind;
        header[33..FrameHeaderSize].Clear();
    }

    private void Write(ReadOnlySpan<byte> frame)
    {
        Invariant.Holds(Position + frame.Length <= Allocated, "room was made for a frame before it is written");
        _file.Write(Position, frame);
        Position += frame.Length;
    }

    private LogFrame? TryReadFrame(long position, long end)
    {
        Span<byte> header = stackalloc byte[FrameHeaderSize];
        _file.Read(position, header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        long generation = BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
        if (generation < Generation || length < 0 || position + FrameHeaderSize + length > end)
        {
            return null;
        }

        uint checksum = Checksum.Of(header[4..], _seed);
        var piece = new byte[Math.Min(length, 1 << 16)];
        for (int read = 0; read < length; read += piece.Length)
        {
            Span<byte> bytes = piece.AsSpan(0, Math.Min(piece.Length, length - read));
            _file.Read(position + FrameHeaderSize + read, bytes);
            checksum = Checksum.Of(bytes, checksum);
        }

        if (checksum != BinaryPrimitives.ReadUInt32LittleEndian(header))
        {
            return null;
        }

        // A header is on the disk before any frame of its generation.
        return generation == Generation
            ? new LogFrame(
                (FrameKind)header[32],
                BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
                position + FrameHeaderSize,
                length)
            : throw new DamagedFileException(
                Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its header is of generation {Generation}, and it holds changes of generation {generation}."));
    }

    /// <summary>Makes the file longer with zeros; where there is no room it stays as long as it was.</summary>
    private void Allocate(long length)
    {
        long before = _file.Length;
        try
        {
            OutOfSpaceException.ThrowInstead(
                () =>
                {
                    for (long end = before; end < length; end = _file.Length)
                    {
                        _file.Write(end, Zeros.AsSpan(0, (int)Math.Min(GrowthStep, length - end)));
                    }
                },
                Name);
        }
        catch (OutOfSpaceException)
        {
            _file.SetLength(before);
            throw;
        }
    }
}

/// <summary>The kind of content of a frame. The numbers are part of the file format.</summary>
internal enum FrameKind : byte
{
    /// <summary>The records of one batch of commits.</summary>
    Records = 1,

    /// <summary>Pages of the data file that a checkpoint is about to overwrite.</summary>
    Pages = 2,

    /// <summary>A mark after a moment without changes.</summary>
    Idle = 3,

    /// <summary>The mark that ends a generation: the other log goes on.</summary>
    End = 4,
}

/// <summary>A whole frame in a log: where its payload is, and which frames its writer knew to be on the disk.</summary>
internal readonly record struct LogFrame(FrameKind Kind, long Sequence, long FlushedSequence, long Offset, int Length);

/// <summary>The content of a generation.</summary>
/// <param name="Frames">The frames of records up to the first that is not whole.</param>
/// <param name="Pages">The last frame of pages, wherever it stands.</param>
/// <param name="FlushedSequence">The greatest number that any whole frame says was flushed.</param>
/// <param name="IsEnded">True if the other log goes on.</param>
/// <param name="End">The place behind the last whole frame that nothing broken stands before.</param>
internal sealed record LogContent(List<LogFrame> Frames, LogFrame? Pages, long FlushedSequence, bool IsEnded, long End);
