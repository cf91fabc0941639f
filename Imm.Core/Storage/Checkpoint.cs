using System.Buffers;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Applies records to the data file in steps of bounded size. A power cut at any moment leaves the file as it was before a step, or with
/// redo from which recovery completes the step.
/// </summary>
/// <remarks>
/// <para>
/// Per step the changed pages are first written into a log and flushed (redo). Then the header of the data file says that pages are being
/// overwritten, and is flushed before the first page is written. When all pages are flushed the header says that the step is complete.
/// </para>
/// <para>
/// Between two steps the file may hold records that its header does not count. The log still has them, and applying a record twice has the
/// same result as applying it once.
/// </para>
/// </remarks>
internal sealed class Checkpoint
{
    /// <summary>
    /// The number of changed pages, 16 MiB, after which a step takes no further transaction. The last one may add 256 KiB of records.
    /// </summary>
    private const int MaxPagesPerStep = 2048;

    private readonly DataFile _data;
    private readonly CheckpointDocuments _documents;
    private readonly CheckpointRecords _records;
    private readonly DataFileHeader _done;
    private int _next;
    private bool _isLast;
    private IReadOnlyList<KeyValuePair<uint, byte[]>> _pages = [];
    private DataFileHeader _header;

    /// <param name="data">The data file.</param>
    /// <param name="documents">LiteDB over the data file, which must be closed if a member of this class throws.</param>
    /// <param name="records">Holds the records that were read; the last one of a kind and key counts.</param>
    /// <param name="done">The header of the data file afterwards, except for the number of the checkpoint.</param>
    /// <param name="mayBeApplied">True if records may have been applied before, so that none is known to be new.</param>
    public Checkpoint(
        DataFile data, CheckpointDocuments documents, CheckpointRecords records, in DataFileHeader done, bool mayBeApplied)
    {
        (_data, _documents, _records, _done) = (data, documents, records, done);
        LastOfEach(records.Read, mayBeApplied, records.LastOfEach);
        StoredChanges.LastOf(records.Read, records.Changes);
    }

    /// <summary>The number of pages that all steps have written.</summary>
    public int PagesWritten { get; private set; }

    /// <summary>Applies the records of the next step in memory; false if there is no further step.</summary>
    public bool Stage()
    {
        if (_isLast)
        {
            return false;
        }

        DocumentFile documents = _documents.Open();
        _next = documents.Apply(_records.LastOfEach, _next, MaxPagesPerStep);
        _isLast = _next == _records.LastOfEach.Count;
        if (_isLast)
        {
            // In the step after which the header counts the batches, and so once.
            documents.AppendChanges(_records.Changes);
        }

        DataFileHeader header = _isLast ? _done : _done with { IsOpen = true, AppliedSequence = _data.Header.AppliedSequence };
        _header = header with { Checkpoint = _data.Header.Checkpoint + 1 };
        _pages = documents.TakePages(_header with { IsBeingOverwritten = true });
        return true;
    }

    /// <summary>
    /// Writes the staged pages into a log and flushes it. They are needed there until <see cref="Overwrite"/> has returned.
    /// </summary>
    /// <exception cref="OutOfSpaceException">The data file or the log cannot grow; both are unchanged.</exception>
    public void WriteRedo(WriteAheadLog log)
    {
        // Makes all the room first: a full disk while pages are overwritten would fail the store.
        _data.Extend(_pages);
        try
        {
            log.WritePages(_pages);
        }
        catch (OutOfSpaceException)
        {
            _data.UndoExtend();
            throw;
        }

        log.Flush();
    }

    /// <summary>Writes the staged pages into the data file. Caller must hold the lock that excludes its readers.</summary>
    public void Overwrite()
    {
        _data.Overwrite(_pages, _header);
        PagesWritten += _pages.Count;
        _documents.Recycle(_pages);
        _pages = [];
    }

    /// <summary>Finds the last record of each kind and key, sorted by kind and key, so that neighbours meet on the same pages.</summary>
    /// <param name="records">The records.</param>
    /// <param name="mayBeApplied">True if records may have been applied before, so that none is known to be new.</param>
    /// <param name="last">Takes the last ones, in place of what it holds.</param>
    public static void LastOfEach(List<Record> records, bool mayBeApplied, List<Record> last)
    {
        // Sorted by index: a table of all records would be memory of megabytes that only a full collection frees.
        int[] rented = ArrayPool<int>.Shared.Rent(records.Count);
        Span<int> order = rented.AsSpan(0, records.Count);
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = i;
        }

        order.Sort((a, b) =>
        {
            int byKey = Compare(records[a], records[b]);
            return byKey != 0 ? byKey : a.CompareTo(b);
        });
        last.Clear();
        for (int i = 0; i < order.Length;)
        {
            Record first = records[order[i]];
            Record? result = null;
            for (; i < order.Length && Compare(records[order[i]], first) == 0; i++)
            {
                Record record = records[order[i]];
                if (result is { IsNew: true } && record.IsDeleted)
                {
                    // It was never in the data file.
                    result = null;
                    continue;
                }

                bool isNew = result?.IsNew ?? (record.IsNew && !mayBeApplied);
                result = record with { State = record.IsDeleted ? ChangeState.Deleted : isNew ? ChangeState.Created : ChangeState.Updated };
            }

            if (result is { } one)
            {
                last.Add(one);
            }
        }

        ArrayPool<int>.Shared.Return(rented);

        static int Compare(in Record a, in Record b) => a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Key.CompareTo(b.Key);
    }
}
