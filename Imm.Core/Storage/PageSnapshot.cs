namespace Imm.Core.Storage;

/// <summary>Pages of a data file for LiteDB to read.</summary>
internal interface IPages
{
    /// <summary>The number of pages.</summary>
    long PageCount { get; }

    /// <summary>Reads a page as LiteDB wrote it.</summary>
    /// <exception cref="DamagedFileException">The page is not what was written there.</exception>
    void ReadPage(uint number, Span<byte> page);
}

/// <summary>
/// The pages of a data file as they were at one moment. Checkpoints go on meanwhile: they put the pages aside that they overwrite.
/// </summary>
internal sealed class PageSnapshot(DataFile file) : IPages, IDisposable
{
    /// <summary>The number of pages, 64 MiB, that a snapshot holds in memory before checkpoints wait for its end.</summary>
    public const int MaxKeptPages = 8192;

    private readonly Lock _lock = new();
    private readonly Dictionary<uint, byte[]> _kept = [];

    public string Name => file.Name;

    public long PageCount { get; } = file.PageCount;

    public bool IsFull
    {
        get
        {
            lock (_lock)
            {
                return _kept.Count >= MaxKeptPages;
            }
        }
    }

    /// <summary>Puts a page aside that is about to be overwritten.</summary>
    public void Keep(uint number)
    {
        // A reader looks under the lock too, so none reads a page while it is overwritten.
        lock (_lock)
        {
            if (number < PageCount && !_kept.ContainsKey(number))
            {
                var page = new byte[DataFile.PageSize];
                file.ReadUnverified(number, page);
                _kept.Add(number, page);
            }
        }
    }

    public void ReadPage(uint number, Span<byte> page)
    {
        lock (_lock)
        {
            if (_kept.TryGetValue(number, out byte[]? kept))
            {
                kept.CopyTo(page);
            }
            else
            {
                file.ReadUnverified(number, page);
            }
        }

        file.VerifyPage(number, page);
    }

    public void Dispose() => file.Release(this);
}
