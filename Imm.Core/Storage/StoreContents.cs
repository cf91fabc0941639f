using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The records of a store at one moment: those in the pages of the data file, replaced by those that are only in the logs.
/// </summary>
internal sealed class StoreContents : IStoreContents
{
    private readonly List<Record> _logged = [];
    private readonly List<Record> _loggedChanges = [];
    private DocumentFile? _documents;

    /// <param name="pages">The pages, which are disposed with the snapshot.</param>
    /// <param name="batches">The batches of the logs that are not in the pages.</param>
    public StoreContents(IPages pages, LoggedBatches batches)
    {
        var records = new List<Record>();
        foreach ((List<Record> some, _) in batches.Read(new PackedWriter()))
        {
            records.AddRange(some.Select(record => record with { Bytes = record.Bytes.ToArray() }));
        }

        Pages = pages;
        StoredChanges.LastOf(records, _loggedChanges);
        Checkpoint.LastOfEach(records, mayBeApplied: true, _logged);
    }

    public IPages Pages { get; }

    public IReadOnlyList<Record> LoggedChanges => _loggedChanges;

    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue)
    {
        int next = FindLogged(kind, first);
        foreach (Record record in Documents().Read(kind, first, last))
        {
            for (; IsLogged(next, kind, record.Key - 1); next++)
            {
                if (!_logged[next].IsDeleted)
                {
                    yield return _logged[next];
                }
            }

            if (!IsLogged(next, kind, record.Key))
            {
                yield return record;
            }
        }

        for (; IsLogged(next, kind, last); next++)
        {
            if (!_logged[next].IsDeleted)
            {
                yield return _logged[next];
            }
        }
    }

    public IEnumerable<Record> ReadChanges() => Documents().ReadChanges();

    public void Reset()
    {
        _documents?.Dispose();
        _documents = null;
    }

    public void Dispose()
    {
        _documents?.Dispose();
        Pages.Dispose();
    }

    private bool IsLogged(int index, ChangeKind kind, long lastKey) =>
        index < _logged.Count && _logged[index].Kind == kind && _logged[index].Key <= lastKey;

    private int FindLogged(ChangeKind kind, long first)
    {
        int low = 0;
        int high = _logged.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            Record record = _logged[middle];
            (low, high) = record.Kind < kind || (record.Kind == kind && record.Key < first) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private DocumentFile Documents() => _documents ??= new DocumentFile(Pages);
}
