using System.Globalization;

namespace Imm.Core.Storage;

/// <summary>
/// Recovers a store that was not closed: completes a checkpoint step that was cut short, and applies the batches of the logs. It reads and
/// verifies everything that it needs before it writes.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="path">The path of the data file.</param>
/// <param name="data">The data file.</param>
/// <param name="first">The first log, which also takes the redo of the recovery.</param>
/// <param name="second">The second log.</param>
/// <param name="codec">Reads the content.</param>
internal sealed class Recovery(Disk disk, string path, DataFile data, WriteAheadLog first, WriteAheadLog second, RecordCodec codec)
{
    private readonly CheckpointRecords _records = new();
    private LogContent? _firstContent;
    private LogContent? _secondContent;
    private List<KeyValuePair<uint, byte[]>> _redo = [];

    private (WriteAheadLog Older, WriteAheadLog Newer) ByGeneration =>
        first.Generation > second.Generation ? (second, first) : (first, second);

    /// <summary>Recovers the store.</summary>
    /// <exception cref="DamagedFileException">A file is damaged, older or later than the others; every file is unchanged.</exception>
    public OpenedStore Run()
    {
        DataFileHeader found = data.Header;
        LoggedBatches batches = Examine();
        VerifyContent(batches);
        first.ContinueAfter(_firstContent!);
        second.ContinueAfter(_secondContent!);
        DataFileHeader done = found with
        {
            IsOpen = true,
            IsBeingOverwritten = false,
            LogGeneration = ByGeneration.Newer.Generation,
            LoggedSequence = batches.Last,
        };

        // The first step is staged in memory, so that damage that it meets is found before anything is written.
        using IEnumerator<(List<Record> Records, long Last)> chunks = batches.Read(_records.Buffer, _records.Read).GetEnumerator();
        using var documents = new CheckpointDocuments(data);
        Checkpoint? checkpoint = Next(chunks, documents, done);
        bool isStaged = checkpoint?.Stage() ?? false;

        // What was read may be only in the cache of the operating system. From here on it is on the disk.
        data.RewriteFirstSector();
        first.Rewrite(_firstContent!);
        second.Rewrite(_secondContent!);
        disk.FlushDirectory(path);
        if (found.IsBeingOverwritten)
        {
            data.Extend(_redo);
            data.Overwrite(_redo, found with { IsBeingOverwritten = false });
        }

        int records = 0;
        for (; checkpoint is not null; checkpoint = Next(chunks, documents, done))
        {
            records += chunks.Current.Records.Count;
            for (isStaged = isStaged || checkpoint.Stage(); isStaged; isStaged = checkpoint.Stage())
            {
                checkpoint.WriteRedo(first);
                checkpoint.Overwrite();
            }
        }

        List<StoredScope> scopes = DocumentFile.ReadScopes(data);
        (WriteAheadLog active, WriteAheadLog spare) = BeginGenerations(batches.Last);
        return new OpenedStore(active, spare, scopes, records, _redo.Count);
    }

    /// <summary>
    /// Verifies that the files belong together and finds the batches that the data file lacks. Where a checkpoint was cut short, the data
    /// file reads its pages from redo from then on. Only reads.
    /// </summary>
    /// <exception cref="DamagedFileException">A file is damaged, older or later than the others.</exception>
    public LoggedBatches Examine()
    {
        DataFileHeader found = data.Header;
        _firstContent = first.ReadFrames();
        _secondContent = second.ReadFrames();
        VerifyEndMark(_firstContent, first, second);
        VerifyEndMark(_secondContent, second, first);
        VerifyGenerations(found.LogGeneration);
        if (found.IsBeingOverwritten)
        {
            _redo = FindRedo(found, (first, _firstContent), (second, _secondContent));
            data.ReadFromRedo(_redo);
        }

        data.Verify();
        return FindBatches(found.AppliedSequence, (first, _firstContent), (second, _secondContent));
    }

    private Checkpoint? Next(
        IEnumerator<(List<Record> Records, long Last)> chunks, CheckpointDocuments documents, in DataFileHeader done) =>
        chunks.MoveNext()
            ? new Checkpoint(
                data, documents, _records, done with { AppliedSequence = chunks.Current.Last }, mayBeApplied: true)
            : null;

