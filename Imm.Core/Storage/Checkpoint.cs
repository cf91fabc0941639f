using System.Runtime.InteropServices;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Brings records into the data file, so that a power cut at any moment leaves it as it was or able to be finished.</summary>
/// <remarks>
/// The pages that change go into a log first and are flushed there. Then the stamp in the data file says that it is being overwritten, flushed before
/// the first page is; and only when all pages are flushed the stamp says that it is done. Who finds the stamp in between needs the pages in the log.
/// </remarks>
internal static class Checkpoint
{
    /// <param name="data">The data file.</param>
    /// <param name="log">The log that takes the pages; it begins a new lap before its records may be forgotten, which is up to the caller.</param>
    /// <param name="records">What to apply, in any order in which the last of a kind and key counts.</param>
    /// <param name="stamp">What the data file says of itself afterwards.</param>
    /// <param name="exclusively">Runs the overwriting while nobody else reads the data file.</param>
    /// <returns>How many pages were written.</returns>
    public static int Run(DataFile data, RedoLog log, IReadOnlyList<Record> records, DataFile.Stamp stamp, Action<Action>? exclusively = null)
    {
        DataFile.Stamp overwriting = stamp with { IsBeingOverwritten = true };
        IReadOnlyList<KeyValuePair<uint, byte[]>> pages;
        using (var documents = new DocumentFile(data))
        {
            documents.Apply(LastOfEach(records));
            pages = documents.TakePages(overwriting);
        }

        log.AppendPages(pages);
        log.Flush();
        if (exclusively is null)
        {
            data.Overwrite(pages, stamp);
        }
        else
        {
            exclusively(() => data.Overwrite(pages, stamp));
        }

        return pages.Count;
    }

    private static List<Record> LastOfEach(IReadOnlyList<Record> records)
    {
        var last = new Dictionary<(ChangeKind, long), Record>(records.Count);
        foreach (Record record in records)
        {
            ref Record slot = ref CollectionsMarshal.GetValueRefOrAddDefault(last, (record.Kind, record.Key), out bool exists);
            slot = exists ? slot with { Value = record.Value } : record;
        }

        // What came and went in between was never there. In the order of the keys neighbours meet on the same pages.
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
