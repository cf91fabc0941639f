namespace Imm.Core.Storage;

/// <summary>
/// Opens the files of a store: new, closed, or left open by a process that ended (<see cref="Recovery"/>). It verifies before it writes, so
/// files that it refuses are unchanged.
/// </summary>
internal sealed class StoreOpening(Disk disk, string path, DataFile data, FileStoreSettings settings) : IDisposable
{
    private readonly string[] _paths = [WriteAheadLog.Paths(path).First, WriteAheadLog.Paths(path).Second];
    private readonly WriteAheadLog?[] _logs = new WriteAheadLog?[2];
    private readonly bool[] _isCreated = new bool[2];

    /// <summary>
    /// Opens the store. On return its header says that the logs are needed, and both are at the beginning of a generation; or nothing was
    /// written, and the logs are empty, until <see cref="Begin"/>.
    /// </summary>
    /// <exception cref="DamagedFileException">A file is damaged, missing or of another store; every file is unchanged.</exception>
    /// <exception cref="IOException">A file cannot be read or written.</exception>
    public OpenedStore Run()
    {
        if (data.PageCount == 0 || data.IsFirstPageShort)
        {
            CreateStore();
        }

        OpenedStore store = IsRecoveryNeeded() ? OpenForRecovery().Run() : OpenClosed();
        Array.Clear(_logs);
        return store;
    }

    /// <summary>
    /// Makes a store ready for its first change since it was closed: begins its logs, and then marks the data file as open.
    /// </summary>
    /// <remarks>
    /// The store gets a new id. Copies of a closed file diverge when they are changed, and the logs of one must not be taken for those of
    /// the other.
    /// </remarks>
    /// <param name="disk">The disk.</param>
    /// <param name="path">The path of the data file.</param>
    /// <param name="data">The data file.</param>
    /// <param name="logs">The log for the next batch, and the spare log. What they have is not needed.</param>
    /// <param name="storeId">The new id.</param>
    /// <exception cref="OutOfSpaceException">There is no room. The data file is unchanged; the call can be repeated.</exception>
    /// <exception cref="DirectoryNotOpenedException">The directory cannot be flushed. The same holds.</exception>
    public static void Begin(Disk disk, string path, DataFile data, WriteAheadLog[] logs, Guid storeId)
    {
        DataFileHeader closed = data.Header;

        // What was read may be only in the cache of the operating system, and the header on the disk may still need the logs.
        data.WriteHeader(closed);
        long generation = FirstGeneration(closed);
        for (int i = 0; i < logs.Length; i++)
        {
            logs[i].Empty();
            logs[i].BeginGeneration(storeId, generation + i, closed.AppliedSequence);
        }

        disk.FlushDirectory(path);
        data.WriteHeader(closed with { StoreId = storeId, IsOpen = true, Checkpoint = closed.Checkpoint + 1, LogGeneration = generation });
    }

    /// <summary>
    /// Reads the store as <see cref="Run"/> would open it, and verifies the same. Changes no file. What it returns has the data file, and
    /// needs neither the logs nor this instance any more.
    /// </summary>
    /// <exception cref="DamagedFileException">A file is damaged, missing or of another store.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public IStoreContents Read()
    {
        LoggedBatches batches = LoggedBatches.None;
        if (data.PageCount == 0 || data.IsFirstPageShort)
        {
            VerifyNothingLogged();
        }
        else if (IsRecoveryNeeded())
        {
            Recovery recovery = OpenForRecovery();
            batches = recovery.Examine();
            if (!IsFormat1)
            {
                recovery.VerifyContent(batches);
            }
        }
        else
        {
            OpenUnneededLogs();
            if (!IsFormat1)
            {
                DocumentFile.ReadScopes(data);
            }
        }

        return IsFormat1 ? new Format1Contents(data, batches, settings) : new StoreContents(data, batches);
    }

    /// <summary>Releases the logs if the open failed, and deletes those that it created.</summary>
    public void Dispose()
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            if (_isCreated[i] && !data.Header.IsOpen)
            {
                _logs[i]?.Delete(disk);
            }

