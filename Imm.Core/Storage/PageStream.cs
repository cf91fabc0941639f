using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The data file as a stream for LiteDB. It reads verified pages from the file. Pages that LiteDB writes stay in memory, until a checkpoint
/// takes them and writes them in a way that a power cut cannot tear.
/// </summary>
/// <remarks>LiteDB uses it under one lock, and reads and writes whole pages only.</remarks>
internal sealed class PageStream(IPages file) : Stream, IPages
{
    private readonly SortedDictionary<uint, byte[]> _written = [];
    private readonly Stack<byte[]> _spare = [];
    private long _pageCount = file.PageCount;

    /// <summary>Called with the number of each page that LiteDB writes.</summary>
    public Action<uint>? Written { get; set; }

    public string Name => file.Name;

    public UnixFileMode? Mode => file.Mode;

    public long PageCount => _pageCount;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => true;

    public override long Length => _pageCount * DataPage.Size;

    public override long Position { get; set; }

    /// <summary>The number of pages that LiteDB has read, and may hold in memory.</summary>
    public long PagesRead { get; private set; }

    /// <summary>The number of pages that LiteDB has written since the last <see cref="TakeWritten"/>.</summary>
    public int PagesWritten => _written.Count;

    /// <summary>
    /// Removes and returns the written pages with checksums, in order. Page 0, which holds the header, is always among them.
    /// </summary>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakeWritten(in DataFileHeader header)
    {
        if (!_written.ContainsKey(0))
        {
            byte[] first = NewPage();
            file.ReadPage(0, first);
            _written.Add(0, first);
        }

        foreach ((uint number, byte[] page) in _written)
        {
            DataPage.WriteChecksum(number, page, header);
        }

        KeyValuePair<uint, byte[]>[] pages = [.. _written];
        _written.Clear();
        return pages;
    }

    /// <summary>Takes pages back that <see cref="TakeWritten"/> has returned, to use their memory again.</summary>
    public void Recycle(IReadOnlyList<KeyValuePair<uint, byte[]>> pages)
    {
        foreach ((_, byte[] page) in pages)
        {
            _spare.Push(page);
        }
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        Span<byte> page = PageOf(buffer, offset, count, out uint number);
        ReadPage(number, page);
        Position += DataPage.Size;
        PagesRead++;
        return DataPage.Size;
    }

    /// <inheritdoc/>
    /// <remarks>The page as LiteDB wrote it last.</remarks>
    public void ReadPage(uint number, Span<byte> page)
    {
        if (_written.TryGetValue(number, out byte[]? written))
        {
            written.CopyTo(page);
        }
        else
        {
            file.ReadPage(number, page);
        }
    }

    public override void Write(byte[] buffer, int offset, int count)
    {
        ReadOnlySpan<byte> page = PageOf(buffer, offset, count, out uint number);
        if (!_written.TryGetValue(number, out byte[]? written))
        {
            written = NewPage();
            _written.Add(number, written);
        }

        page.CopyTo(written);
        BucketArray.Restore(written);
        Written?.Invoke(number);
        _pageCount = Math.Max(_pageCount, number + 1L);
        Position += DataPage.Size;
    }

    public override void Flush()
    {
        // The checkpoint flushes the data file.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Lets go of everything: LiteDB keeps a stream of each of its instances for the life of the thread.</summary>
    protected override void Dispose(bool disposing)
    {
        Written = null;
        _written.Clear();
        _spare.Clear();
        base.Dispose(disposing);
    }

    // Pages outlive every collection of the young generations, which would copy each of them twice. Pinned arrays are not copied.
    private byte[] NewPage() =>
        _spare.TryPop(out byte[]? page) ? page : GC.AllocateUninitializedArray<byte>(DataPage.Size, pinned: true);

    private Span<byte> PageOf(byte[] buffer, int offset, int count, out uint number)
    {
        Invariant.Holds(count == DataPage.Size && Position % DataPage.Size == 0, "LiteDB reads and writes whole pages");
        number = checked((uint)(Position / DataPage.Size));
        return buffer.AsSpan(offset, count);
    }
}
