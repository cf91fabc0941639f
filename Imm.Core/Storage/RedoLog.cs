using System.Buffers.Binary;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// One of the two log files of a store. A log is written in laps: a lap begins with a header that is flushed before anything follows it, and then
/// holds frames, each one write that begins on a 512-byte sector and carries a checksum over itself, its lap and its store, so that neither a torn
/// frame nor one of an earlier lap is taken for a frame of this one.
/// </summary>
/// <remarks>
/// The file is filled with zeros ahead of the frames, in steps, and keeps its size from lap to lap: overwriting is the fastest thing to flush.
/// Every frame says up to which frame its writer had flushed when it wrote it. So a reader can tell a frame that was torn before it was flushed,
/// which was never promised to anybody, from one that was flushed and has gone bad since.
/// </remarks>
internal sealed class RedoLog : IDisposable
{
    public const int HeaderSize = 4096;
    public const int SectorSize = 512;
    public const int FrameHeaderSize = 40;

    /// <summary>The file grows by this much at a time.</summary>
    public const int GrowthStep = 1 << 20;

    private const ushort Format = 1;
    private const int HeaderLength = 64;

    private static readonly byte[] Zeros = new byte[GrowthStep];

    private readonly DiskFile _file;
    private readonly uint _seed;

    private RedoLog(DiskFile file, Guid storeId)
    {
        _file = file;
        StoreId = storeId;
        Span<byte> id = stackalloc byte[16];
        storeId.TryWriteBytes(id);
        _seed = Checksum.Of(id);
        Allocated = file.Length;
    }

    private static ReadOnlySpan<byte> Magic => "ImmCoreL"u8;

    public string Name => _file.Name;

    /// <summary>Ties the log to its data file.</summary>
    public Guid StoreId { get; }

    /// <summary>The number of the present lap, rising over both logs of a store.</summary>
    public long Lap { get; private set; }

    /// <summary>All frames up to this number were in the data file when the lap began.</summary>
    public long BaseSequence { get; private set; }

    /// <summary>The place of the next frame.</summary>
    public long Position { get; private set; }

    /// <summary>The length of the file.</summary>
    public long Allocated { get; private set; }

