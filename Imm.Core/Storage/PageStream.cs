using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The data file as LiteDB sees it. What LiteDB writes stays here, in memory, until the store takes it and brings it to the disk in a way
/// that a power cut cannot tear; what it reads comes from here or, its checksum verified, from the file.
/// </summary>
/// <remarks>LiteDB enters it under one lock; it reads and writes whole pages only.</remarks>
internal sealed class PageStream(IPages file) : Stream
{
    private readonly SortedDictionary<uint, byte[]> _written = [];
    private long _pageCount = file.PageCount;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _pageCount * DataFile.PageSize;

    public override long Position { get; set; }

    /// <summary>The number of pages that LiteDB has read, and may hold.</summary>
    public long PagesRead { get; private set; }

    /// <summary>The number of pages that LiteDB has written and that were not taken yet.</summary>
    public int PagesWritten => _written.Count;

    /// <summary>
    /// The pages that were written, in order, with their checksums; the first page is always among them, for it carries the header.
    /// </summary>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakeWritten(in DataFile.Header header)
    {
        if (!_written.ContainsKey(0))
        {
            var first = new byte[DataFile.PageSize];
            file.ReadPage(0, first);
            _written.Add(0, first);
        }

        foreach ((uint number, byte[] page) in _written)
        {
            DataFile.WriteChecksum(number, page, header);
        }

        KeyValuePair<uint, byte[]>[] pages = [.. _written];
        _written.Clear();
        return pages;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Span<byte> page = PageOf(buffer, offset, count, out uint number);
        if (_written.TryGetValue(number, out byte[]? written))
        {
            written.CopyTo(page);
        }
        else
        {
            file.ReadPage(number, page);
        }

        Position += DataFile.PageSize;
        PagesRead++;
        return DataFile.PageSize;
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ReadOnlySpan<byte> page = PageOf(buffer, offset, count, out uint number);
        _written[number] = page.ToArray();
        _pageCount = Math.Max(_pageCount, number + 1L);
        Position += DataFile.PageSize;
    }

    public override void Flush()
    {
        // Nothing to do: the store decides when and how the pages reach the disk.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    private Span<byte> PageOf(byte[] buffer, int offset, int count, out uint number)
    {
        Invariant.Holds(count == DataFile.PageSize && Position % DataFile.PageSize == 0, "LiteDB reads and writes whole pages");
        number = checked((uint)(Position / DataFile.PageSize));
        return buffer.AsSpan(offset, count);
    }
}