    private static void VerifyEndMark(LogContent content, WriteAheadLog log, WriteAheadLog other)
    {
        if (content.IsEnded && other.Generation < log.Generation)
        {
            throw new DamagedFileException(
                $"The file '{other.Name}' is an older one than was there: '{log.Name}' ends with a reference to later changes in it. "
                + "Restore the latest file.",
                ImmUnavailableReason.MismatchedFiles);
        }
    }

    /// <summary>Verifies the generations of the logs, so that a log or data file that was replaced by an older copy is detected.</summary>
    private void VerifyGenerations(long expected)
    {
        // A header of format 1 may state no generation.
        if (expected == 0)
        {
            return;
        }

        (WriteAheadLog older, WriteAheadLog newer) = ByGeneration;
        if (older.Generation > expected)
        {
            throw WriteAheadLog.LaterState(older.Name);
        }

        if (newer.Generation != older.Generation + 1 || newer.Generation < expected)
        {
            WriteAheadLog stale = newer.Generation < expected ? newer : older;
            throw new DamagedFileException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The file '{stale.Name}' is of generation {stale.Generation}, older than the data file beside it, which needs "
                    + $"generation {expected}: the latest changes are in another file. Restore the latest file."),
                ImmUnavailableReason.MismatchedFiles);
        }
    }

    /// <summary>Finds the page images of the checkpoint step that was cut short.</summary>
    private List<KeyValuePair<uint, byte[]>> FindRedo(
        in DataFileHeader found, params IEnumerable<(WriteAheadLog Log, LogContent Content)> logs)
    {
        foreach ((WriteAheadLog log, LogContent content) in logs)
        {
            if (content.Pages is { } frame)
            {
                List<KeyValuePair<uint, byte[]>> pages = [.. log.ReadPages(frame)];
                if (pages.Count > 0 && pages[0].Key == 0 && DataPage.ReadHeader(pages[0].Value) == found)
                {
                    return pages;
                }
            }
        }

        throw new DamagedFileException(
            data.Name, $"a checkpoint was cut short, and its pages are whole neither in '{first.Name}' nor in '{second.Name}'.");
    }

    private LoggedBatches FindBatches(long applied, params (WriteAheadLog Log, LogContent Content)[] logs)
    {
        foreach ((WriteAheadLog log, _) in logs)
        {
            if (log.BaseSequence > applied)
            {
                throw WriteAheadLog.LaterState(log.Name);
            }
        }

        var batches = new LoggedBatches(applied, logs);
        long flushed = Math.Max(data.Header.LoggedSequence, logs.Max(static log => log.Content.FlushedSequence));
        return batches.Last >= flushed
            ? batches
            : throw new DamagedFileException(
                first.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"batch {batches.Last + 1} of this log or of '{second.Name}' was acknowledged and cannot be read; "
                    + $"batches up to {flushed} were."));
    }

    /// <summary>
    /// Reads what the recovery needs, so that damage is found before anything is written: the scopes and changes, the records of the logs,
    /// and the documents that they change.
    /// </summary>
    public void VerifyContent(LoggedBatches batches)
    {
        DocumentFile.ReadScopes(data);
        VerifyChanges();
        using var documents = new DocumentFile(data);
        foreach ((List<Record> records, _) in batches.Read(_records.Buffer, _records.Read))
        {
            Checkpoint.LastOfEach(records, mayBeApplied: true, _records.LastOfEach);
            foreach (Record record in _records.LastOfEach)
            {
                documents.Verify(record);
            }
        }
    }

    private void VerifyChanges()
    {
        using var documents = new DocumentFile(data);
        foreach (Record change in documents.ReadChanges())
        {
            StoredChanges.Read(change, codec);
        }
    }

    /// <summary>
    /// Begins new generations when everything is in the data file. The header is written between the two, so that it fits the logs after
    /// each flush.
    /// </summary>
    private (WriteAheadLog Active, WriteAheadLog Spare) BeginGenerations(long applied)
    {
        (WriteAheadLog older, WriteAheadLog newer) = ByGeneration;
        WriteGeneration(newer.Generation);
        older.BeginGeneration(data.Header.StoreId, newer.Generation + 1, applied);
        WriteGeneration(older.Generation);
        newer.BeginGeneration(data.Header.StoreId, older.Generation + 1, applied);
        return (older, newer);
    }

    private void WriteGeneration(long generation)
    {
        if (data.Header.LogGeneration != generation || !data.Header.IsOpen)
        {
            data.WriteHeader(data.Header with { IsOpen = true, Checkpoint = data.Header.Checkpoint + 1, LogGeneration = generation });
        }
    }
}
