using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Makes the files of a store one whole again when it is opened. What it refuses it leaves as it is: it writes only after it has read.
/// </summary>
internal sealed class Recovery(Disk disk, string path, DataFile data, Func<Guid> newStoreId) : IDisposable
{
    /// <summary>LiteDB holds the pages that it reads: after this many, 8 MiB, it is opened again.</summary>
    private const int MaxPagesRead = 1024;

    private readonly RedoLog?[] _logs = new RedoLog?[2];
    private readonly bool[] _isCreated = new bool[2];
    private readonly PackedWriter _buffer = new();

    /// <summary>
    /// Leaves the store open: the data file up to date with a header that says so, both logs at the beginning of a generation.
    /// </summary>
    /// <exception cref="DamagedFileException">A file is not what was written there, or is missing; every file is as it was.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public RecoveredStore Run()
    {
        if (data.PageCount == 0 || data.IsFirstPageShort)
        {
            MakeNew();
        }

        // While pages are overwritten the first one may be torn; then it is taken from a log.
        if (!data.Current.IsBeingOverwritten)
        {
            data.Verify();
        }

        // A close that was cut short while it overwrote pages has said already that the store is closed, and still needs its logs.
        RecoveredStore store = data.Current.IsOpen || data.Current.IsBeingOverwritten ? Resume() : Begin();
        Array.Clear(_logs);
        return store;
    }

    /// <summary>Gives up the logs where the store could not be opened.</summary>
    public void Dispose()
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            if (_isCreated[i] && !data.Current.IsOpen)
            {
                _logs[i]?.Delete(disk);
            }

