namespace Imm.Core.Storage;

/// <summary>
/// The pages of a data file as they were at one moment. A checkpoint copies a page into the snapshot before it overwrites the page.
/// Thread-safe.
/// </summary>
/// <param name="file">The data file.</param>
/// <param name="pageCount">The number of pages at that moment.</param>
/// <param name="release">Ends the copying when the snapshot is disposed.</param>
internal sealed class PageSnapshot(DiskFile file, long pageCount, Action<PageSnapshot> release) : IPages, IDisposable
{
    private const int MaxCopiedPages = 8192;

    private readonly object _lock = new();
    private readonly Dictionary<uint, byte[]> _copied = [];

    /// <summary>The path of the data file.</summary>
    public string Name => file.Name;

    public UnixFileMode? Mode => file.Mode;

    public long PageCount => pageCount;

    /// <summary>True if the snapshot has copied 8,192 pages (64 MiB) or more; checkpoints then wait until it is disposed.</summary>
    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _copied.Count >= MaxCopiedPages;
            }
        }
    }

    /// <summary>Copies a page that is about to be overwritten, unless it was copied before.</summary>
    public void Copy(uint number)
    {
        // A reader reads the file under the lock too, so no page is overwritten during a read.
        using (Uninterruptible.Enter(_lock))
        {
            if (number < pageCount && !_copied.ContainsKey(number))
            {
                var page = new byte[DataPage.Size];
                DataPage.ReadStored(file, number, page);
                _copied.Add(number, page);
            }
        }
    }

    public void ReadPage(uint number, Span<byte> page)
    {
        lock (_lock)
        {
            if (_copied.TryGetValue(number, out byte[]? copy))
            {
                copy.CopyTo(page);
            }
            else
            {
                DataPage.ReadStored(file, number, page);
            }
        }

        DataPage.Verify(Name, number, page);
    }

    public void Dispose() => release(this);
}
