using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// LiteDB as checkpoints use it. It stays open from one step to the next, because each open costs it the memory of its page cache, and the
/// pages and scopes that neighbouring steps have in common are read once. Not thread-safe.
/// </summary>
/// <param name="data">The data file.</param>
/// <param name="maxPages">The number of pages after which LiteDB is opened again, because it may hold those that it has seen.</param>
internal sealed class CheckpointDocuments(DataFile data, int maxPages = CheckpointDocuments.DefaultMaxPages) : IDisposable
{
    /// <summary>The number of pages, 256 MiB, after which LiteDB is opened again, unless the settings say otherwise.</summary>
    public const int DefaultMaxPages = 32768;

    /// <summary>
    /// The number of calls of <see cref="CloseIfUnused"/> without a step between them after which LiteDB is closed: under load there are a
    /// few between two checkpoints.
    /// </summary>
    public const int MaxUnusedCalls = 10;

    private readonly Dictionary<int, Scope?> _scopes = [];
    private DocumentFile? _documents;
    private int _unusedCalls;

    /// <summary>Opens LiteDB for a step, unless it is open. Its changes before have been written to the data file.</summary>
    public DocumentFile Open()
    {
        if (_documents is { } documents && documents.PagesRead + documents.PagesTaken >= maxPages)
        {
            Dispose();
        }

        _unusedCalls = 0;
        return _documents ??= new DocumentFile(data, _scopes, isRecycling: true);
    }

    /// <summary>Takes back the pages of a step that has been written, to use their memory again.</summary>
    public void Recycle(IReadOnlyList<KeyValuePair<uint, byte[]>> pages) => _documents?.Recycle(pages);

    /// <summary>Closes LiteDB if it was not used for a number of calls; true if it was open.</summary>
    public bool CloseIfUnused()
    {
        bool isClosed = _documents is not null && ++_unusedCalls > MaxUnusedCalls;
        if (isClosed)
        {
            Dispose();
        }

        return isClosed;
    }

    /// <summary>Closes LiteDB, with the changes that were not written. The next step opens it again.</summary>
    public void Dispose()
    {
        _documents?.Dispose();
        _documents = null;
    }
}
