using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The files of one store. Batches of records are durable in a write-ahead log when <see cref="Append"/> returns; checkpoints apply them to
/// the LiteDB data file.
/// </summary>
/// <remarks>
/// <para>
/// There are two logs (<see cref="LogPair"/>). Batches are appended to one, while a thread of the store applies the other to the data file
/// (<see cref="Checkpointer"/>): LiteDB changes pages in memory, these page images are written as redo into the log, and only then are the
/// pages of the data file overwritten. After a power cut at any moment the data file is unchanged or redo completes it, and the logs hold
/// the batches that it lacks.
/// </para>
/// <para>
/// The header of the data file says which batch it contains and whether the logs are needed. After a clean close everything is in the data
/// file, and the logs are deleted. The first batch after that marks the data file as open: an open writes nothing. The format of the files
/// and the order of writes are described in docs/storage.md.
/// </para>
/// <para>
/// Batches, marks and the begin of a checkpoint come from one thread at a time. All other members are thread-safe.
/// </para>
/// </remarks>
internal sealed class FileStore : IDisposable
{
    private readonly Disk _disk;
    private readonly FileStoreSettings _settings;
    private readonly DataFile _data;
    private readonly WriteAheadLog[] _logFiles;
    private readonly StorageThread _thread;
    private readonly FailureLatch _failure;
    private readonly LogPair _logs;
    private readonly StoreFiles _files;
    private readonly StoreReader _reader;
    private readonly Checkpointer _checkpointer;
    private readonly LogBatch _batch = new();
    private bool _isFull;

    /// <summary>False until the first batch after a clean close: so far the files have not been written to.</summary>
    private bool _isBegun;

    private FileStore(Disk disk, string path, FileStoreSettings settings, DataFile data, OpenedStore opened, StorageThread thread)
    {
        (_disk, _settings, _data, _thread) = (disk, settings, data, thread);
        _logFiles = [opened.Active, opened.Spare];
        _isBegun = data.Header.IsOpen;
        _failure = new FailureLatch(path, settings.Observer);
        _files = new StoreFiles(path, data, _logFiles, settings.VerifyFilesAfter, _failure);
        _logs = new LogPair(
            opened.Active,
            opened.Spare,
            data.Header.AppliedSequence,
            settings,
            _failure,
            () => thread.Post(_checkpointer!.Run),
            () => thread.Post(_logs!.Extend));
        _reader = new StoreReader(data, _logs, _files, settings, _failure);
        _checkpointer = new Checkpointer(data, _logs, _reader, _files, settings, _failure);
        Scopes = opened.Scopes;
        Recovered = (opened.RecoveredRecords, opened.RecoveredPages);
    }

    /// <summary>The full path of the data file.</summary>
    public string DataPath => _data.Name;

    /// <summary>The data file.</summary>
    public DataFile Data => _data;

    /// <summary>
    /// True for files that are being made under a temporary name: a close deletes the logs whatever happened, and leaves
    /// <see cref="Data"/> open for its maker, who renames or deletes it.
    /// </summary>
    public bool IsTemporary { get; set; }

    /// <summary>The reason why the store takes no more changes; null while it does.</summary>
    public Exception? Failure => _failure.Cause;

    /// <summary>The scopes that were stored when the store was opened, with their numbers.</summary>
    public IReadOnlyList<StoredScope> Scopes { get; }

    /// <summary>The numbers of records and pages that recovery applied to the data file.</summary>
    public (int Records, int Pages) Recovered { get; }

    /// <summary>The length of the data file before it was opened; null if there was no file.</summary>
    private long? LengthBefore { get; init; }

    /// <summary>True if the file had an older format and was brought to the present one by the open.</summary>
    public bool IsUpgraded { get; private init; }

    /// <inheritdoc cref="Checkpointer.Last"/>
    public StoreCheckpoint? LastCheckpoint => _checkpointer.Last;

    /// <inheritdoc cref="Checkpointer.DataLength"/>
    public long DataLength => _checkpointer.DataLength;

    /// <inheritdoc cref="StoreReader.AppliedSequence"/>
    public long AppliedSequence => _reader.AppliedSequence;

    /// <summary>The length in bytes of the batches in the active log.</summary>
    public long LogLength => _logs.Active.End;

