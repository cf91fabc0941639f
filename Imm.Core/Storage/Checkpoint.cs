using System.Runtime.InteropServices;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Brings records into the data file in steps of bounded size, so that a power cut at any moment leaves it as it was or able to be
/// finished.
/// </summary>
/// <remarks>
/// <para>
/// In each step the pages that change go into a log first and are flushed there. Then the header of the data file says that it is being
/// overwritten, flushed before the first page is; and only when all pages are flushed the header says that it is done. Whoever finds the
/// header in between needs the pages in the log.
/// </para>
/// <para>
/// Between two steps the file may hold records that its header does not count. The log still has all of them, and to apply a record twice
/// is to apply it once.
/// </para>
/// </remarks>
internal sealed class Checkpoint
{
    /// <summary>
    /// The number of pages, 16 MiB, that are changed in one step; the last transaction of a step may add 1 MiB of records.
    /// </summary>
    private const int MaxPagesPerStep = 2048;

    private readonly DataFile _data;
    private readonly List<Record> _records;
    private readonly DataFile.Header _done;
    private int _next;
    private bool _isLast;
    private IReadOnlyList<KeyValuePair<uint, byte[]>> _pages = [];
    private DataFile.Header _header;

    /// <param name="data">The data file.</param>
    /// <param name="records">The records to apply, in any order in which the last of a kind and key counts.</param>
    /// <param name="done">The header of the data file afterwards; the number of the checkpoint is given here.</param>
    /// <param name="mayBeThere">True if records may have been applied before: then none of them is known to be new.</param>
    public Checkpoint(DataFile data, IReadOnlyList<Record> records, in DataFile.Header done, bool mayBeThere)
    {
        _data = data;
        _records = LastOfEach(records, mayBeThere);
        _done = done;
    }

    /// <summary>The number of pages that all steps have written.</summary>
    public int PagesWritten { get; private set; }

    /// <summary>Applies the next records in memory; false if there is no further step.</summary>
    public bool Stage()
    {
        if (_isLast)
        {
            return false;
        }

        using var documents = new DocumentFile(_data);
        _next = documents.Apply(_records, _next, MaxPagesPerStep);
        _isLast = _next == _records.Count;
        DataFile.Header header = _isLast ? _done : _done with { IsOpen = true, AppliedSequence = _data.Current.AppliedSequence };
        _header = header with { Checkpoint = _data.Current.Checkpoint + 1 };
        _pages = documents.TakePages(_header with { IsBeingOverwritten = true });
        return true;
    }

    /// <summary>
    /// Writes the pages of the step into a log and flushes it. They are needed until <see cref="Overwrite"/> has returned.
    /// </summary>
    /// <exception cref="OutOfSpaceException">The data file or the log cannot grow; both are as they were.</exception>
    public void WriteRedo(RedoLog log)
    {
        // Room for all first: while the file is overwritten a full disk would be a failure.
        _data.Extend(_pages);
        try
        {
            log.WritePages(_pages);
        }
        catch (OutOfSpaceException)
        {
            _data.Shrink();
            throw;
        }

        log.Flush();
    }

    /// <summary>Writes the pages of the step into the data file. Caller must keep everybody else from reading it.</summary>
    public void Overwrite()
    {
        _data.Overwrite(_pages, _header);
        PagesWritten += _pages.Count;
        _pages = [];
    }

    /// <summary>The last value of each key, sorted by kind and key: neighbours meet on the same pages.</summary>
    public static List<Record> LastOfEach(IReadOnlyList<Record> records, bool mayBeThere)
    {
        var last = new Dictionary<(ChangeKind, long), Record>(records.Count);
        foreach (Record record in records)
        {
            ref Record slot = ref CollectionsMarshal.GetValueRefOrAddDefault(last, (record.Kind, record.Key), out bool exists);
            slot = exists ? slot with { Value = record.Value } : record with { IsNew = record.IsNew && !mayBeThere };
        }

        // What came and went in between was never there.
        var sorted = new List<Record>(last.Count);
        foreach (Record record in last.Values)
        {
            if (!record.IsGone || !record.IsNew)
            {
                sorted.Add(record);
            }
        }

        sorted.Sort(static (a, b) => a.Kind != b.Kind ? a.Kind.CompareTo(b.Kind) : a.Key.CompareTo(b.Key));
        return sorted;
    }
}
