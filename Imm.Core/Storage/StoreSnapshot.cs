using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The records of a store at one moment: those in the pages of the data file, replaced by those that are only in the logs.
/// </summary>
/// <param name="pages">The pages.</param>
/// <param name="logged">The last record of each kind and key in the logs, sorted by kind and key.</param>
internal sealed class StoreSnapshot(PageSnapshot pages, List<Record> logged) : IDisposable
{
    /// <summary>The number of pages, 8 MiB, after which LiteDB is opened again, because it holds the pages that it has read.</summary>
    private const int MaxPagesHeld = 1024;

    private DocumentFile? _documents;

    public PageSnapshot Pages => pages;

    /// <summary>
    /// Reads the records of a kind with keys in a range, both ends inclusive, in order, as they are enumerated. Not thread-safe.
    /// </summary>
    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue)
    {
        int next = FindLogged(kind, first);
        foreach (Record record in ReadDocuments(kind, first, last))
        {
            for (; IsLogged(next, kind, record.Key - 1); next++)
            {
                if (!logged[next].IsDeleted)
                {
                    yield return logged[next];
                }
            }

            if (!IsLogged(next, kind, record.Key))
            {
                yield return record;
            }
        }

        for (; IsLogged(next, kind, last); next++)
        {
            if (!logged[next].IsDeleted)
            {
                yield return logged[next];
            }
        }
    }

    public void Dispose()
    {
        _documents?.Dispose();
        pages.Dispose();
    }

    private bool IsLogged(int index, ChangeKind kind, long lastKey) =>
        index < logged.Count && logged[index].Kind == kind && logged[index].Key <= lastKey;

    private int FindLogged(ChangeKind kind, long first)
    {
        int low = 0;
        int high = logged.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            Record record = logged[middle];
            (low, high) = record.Kind < kind || (record.Kind == kind && record.Key < first) ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private IEnumerable<Record> ReadDocuments(ChangeKind kind, long first, long last)
    {
        bool isAll;
        do
        {
            isAll = true;
            if (_documents?.PagesRead >= MaxPagesHeld)
            {
                _documents.Dispose();
                _documents = null;
            }

            _documents ??= new DocumentFile(pages);
            foreach (Record record in _documents.Read(kind, first, last))
            {
                long bucket = RecordBucket.Of(record.Key);
                if (_documents.PagesRead >= MaxPagesHeld && bucket != RecordBucket.Of(first))
                {
                    (first, isAll) = (RecordBucket.FirstKey(bucket), false);
                    break;
                }

                yield return record;
            }
        }
        while (!isAll);
    }
}