    /// <summary>Opens the store of a data file. Creates a new store if there is no file, or an empty one.</summary>
    /// <exception cref="IOException">A file cannot be opened, is damaged or is missing; no change was lost.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
    public static FileStore Open(Disk disk, string path, FileStoreSettings settings)
    {
        long? length = disk.Length(path);

        // Fails for a path that is too long for the names of the logs, before anything is created.
        _ = disk.Length(WriteAheadLog.Paths(path).First);
        if (length is null or 0)
        {
            NewFileName.VerifyIsOfNoLog(disk, path);
        }

        // Started first: if it cannot be started no file has been touched.
        var thread = new StorageThread($"Imm.Core checkpoint {Path.GetFileName(path)}", settings.StartThread, settings.IdleMark / 2);
        DataFile? data = null;
        StoreOpening? opening = null;
        try
        {
            data = DataFile.OpenOrCreate(disk, path, length is not null, settings.NewFileMode);
            bool isOld = data.Header.Format == DataFileHeader.OldestFormat;
            if (isOld)
            {
                data = StoreUpgrade.Run(disk, path, data, settings);
            }

            opening = new StoreOpening(disk, path, data, settings);
            return new FileStore(disk, path, settings, data, opening.Run(), thread) { IsUpgraded = isOld, LengthBefore = length };
        }
        catch (Exception e)
        {
            thread.Dispose();
            opening?.Dispose();
            data?.Discard(disk, length);
            data?.Dispose();
            if (e is LiteDB.LiteException or InvalidDataException)
            {
                throw new DamagedFileException(path, e.Message);
            }

            throw;
        }
    }

    /// <summary>Begins a batch.</summary>
    /// <exception cref="IOException">The store has failed.</exception>
    public void BeginBatch()
    {
        _failure.ThrowIfSet();
        _batch.Clear();
    }

    /// <summary>Adds the record of a change to the batch.</summary>
    /// <inheritdoc cref="LogBatch.Add"/>
    public void Add(int scopeId, in Change change) => _batch.Add(scopeId, change);

    /// <summary>Appends the batch to the log and makes it durable. Nothing is written for a batch without records.</summary>
    /// <returns>The number of the batch; if it has no records, of the last one.</returns>
    /// <exception cref="OutOfSpaceException">There is no room. Nothing was written, and a later call may find room.</exception>
    /// <exception cref="DirectoryNotOpenedException">The logs cannot begin. Nothing was written, and a later call may succeed.</exception>
    /// <exception cref="IOException">
    /// The batch is not acknowledged; the next open may find it in the log or not. The store has failed.
    /// </exception>
    public long Append()
    {
        if (_batch.IsEmpty)
        {
            return _logs.Sequence;
        }

        // It fails the store itself where the files are not right. Otherwise nothing is written yet.
        _files.VerifyBeforeBatch();
        try
        {
            if (!_isBegun)
            {
                _reader.BeginLogs(() => StoreOpening.Begin(_disk, DataPath, _data, _logFiles, _settings.NewStoreId()));
                _isBegun = true;
            }

            long sequence = _logs.Append(_batch);
            _isFull = false;
            return sequence;
        }
        catch (OutOfSpaceException e)
        {
            // Once, until a batch finds room again: every change that is refused has the reason.
            if (!_isFull)
            {
                _isFull = true;
                _settings.Observer?.RanOutOfSpace(e);
            }

            throw;
        }
        catch (DirectoryNotOpenedException)
        {
            // The logs were about to begin, and the data file does not need them yet: the next batch begins them anew.
            throw;
        }
        catch (Exception e)
        {
            _failure.Set(e);
            throw;
        }
    }

    /// <summary>Takes no more changes: what was appended could not be published.</summary>
    public void Fail(Exception cause) => _failure.Set(cause);

    /// <summary>
    /// Appends an idle mark behind the last batch, if there is none. If the batch is damaged later, the next open detects it by the mark.
    /// If there is no room the mark is omitted. Does not throw.
    /// </summary>
    public void Mark()
    {
        try
        {
            _failure.ThrowIfSet();
            _logs.AppendIdleMark();
        }
        catch (OutOfSpaceException)
        {
        }
        catch (Exception e)
        {
            _failure.Set(e);
        }
    }