            _logs[i]?.Dispose();
        }
    }

    /// <summary>All scopes that have been written to, with their numbers.</summary>
    public static List<(int Id, Scope Scope, int? OwnProjectQuota)> ReadScopes(IPages pages)
    {
        using var documents = new DocumentFile(pages);
        return [.. documents.Read(ChangeKind.Scope).Select(record =>
        {
            (Scope scope, int? quota) = RecordCodec.ReadScope(record.Key, record.Value.Span);
            return (checked((int)record.Key), scope, quota);
        })];
    }

    /// <summary>Fills a file without content, which the caller has created or found so.</summary>
    private void MakeNew()
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            using RedoLog? log = disk.Length(LogPath(i)) is null ? null : RedoLog.Open(disk, LogPath(i));
            if (log is not null && (log.BaseSequence > 0 || log.ReadFrames().Frames.Count > 0))
            {
                throw new DamagedFileException(
                    log.Name,
                    $"it holds changes of a store, but the data file '{path}' is missing or empty. To begin anew, move the log away.");
            }
        }

        if (data.IsFirstPageShort)
        {
            data.FillFirstPage();
        }
        else
        {
            using var documents = new DocumentFile(data);
            data.WritePages(documents.TakePages(DataFile.Header.New(newStoreId())));
        }

        data.Flush();
        disk.FlushDirectory(path);
    }

    /// <summary>
    /// The store was closed: everything is in the data file. Makes the logs and says in the data file that they belong to it.
    /// </summary>
    /// <remarks>
    /// It is given a new identity each time. Copies of a closed file go their own ways when they are opened, and their logs are none of
    /// each other's.
    /// </remarks>
    private RecoveredStore Begin()
    {
        DataFile.Header closed = data.Current;
        for (int i = 0; i < _logs.Length; i++)
        {
            if (disk.Length(LogPath(i)) is not null)
            {
                _logs[i] = RedoLog.Open(disk, LogPath(i));
                RefuseNewer(_logs[i]!, closed);
            }
        }

        List<(int, Scope, int?)> scopes = ReadScopes(data);

        // What was read may be in the cache only, of a process that was killed, and the header on the disk may still need the logs.
        data.WriteHeader(closed);
        for (int i = 0; i < _logs.Length; i++)
        {
            if (_logs[i] is { } leftOver)
            {
                leftOver.Empty();
                continue;
            }

            _logs[i] = RedoLog.Create(disk, LogPath(i), data.Mode);
            _isCreated[i] = true;
        }

        Guid storeId = newStoreId();
        long generation = FirstGeneration(closed);
        _logs[0]!.Begin(storeId, generation, closed.AppliedSequence);
        _logs[1]!.Begin(storeId, generation + 1, closed.AppliedSequence);
        disk.FlushDirectory(path);
        data.WriteHeader(closed with { StoreId = storeId, IsOpen = true, Checkpoint = closed.Checkpoint + 1, LogGeneration = generation });
        return new RecoveredStore(_logs[0]!, _logs[1]!, scopes, 0, 0);
    }

    /// <summary>Refuses a log beside a closed store, unless it only repeats what the data file has.</summary>
    private static void RefuseNewer(RedoLog log, in DataFile.Header closed)
    {
        if (log.Generation == 0)
        {
            return;
        }

        LogContent content = log.ReadFrames();

        // An earlier attempt to open this very state leaves a log of an identity that the data file does not know yet.
        bool isOfEarlierAttempt = log.BaseSequence == closed.AppliedSequence && content.Frames.Count == 0 && content.FlushedSequence == 0
            && log.Generation - FirstGeneration(closed) is 0 or 1;
        if (log.StoreId != closed.StoreId && !isOfEarlierAttempt)
        {
            throw RedoLog.OfAnotherStore(log.Name);
        }

        if (log.BaseSequence > closed.AppliedSequence || (content.Frames.Count > 0 && content.Frames[^1].Sequence > closed.AppliedSequence))
        {
            throw Newer(log.Name);
        }
    }

    /// <summary>
    /// The store was not closed: finishes the checkpoint that was cut short, if one was, and applies what the logs hold beyond it.
    /// </summary>
    private RecoveredStore Resume()
    {
        DataFile.Header found = data.Current;
        OpenLogs(found);
        (RedoLog first, RedoLog second) = (_logs[0]!, _logs[1]!);
        LogContent[] contents = [first.ReadFrames(), second.ReadFrames()];
        VerifyGenerations(found, contents);
        List<KeyValuePair<uint, byte[]>> redo = [];
        if (found.IsBeingOverwritten)
        {
            redo = FindRedo(contents, found);
            data.ReadFromRedo(redo);
        }

        data.Verify();
        LoggedBatches batches = FindBatches(contents, found.AppliedSequence);
        VerifyContent(batches);
        first.GoOnBehind(contents[0]);
        second.GoOnBehind(contents[1]);

        // The first step of the first checkpoint in memory: what it finds damaged is found before anything is written.
        // The logs of an earlier version need not be of neighbouring generations: the header says nothing of those until they are begun
        // anew.
        DataFile.Header done = found with
        {
            IsOpen = true,
            IsBeingOverwritten = false,
            LogGeneration = found.LogGeneration == 0 ? 0 : Math.Max(first.Generation, second.Generation),
            LoggedSequence = batches.Last,
        };
        using IEnumerator<(List<Record> Records, long Last)> chunks = batches.Read(_buffer).GetEnumerator();
        Checkpoint? checkpoint = Next(chunks, done);
        bool hasStaged = checkpoint?.Stage() ?? false;

        // What was read may be in the cache only, of a process that was killed. From here on the disk has it.
        data.RewriteFirstSector();
        first.Rewrite(contents[0]);
        second.Rewrite(contents[1]);
        disk.FlushDirectory(path);
        if (found.IsBeingOverwritten)
        {
            data.Extend(redo);
            data.Overwrite(redo, found with { IsBeingOverwritten = false });
        }

        int records = 0;
        for (; checkpoint is not null; checkpoint = Next(chunks, done))
        {
            records += chunks.Current.Records.Count;
            for (bool isStaged = hasStaged || checkpoint.Stage(); isStaged; isStaged = checkpoint.Stage())
            {
                checkpoint.WriteRedo(first);
                checkpoint.Overwrite();
            }

            hasStaged = false;
        }

        List<(int, Scope, int?)> scopes = ReadScopes(data);
        BeginAnew(batches.Last);
        return new RecoveredStore(_logs[0]!, _logs[1]!, scopes, records, redo.Count);
    }

    private Checkpoint? Next(IEnumerator<(List<Record> Records, long Last)> chunks, in DataFile.Header done) =>
        chunks.MoveNext()
            ? new Checkpoint(data, chunks.Current.Records, done with { AppliedSequence = chunks.Current.Last }, mayBeThere: true)
            : null;

    private void OpenLogs(in DataFile.Header found)
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            string name = LogPath(i);
            if (disk.Length(name) is null)
            {
                throw new DamagedFileException(
                    name, $"it is missing, and the data file '{path}' was not closed: the latest changes are in it.");
            }

            RedoLog log = _logs[i] = RedoLog.Open(disk, name);
            if (log.Generation == 0)
            {
                throw new DamagedFileException(
                    name, $"it is empty, and the data file '{path}' was not closed: the latest changes were in it.");
            }

            if (log.StoreId != found.StoreId)
            {
                throw RedoLog.OfAnotherStore(name);
            }
        }
    }

    /// <summary>
    /// Verifies that the logs belong to each other and to the data file. A file that was replaced by an older copy of itself is found out
    /// here.
    /// </summary>
    private void VerifyGenerations(in DataFile.Header found, LogContent[] contents)
    {
        (RedoLog older, RedoLog newer) = _logs[0]!.Generation < _logs[1]!.Generation ? (_logs[0]!, _logs[1]!) : (_logs[1]!, _logs[0]!);
        for (int i = 0; i < _logs.Length; i++)
        {
            if (contents[i].IsEnded && _logs[1 - i]!.Generation < _logs[i]!.Generation)
            {
                throw new DamagedFileException(
                    _logs[1 - i]!.Name,
                    $"'{_logs[i]!.Name}' ends, and this file, in which the changes go on, is an older one than was there.");
            }
        }

        // An earlier version did not say which generation it was at.
        if (found.LogGeneration == 0)
        {
            return;
        }

        if (older.Generation > found.LogGeneration)
        {
            throw Newer(older.Name);
        }

        if (newer.Generation != older.Generation + 1 || newer.Generation < found.LogGeneration)
        {
            string name = newer.Generation < found.LogGeneration ? newer.Name : older.Name;
            throw new DamagedFileException(
                name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"it is of generation {(name == newer.Name ? newer : older).Generation}, older than the data file beside it, "
                    + $"which needs generation {found.LogGeneration}: the latest changes are in another file."));
        }
    }

    /// <summary>The pages with which an overwriting that was cut short can be finished.</summary>
    private List<KeyValuePair<uint, byte[]>> FindRedo(LogContent[] contents, in DataFile.Header found)
    {
        for (int i = 0; i < contents.Length; i++)
        {
            if (contents[i].Pages is not { } frame)
            {
                continue;
            }

            List<KeyValuePair<uint, byte[]>> pages = [.. _logs[i]!.ReadPages(frame)];
            if (pages.Count > 0 && pages[0].Key == 0 && DataFile.HeaderOf(pages[0].Value) == found)
            {
                return pages;
            }
        }

        throw new DamagedFileException(
            data.Name, $"a checkpoint was cut short, and its pages are whole neither in '{_logs[0]!.Name}' nor in '{_logs[1]!.Name}'.");
    }

    private LoggedBatches FindBatches(LogContent[] contents, long applied)
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            if (_logs[i]!.BaseSequence > applied)
            {
                throw Newer(_logs[i]!.Name);
            }
        }

        var batches = new LoggedBatches(applied, (_logs[0]!, contents[0]), (_logs[1]!, contents[1]));
        long flushed = Math.Max(data.Current.LoggedSequence, Math.Max(contents[0].FlushedSequence, contents[1].FlushedSequence));
        return batches.Last >= flushed
            ? batches
            : throw new DamagedFileException(
                _logs[0]!.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"batch {batches.Last + 1} of this log or of '{_logs[1]!.Name}' was acknowledged and cannot be read; "
                    + $"batches up to {flushed} were."));
    }

    /// <summary>
    /// Reads what the recovery is going to need: the scopes, the records of the logs, and the documents that they change.
    /// </summary>
    private void VerifyContent(LoggedBatches batches)
    {
        ReadScopes(data);
        foreach ((List<Record> records, _) in batches.Read(_buffer))
        {
            DocumentFile? documents = null;
            foreach (Record record in Checkpoint.LastOfEach(records, mayBeThere: true))
            {
                documents ??= new DocumentFile(data);
                documents.Verify(record);
                if (documents.PagesRead >= MaxPagesRead)
                {
                    documents.Dispose();
                    documents = null;
                }
            }

            documents?.Dispose();
        }
    }

    /// <summary>
    /// Begins new generations once everything is in the data file, one after the other: whichever the disk has, the header fits them.
    /// </summary>
    private void BeginAnew(long applied)
    {
        if (_logs[0]!.Generation > _logs[1]!.Generation)
        {
            Array.Reverse(_logs);
        }

        if (data.Current.LogGeneration != 0)
        {
            WriteHeader(_logs[1]!.Generation);
        }

        _logs[0]!.Begin(data.Current.StoreId, _logs[1]!.Generation + 1, applied);
        WriteHeader(_logs[0]!.Generation);
        _logs[1]!.Begin(data.Current.StoreId, _logs[0]!.Generation + 1, applied);

        void WriteHeader(long generation)
        {
            if (data.Current.LogGeneration != generation || !data.Current.IsOpen)
            {
                data.WriteHeader(data.Current with { IsOpen = true, Checkpoint = data.Current.Checkpoint + 1, LogGeneration = generation });
            }
        }
    }

    private string LogPath(int index) => index == 0 ? FileStore.LogPaths(path).First : FileStore.LogPaths(path).Second;

    /// <summary>
    /// The first generation after a closed store is opened: higher than any before, for a file system may bring a deleted log back.
    /// </summary>
    private static long FirstGeneration(in DataFile.Header header) => (3 * header.Checkpoint) + 1;

    private static DamagedFileException Newer(string logPath) =>
        new(
            logPath,
            "it goes on from a later state than the data file beside it has. "
            + "Where the data file is an older copy, move the log files away.");
}

/// <summary>A store ready to be written to, and what opening it took.</summary>
/// <param name="Active">The log for the next batch.</param>
/// <param name="Spare">The other log.</param>
/// <param name="Scopes">The scopes in the store, with their numbers.</param>
/// <param name="RecoveredRecords">How many records were found in the logs only.</param>
/// <param name="RecoveredPages">How many pages a checkpoint that was cut short still had to bring into the data file.</param>
internal sealed record RecoveredStore(
    RedoLog Active, RedoLog Spare, List<(int Id, Scope Scope, int? OwnProjectQuota)> Scopes, int RecoveredRecords, int RecoveredPages);