            _logs[i]?.Dispose();
        }
    }

    /// <summary>
    /// Returns the first generation after a close. It is higher than any before, because a deleted log may come back
    /// after a power cut.
    /// </summary>
    private static long FirstGeneration(in DataFileHeader header) => (3 * header.Checkpoint) + 1;

    private bool IsFormat1 => data.Header.Format == DataFileHeader.OldestFormat;

    /// <summary>
    /// True if the logs are needed. Verifies page 0 and the length of the data file as far as they must be right already.
    /// </summary>
    private bool IsRecoveryNeeded()
    {
        ForeignLog.VerifyNone(disk, path);

        // While pages are overwritten page 0 may be torn. Recovery takes it from redo then.
        if (!data.Header.IsBeingOverwritten)
        {
            data.Verify();
        }

        // The last checkpoint step of a close clears "open" before it overwrites pages, and needs the logs until they are overwritten.
        return data.Header.IsOpen || data.Header.IsBeingOverwritten;
    }

    private Recovery OpenForRecovery()
    {
        OpenLogs(data.Header.StoreId);
        return new Recovery(disk, path, data, _logs[0]!, _logs[1]!, settings.Codec);
    }

    private void VerifyNothingLogged()
    {
        foreach (string logPath in _paths)
        {
            using WriteAheadLog? log = OpenLog(logPath);
            if (log is not null && (log.BaseSequence > 0 || log.ReadFrames().Batches.Count > 0))
            {
                throw new DamagedFileException(
                    $"The file '{logPath}' holds changes of a store, but the data file '{path}' is missing or empty. "
                    + "Restore the data file, or move the log away to create a new store.",
                    ImmUnavailableReason.MissingDataFile);
            }
        }
    }

    private void CreateStore()
    {
        VerifyNothingLogged();
        if (data.IsFirstPageShort)
        {
            data.ExtendFirstPage();
        }
        else
        {
            using var documents = new DocumentFile(data);
            data.WritePages(documents.TakePages(DataFileHeader.New(settings.NewStoreId())));
        }

        data.Flush();
        disk.FlushDirectory(path);
    }

    /// <summary>
    /// Opens a store whose data file holds everything, and creates its logs. Where there was one with content, which a close or a deletion
    /// that was cut short has left, begins them.
    /// </summary>
    private OpenedStore OpenClosed()
    {
        OpenUnneededLogs();
        List<StoredScope> scopes = DocumentFile.ReadScopes(data);
        for (int i = 0; i < _logs.Length; i++)
        {
            if (_logs[i] is null)
            {
                _logs[i] = WriteAheadLog.Create(disk, _paths[i], data, settings.LogGrowthStep);
                _isCreated[i] = true;
            }
        }

        if (Array.Exists(_logs, static log => !log!.IsEmpty))
        {
            Begin(disk, path, data, _logs!, settings.NewStoreId());
        }

        return new OpenedStore(_logs[0]!, _logs[1]!, scopes, 0, 0);
    }

    /// <summary>Opens the logs that are there beside a closed data file, and verifies that nothing of them is needed.</summary>
    private void OpenUnneededLogs()
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            _logs[i] = OpenLog(_paths[i]);
            if (_logs[i] is { } log)
            {
                VerifyNotNeeded(log, data.Header);
            }
        }
    }

    private WriteAheadLog? OpenLog(string logPath) =>
        disk.Length(logPath) is null ? null : WriteAheadLog.Open(disk, logPath, data.IsReadOnly, settings.LogGrowthStep);

    /// <summary>Verifies that a log beside a closed data file holds nothing that the data file lacks.</summary>
    private static void VerifyNotNeeded(WriteAheadLog log, in DataFileHeader closed)
    {
        if (log.Generation == 0)
        {
            return;
        }

        LogContent content = log.ReadFrames();

        // An earlier open of this very state that was cut short leaves a log with an id that the data file does not have yet.
        bool isOfEarlierOpen = log.BaseSequence == closed.AppliedSequence && content.Batches.Count == 0 && content.FlushedSequence == 0
            && log.Generation - FirstGeneration(closed) is 0 or 1;
        if (log.StoreId != closed.StoreId && !isOfEarlierOpen)
        {
            throw WriteAheadLog.AnotherStore(log.Name);
        }

        if (log.BaseSequence > closed.AppliedSequence
            || (content.Batches.Count > 0 && content.Batches[^1].Sequence > closed.AppliedSequence))
        {
            throw WriteAheadLog.LaterState(log.Name);
        }
    }

    private void OpenLogs(Guid storeId)
    {
        for (int i = 0; i < _logs.Length; i++)
        {
            string name = _paths[i];
            if (disk.Length(name) is null)
            {
                throw new DamagedFileException(
                    $"The file '{name}' is missing. The data file '{path}' was not closed, and the latest changes are in the missing file. "
                    + "Put it back beside the data file.",
                    ImmUnavailableReason.MissingLog);
            }

            WriteAheadLog log = _logs[i] = WriteAheadLog.Open(disk, name, data.IsReadOnly, settings.LogGrowthStep);
            if (log.Generation == 0)
            {
                throw new DamagedFileException(
                    $"The file '{name}' is empty. The data file '{path}' was not closed, and the file held the latest changes. "
                    + "Restore the file as it was.",
                    ImmUnavailableReason.MissingLog);
            }

            if (log.StoreId != storeId || log.Format != data.Header.Format)
            {
                throw WriteAheadLog.AnotherStore(name);
            }
        }
    }
}