    /// <summary>
    /// Calls back when there were no changes for a time and an idle mark is due, so that <see cref="Mark"/> can be called.
    /// </summary>
    public void WhenMarkIsDue(Action callback)
    {
        // Called twice in that time: a batch that is the last one at both calls has been so for at least half of it.
        long seen = _logs.Sequence;
        _thread.RunWhenIdle(() =>
        {
            try
            {
                _checkpointer.ReleaseIfUnused();
                long sequence = _logs.Sequence;
                if (sequence == seen && sequence != _logs.MarkedSequence && !_failure.IsSet)
                {
                    callback();
                }

                seen = sequence;
            }
#pragma warning disable CA1031 // It would end the thread, and with it the process.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _failure.Set(e);
            }
        });
    }

    /// <summary>
    /// Calls back on a thread of the pool once the store has failed: who meets the failure may hold locks that the callback takes.
    /// </summary>
    public void WhenFailed(Action callback)
    {
        Action post = () => ThreadPool.UnsafeQueueUserWorkItem(static callback => callback(), callback, preferLocal: false);
        _failure.WasSet += post;
        if (_failure.IsSet)
        {
            // A read may have failed since the open, before there was a callback.
            post();
        }
    }

    /// <summary>Begins a checkpoint of everything that was appended, after a checkpoint under way has ended. Does not throw.</summary>
    public void BeginCheckpoint()
    {
        try
        {
            _logs.BeginCheckpoint();
        }
        catch (Exception e)
        {
            _failure.Set(e);
        }
    }

    /// <inheritdoc cref="LogPair.WaitForCheckpoint"/>
    public void WaitForCheckpoint() => _logs.WaitForCheckpoint();

    /// <inheritdoc cref="StoreReader.Load"/>
    public ScopeState Load(Scope scope, int id, int? ownProjectQuota, long revision) =>
        _reader.Load(scope, id, ownProjectQuota, revision);

    /// <inheritdoc cref="StoreReader.ReadChanges"/>
    public List<PublishedChange> ReadChanges() => _reader.ReadChanges();

    /// <summary>Reads the scopes as they are at the beginning of the enumeration, in ordinal order, one at a time.</summary>
    public IEnumerable<ScopeState> ReadScopes()
    {
        using StoreContents snapshot = _reader.TakeSnapshot();
        foreach (ScopeState state in ScopeLoader.LoadAll(snapshot, _settings))
        {
            yield return state;
        }
    }

    /// <summary>Verifies everything that was appended before, and returns the problems that were found.</summary>
    public List<string> Check()
    {
        using StoreContents snapshot = _reader.TakeSnapshot();
        return StoreCheck.Run(snapshot, _settings);
    }

    /// <summary>Writes everything that was appended before into a new data file, which needs no logs.</summary>
    /// <exception cref="OperationCanceledException">The backup was cancelled; there is no file.</exception>
    public void Backup(string path, CancellationToken cancellationToken)
    {
        using StoreContents snapshot = _reader.TakeSnapshot();
        StoreBackup.Run(_disk, snapshot, path, _settings, cancellationToken);
    }

    /// <summary>
    /// Applies everything to the data file, marks it as closed, deletes the logs and releases the files. After a failure it only releases
    /// the files. Does not throw: <see cref="Failure"/> has the reason why the close is incomplete, and the logs have what the data file
    /// lacks.
    /// </summary>
    public void Dispose()
    {
        _thread.Post(_checkpointer.Close);
        _thread.Dispose();
        _checkpointer.Dispose();
        _reader.CloseDocuments();
        foreach (WriteAheadLog log in _logFiles)
        {
            // After a failure the logs are needed. A log that cannot be deleted is not: the next open uses it again.
            if ((!_failure.IsSet || IsTemporary) && log.Delete(_disk) is { } reason && !IsTemporary)
            {
                _failure.TrySet(reason);
            }

            log.Dispose();
        }

        if (!IsTemporary)
        {
            _data.Dispose();
        }
    }

    /// <summary>
    /// Gives up an open that did not complete: the files are as before it, or else released so that the next open recovers the store.
    /// </summary>
    public void Abandon()
    {
        // Set without a report to the observer: the caller reports why.
        _failure.TrySet(new IOException("The open of the store did not complete."));

        // Until the store is begun its logs are not needed, and a new data file holds nothing.
        IsTemporary = !_isBegun;
        Dispose();
        if (IsTemporary)
        {
            _data.Discard(_disk, LengthBefore);
            _data.Dispose();
        }
    }
}
