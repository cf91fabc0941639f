using System.Globalization;

namespace Imm.Core.Storage;

/// <summary>A frame that was read: its header, and the offset of its payload in the file.</summary>
internal readonly record struct LogFrame(FrameHeader Header, long Offset)
{
    public long Sequence => Header.Sequence;

    public int Length => Header.PayloadLength;
}

/// <summary>The frames of one generation of a log.</summary>
/// <param name="Batches">The records frames, up to the first frame that is not whole.</param>
/// <param name="Pages">The last pages frame, wherever it is in the file; null if there is none.</param>
/// <param name="FlushedSequence">The greatest number of a flushed batch that a whole frame states.</param>
/// <param name="IsEnded">True if there is an end mark: later batches are in the other log.</param>
/// <param name="End">The offset behind the last whole frame before which every frame is whole.</param>
internal sealed record LogContent(List<LogFrame> Batches, LogFrame? Pages, long FlushedSequence, bool IsEnded, long End);

/// <summary>
/// Finds the frames of the present generation in a log. A frame counts only if its checksum is right, so that neither a torn frame nor one
/// of an earlier generation or another store is taken for a frame of this one.
/// </summary>
internal sealed class LogReader
{
    private readonly DiskFile _file;
    private readonly LogHeader _header;
    private readonly uint _seed;
    private readonly long _end;
    private readonly byte[] _buffer = new byte[1 << 16];
    private long _bufferOffset;
    private int _buffered;

    /// <param name="file">The log.</param>
    /// <param name="header">The header of the log.</param>
    /// <param name="end">The offset at which reading stops; the length of the file if that is less.</param>
    public LogReader(DiskFile file, in LogHeader header, long end)
    {
        (_file, _header, _seed, _end) = (file, header, FrameHeader.ChecksumOf(header.StoreId), Math.Min(end, file.Length));
    }

    /// <summary>Reads all frames.</summary>
    /// <remarks>
    /// Reading continues at the next sector if no whole frame begins at a sector. A batch behind such a gap is not returned, but
    /// <see cref="LogContent.FlushedSequence"/> takes its statement about earlier batches into account.
    /// </remarks>
    /// <param name="start">The offset of the first frame.</param>
    /// <exception cref="DamagedFileException">A frame is of a later generation than the header.</exception>
    public LogContent Read(long start)
    {
        var batches = new List<LogFrame>();
        LogFrame? pages = null;
        long flushed = 0;
        bool isBroken = false;
        bool isEnded = false;
        long next = start;
        for (long offset = start; offset + FrameHeader.Length <= _end;)
        {
            if (TryReadFrame(offset) is not { } frame)
            {
                isBroken = true;
                offset += Disk.SectorSize;
                continue;
            }

            offset = RoundUp(frame.Offset + frame.Length);
            flushed = Math.Max(flushed, frame.Header.FlushedSequence);
            switch (frame.Header.Kind)
            {
                case FrameKind.Pages:
                    pages = frame;
                    continue;
                case FrameKind.Records:
                    isBroken |= batches.Count > 0 && frame.Sequence != batches[^1].Sequence + 1;
                    if (!isBroken)
                    {
                        batches.Add(frame);
                    }

                    break;
                case FrameKind.EndMark:
                    isEnded = true;
                    break;
            }

            next = isBroken ? next : offset;
        }

        return new LogContent(batches, pages, flushed, isEnded, next);
    }

    /// <summary>Rounds a length up to whole sectors.</summary>
    public static long RoundUp(long length) => length + (-length & (Disk.SectorSize - 1));

    private LogFrame? TryReadFrame(long offset)
    {
        ReadOnlySpan<byte> bytes = Buffer(offset, FrameHeader.Length);
        FrameHeader header = FrameHeader.Read(bytes);
        long payload = offset + FrameHeader.Length;
        if (header.Generation < _header.Generation || header.PayloadLength < 0 || payload + header.PayloadLength > _end)
        {
            return null;
        }

        uint expected = FrameHeader.ReadChecksum(bytes);
        uint checksum = FrameHeader.ChecksumOf(bytes, _seed);
        for (long at = payload, left = header.PayloadLength; left > 0;)
        {
            ReadOnlySpan<byte> piece = Buffer(at, 1);
            piece = piece[..(int)Math.Min(piece.Length, left)];
            checksum = Checksum.Of(piece, checksum);
            (at, left) = (at + piece.Length, left - piece.Length);
        }

        if (checksum != expected)
        {
            return null;
        }

        // The header of a log is flushed before any frame of its generation is written.
        return header.Generation == _header.Generation
            ? new LogFrame(header, payload)
            : throw new DamagedFileException(
                _file.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"its header is of generation {_header.Generation}, and it holds changes of generation {header.Generation}."));
    }

    /// <summary>Returns the bytes from an offset on that are in the buffer, after reading on if they are fewer than needed.</summary>
    private ReadOnlySpan<byte> Buffer(long offset, int needed)
    {
        if (offset < _bufferOffset || offset + needed > _bufferOffset + _buffered)
        {
            _bufferOffset = offset;
            _buffered = 0;
            int count = (int)Math.Min(_buffer.Length, _end - offset);
            _file.Read(offset, _buffer.AsSpan(0, count));
            _buffered = count;
        }

        return _buffer.AsSpan((int)(offset - _bufferOffset), _buffered - (int)(offset - _bufferOffset));
    }
}