    /// <summary>Creates the file, or takes over what is there, with an empty first lap.</summary>
    public static RedoLog Create(Disk disk, string path, Guid storeId, long lap, long baseSequence)
    {
        var log = new RedoLog(disk.Create(path), storeId);
        try
        {
            log.Begin(lap, baseSequence);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Opens a log of a store; null where the file was created but its first header never reached the disk.</summary>
    /// <exception cref="DamagedFileException">The file is no log of this store, or its header is damaged.</exception>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path of the log.</param>
    /// <param name="storeId">The store that it must belong to; null for any.</param>
    public static RedoLog? Open(Disk disk, string path, Guid? storeId)
    {
        DiskFile file = disk.Open(path);
        try
        {
            Span<byte> header = stackalloc byte[HeaderLength];
            int length = (int)Math.Min(file.Length, HeaderLength);
            file.Read(0, header[..length]);
            if (!header.ContainsAnyExcept((byte)0) || (length < HeaderLength && header[..length].StartsWith(Magic)))
            {
                file.Dispose();
                return null;
            }

            return new RedoLog(file, CheckHeader(file.Name, header, storeId))
            {
                Lap = BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
                BaseSequence = BinaryPrimitives.ReadInt64LittleEndian(header[40..]),
                Position = HeaderSize,
            };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Begins a lap: whatever the file holds counts no longer. Returns once that is on the disk.</summary>
    public void Begin(long lap, long baseSequence)
    {
        Invariant.Holds(lap > Lap, "the laps of a log rise");
        var header = new byte[HeaderLength];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Format);
        StoreId.TryWriteBytes(header.AsSpan(16));
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), lap);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), baseSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(HeaderLength - 4), Checksum.Of(header.AsSpan(0, HeaderLength - 4)));
        _file.Write(0, header);
        _file.Flush();
        Allocated = Math.Max(Allocated, HeaderLength);
        Lap = lap;
        BaseSequence = baseSequence;
        Position = HeaderSize;
    }

    /// <summary>Writes a frame behind the last one; it is safe after <see cref="Flush"/>.</summary>
    /// <param name="frame">A buffer whose first <see cref="FrameHeaderSize"/> bytes are free; it is padded to whole sectors.</param>
    /// <param name="kind">What the frame holds.</param>
    /// <param name="sequence">The frame's number, one more than that of the frame before it in the store.</param>
    /// <param name="flushedSequence">The number of the last frame that is known to be on the disk.</param>
    public void Append(PackedWriter frame, FrameKind kind, long sequence, long flushedSequence)
    {
        int length = frame.Length - FrameHeaderSize;
        frame.Take(-frame.Length & (SectorSize - 1));
        Span<byte> bytes = frame.Written;
        WriteFrameHeader(bytes, kind, length, sequence, flushedSequence);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Checksum.Of(bytes[4..(FrameHeaderSize + length)], _seed));
        Grow(bytes.Length);
        _file.Write(Position, bytes);
        Position += bytes.Length;
    }

    /// <summary>Writes pages of the data file as one frame behind the last one; they are safe after <see cref="Flush"/>.</summary>
    /// <remarks>Such a frame has no place in the sequence of batches, for the other log goes on meanwhile; it ends its lap.</remarks>
    public void AppendPages(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        const int Entry = 8 + DataFile.PageSize;
        long length = (long)pages.Count * Entry;
        Grow(FrameHeaderSize + length);
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
        Position = RoundUp(offset);
    }

    /// <summary>Returns once every frame written so far is on the disk.</summary>
    public void Flush() => _file.Flush();

    /// <summary>
    /// Reads the frames of the present lap, and leaves <see cref="Position"/> behind the last whole batch. The batches that stand intact behind a
    /// broken one are not among them, but count in <see cref="LogContent.FlushedSequence"/>.
    /// </summary>
    public LogContent ReadFrames()
    {
        var frames = new List<LogFrame>();
        long flushed = 0;
        LogFrame? pages = null;
        bool broken = false;
        Position = HeaderSize;
        for (long position = HeaderSize; position + FrameHeaderSize <= Allocated;)
        {
            if (TryReadFrame(position) is not { } frame)
            {
                broken = true;
                position += SectorSize;
                continue;
            }

            position = RoundUp(frame.Offset + frame.Length);
            flushed = Math.Max(flushed, frame.FlushedSequence);
            if (frame.Kind == FrameKind.Pages)
            {
                pages = frame;
            }
            else if (!broken && (frames.Count == 0 || frame.Sequence == frames[^1].Sequence + 1))
            {
                frames.Add(frame);
                Position = position;
            }
            else
            {
                broken = true;
            }
        }

        return new LogContent(frames, pages, flushed);
    }

    public byte[] ReadPayload(in LogFrame frame)
    {
        var payload = new byte[frame.Length];
        _file.Read(frame.Offset, payload);
        return payload;
    }

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

    /// <summary>What to say of a log that does not belong to the data file beside it.</summary>
    public static DamagedFileException OfAnotherStore(string name) => new(
        name, "it is the log of another store than the data file beside it. Where the data file is a restored backup, move the old log files away.");

    public void Dispose() => _file.Dispose();

    private static long RoundUp(long length) => length + (-length & (SectorSize - 1));

    private static Guid CheckHeader(string name, ReadOnlySpan<byte> header, Guid? expectedStoreId)
    {
        if (!header.StartsWith(Magic))
        {
            throw new DamagedFileException(name, "it stands where the log of the store belongs, and is none.");
        }

        ushort format = BinaryPrimitives.ReadUInt16LittleEndian(header[8..]);
        if (format != Format)
        {
            throw new DamagedFileException(name, $"it has format {format}, and this version of Imm.Core reads format {Format}.");
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(header[(HeaderLength - 4)..]) != Checksum.Of(header[..(HeaderLength - 4)]))
        {
            throw new DamagedFileException(name, "the checksum of its header is wrong.");
        }

        var storeId = new Guid(header.Slice(16, 16));
        return expectedStoreId is null || storeId == expectedStoreId
            ? storeId
            : throw OfAnotherStore(name);
    }

    private void WriteFrameHeader(Span<byte> header, FrameKind kind, int length, long sequence, long flushedSequence)
    {
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], Lap);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], sequence);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], flushedSequence);
        header[32] = (byte)kind;
        header[33..FrameHeaderSize].Clear();
    }

    private LogFrame? TryReadFrame(long position)
    {
        if (position + FrameHeaderSize > Allocated)
        {
            return null;
        }

        Span<byte> header = stackalloc byte[FrameHeaderSize];
        _file.Read(position, header);
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        if (BinaryPrimitives.ReadInt64LittleEndian(header[8..]) != Lap || length < 0 || position + FrameHeaderSize + length > Allocated)
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

        return checksum == BinaryPrimitives.ReadUInt32LittleEndian(header)
            ? new LogFrame(
                (FrameKind)header[32],
                BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
                position + FrameHeaderSize,
                length)
            : null;
    }

    private void Grow(long need)
    {
        long end = Position + need;
        while (Allocated < end)
        {
            _file.Write(Allocated, Zeros.AsSpan(0, (int)(GrowthStep - (Allocated & (GrowthStep - 1)))));
            Allocated = _file.Length;
        }
    }
}

/// <summary>What a frame holds. The numbers are part of the file format.</summary>
internal enum FrameKind : byte
{
    /// <summary>The records of one batch of commits.</summary>
    Records = 1,

    /// <summary>Pages of the data file that a checkpoint is about to overwrite.</summary>
    Pages = 2,
}

/// <summary>A whole frame in a log: where its payload is, and which frames its writer knew to be on the disk.</summary>
internal readonly record struct LogFrame(FrameKind Kind, long Sequence, long FlushedSequence, long Offset, int Length);

/// <summary>What a lap holds.</summary>
/// <param name="Frames">The frames of records up to the first that is not whole.</param>
/// <param name="Pages">The frame of pages, wherever it stands.</param>
/// <param name="FlushedSequence">The greatest number that any whole frame says was flushed.</param>
internal sealed record LogContent(List<LogFrame> Frames, LogFrame? Pages, long FlushedSequence);
