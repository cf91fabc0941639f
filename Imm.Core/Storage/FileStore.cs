using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The files of one store: records are safe in a log when <see cref="Append"/> returns, and reach the LiteDB data file behind it, at checkpoints.
/// </summary>
/// <remarks>
/// <para>
/// Two logs take turns. Batches are appended to the active one; when it has grown enough they go on in the other, and a thread of the store's own
/// drains the first: it applies its records to LiteDB, which only changes pages in memory, writes those pages as one frame behind the records and
/// flushes it, overwrites the pages in the data file and flushes that, and begins a new lap. Whenever the power goes, the data file is as it was, or
/// the log holds the pages to finish it with; and the records after them are in the logs.
/// </para>
/// <para>
/// The data file's stamp says which frame it has come to, and whether the logs belong to the content. After a clean close it is all in the data
/// file, and the logs are deleted.
/// </para>
/// </remarks>
internal sealed class FileStore : IDisposable
{
    /// <summary>How many pages a reader has read when it is given up, 1 MiB: LiteDB holds them, and they are read once.</summary>
    private const int MaxPagesHeld = 128;

    private readonly Disk _disk;
    private readonly string _path;
    private readonly FileStoreSettings _settings;
    private readonly DataFile _data;
    private readonly StorageThread _thread;

    /// <summary>Held to read the data file, and to overwrite it.</summary>
    private readonly Lock _dataGate = new();

    /// <summary>Guards the turn of the logs: everything below.</summary>
    private readonly object _turn = new();

    private RedoLog _active;
    private RedoLog _spare;
    /// <summary>The batches in the active log, one behind the other: what the next checkpoint brings into the data file.</summary>
    private PackedWriter _pending = new();

    /// <summary>A buffer to go on in, as long as it is used again and again.</summary>
    private PackedWriter? _emptied;
    private bool _draining;
    private Exception? _failure;
    private long _lastLap;

    private DocumentFile? _reader;
    private StoreCheckpoint? _lastCheckpoint;
    private long _dataLength;
    private DataFile.Stamp _stamp;
    private long _sequence;
    private long _flushedSequence;

    private FileStore(Disk disk, string path, FileStoreSettings settings, DataFile data, RecoveredStore recovered)
    {
        _disk = disk;
        _path = path;
        _settings = settings;
        _data = data;
        _active = recovered.Active;
        _spare = recovered.Spare;
        _stamp = recovered.Stamp;
        _sequence = _stamp.AppliedSequence;
        _flushedSequence = _stamp.AppliedSequence;
        _lastLap = Math.Max(_active.Lap, _spare.Lap);
        _dataLength = data.Length;
        Recovered = (recovered.RecoveredRecords, recovered.RecoveredPages);
        _thread = new StorageThread($"Imm.Core checkpoint {Path.GetFileName(path)}");
    }

    /// <summary>Why the store can go on no more; null while it can.</summary>
    public Exception? Failure => Volatile.Read(ref _failure);

    /// <summary>What opening had to bring into the data file.</summary>
    public (int Records, int Pages) Recovered { get; }

    /// <summary>The last checkpoint since the store was opened; null before the first.</summary>
    public StoreCheckpoint? LastCheckpoint => Volatile.Read(ref _lastCheckpoint);

    /// <summary>The length of the data file in bytes, as of the last checkpoint.</summary>
    public long DataLength => Volatile.Read(ref _dataLength);

    /// <summary>The length of what the active log holds in bytes.</summary>
    public long LogLength
    {
        get
        {
            lock (_turn)
            {
                return _active.Position;
            }
        }
    }

    /// <summary>The names of a store's two log files.</summary>
    public static (string First, string Second) LogPaths(string path) => (path + "-log1", path + "-log2");

    /// <summary>Opens the store of a data file, or makes a new one where there is no file, or an empty one.</summary>
    /// <exception cref="IOException">A file cannot be had, or is damaged; nothing was lost.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
    public static FileStore Open(Disk disk, string path, FileStoreSettings settings)
    {
        DataFile? data = null;
        var logs = new RedoLog?[2];
        try
        {
            data = disk.Length(path) is null or 0 ? CreateData(disk, path, settings) : DataFile.Open(disk, path);
            return new FileStore(disk, path, settings, data, Recovery.Run(disk, path, data, logs, settings.NewStoreId));
        }
        catch (Exception e)
        {
            foreach (RedoLog? log in logs)
            {
                log?.Dispose();
            }

            data?.Dispose();
            if (e is LiteDB.LiteException or InvalidDataException)
            {
                throw new DamagedFileException(path, e.Message);
            }

            throw;
        }
    }

    /// <summary>Makes one batch of records durable. One caller at a time.</summary>
    /// <param name="frame">The records as <see cref="BatchCodec"/> writes them, behind room for the header of a frame.</param>
    /// <exception cref="IOException">The batch is not safe, though it may be found when the store is opened again. Every later call fails too.</exception>
    public void Append(PackedWriter frame)
    {
        try
        {
            ReadOnlySpan<byte> batch = frame.Written[RedoLog.FrameHeaderSize..];
            RedoLog log = ActiveLog();
            long sequence = _sequence + 1;
            log.Append(frame, FrameKind.Records, sequence, _flushedSequence);
            if (_settings.FlushEachCommit)
            {
                Flush(log);
                _flushedSequence = sequence;
            }

            _sequence = sequence;
            lock (_turn)
            {
                _pending.Bytes(batch);
            }
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }
    }

    /// <summary>Reads everything of one scope. The scope must not have been written to since the store was opened.</summary>
    public ScopeState Load(Scope scope, int id, int? ownProjectQuota)
    {
        lock (_dataGate)
        {
            ThrowIfFailed();
            try
            {
                _reader ??= new DocumentFile(_data);
                ScopeState state = new ScopeLoader(_reader, _settings.Codec, problem => throw new DamagedFileException(_data.Name, problem))
                    .Load(ScopeState.Empty(scope, _settings.Figures, ownProjectQuota), id);
                if (_reader.PagesRead >= MaxPagesHeld)
                {
                    GiveUpReader();
                }

                return state;
            }
            catch (Exception e)
            {
                _reader = null;
                Fail(e);
                throw;
            }
        }
    }

    /// <summary>All scopes that have been written to, with their numbers.</summary>
    public List<(int Id, Scope Scope, int? OwnProjectQuota)> ReadScopes()
    {
        lock (_dataGate)
        {
            ThrowIfFailed();
            _reader ??= new DocumentFile(_data);
            return [.. _reader.Read(ChangeKind.Scope).Select(record =>
            {
                (Scope scope, int? quota) = RecordCodec.ReadScope(record.Key, record.Value.Span);
                return (checked((int)record.Key), scope, quota);
            })];
        }
    }

    /// <summary>
    /// Begins to bring everything that has been appended into the data file; what is run on the store's thread after it finds it there. Called in the
    /// turn of the one that appends.
    /// </summary>
    public void BeginCheckpoint()
    {
        lock (_turn)
        {
            while (_draining && _failure is null)
            {
                Monitor.Wait(_turn);
            }

            ThrowIfFailed();
            if (_pending.Length > 0)
            {
                SwitchLogs();
            }
        }
    }

    /// <summary>Waits for the checkpoint that is under way, if one is.</summary>
    public void AwaitCheckpoint() => _thread.Run(static () => { });

    /// <summary>Everything that is wrong with the data file as of the last checkpoint.</summary>
    public List<string> Check()
    {
        var problems = new List<string>();
        OnWholeFile(() => problems.AddRange(StoreCheck.Run(_data, _settings)));
        return problems;
    }

    /// <summary>Writes what the data file holds into a new one, which needs no logs.</summary>
    public void Backup(string path) => OnWholeFile(() => StoreBackup.Run(_disk, _data, path, _settings));

    /// <summary>Brings everything into the data file, marks it closed and gives up the files. After a failure it only gives up the files.</summary>
    public void Dispose()
    {
        try
        {
            _thread.Run(Close);
        }
#pragma warning disable CA1031 // What was acknowledged is in the logs, and the next open finds it there; who closes has no use for the exception.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Fail(e);
        }
        finally
        {
            _thread.Dispose();
            _reader?.Dispose();
            _active.Dispose();
            _spare.Dispose();
            _data.Dispose();
        }
    }

    /// <summary>Gives up the files as they are.</summary>
    public void Abandon()
    {
        lock (_turn)
        {
            // Not a failure to be told of.
            _failure ??= new IOException($"The store '{_path}' was given up.");
        }

        Dispose();
    }

    private static DataFile CreateData(Disk disk, string path, FileStoreSettings settings)
    {
        (string first, string second) = LogPaths(path);
        Recovery.RefuseOrphan(disk, path, first);
        Recovery.RefuseOrphan(disk, path, second);
        string temporary = path + "-new";
        DataFile.RefuseForeign(disk, temporary);
        DataFile data = DataFile.Create(disk, temporary, path);
        try
        {
            // The exclusive hold on the temporary file decides who makes the store; somebody may have made it just before.
            if (disk.Length(path) is not (null or 0))
            {
                throw new IOException($"The store '{path}' is being created by somebody else.");
            }

            using (var documents = new DocumentFile(data))
            {
                data.WritePages(documents.TakePages(DataFile.Stamp.New(settings.NewStoreId())));
            }

            data.Flush();
            disk.Rename(temporary, path);
            disk.FlushDirectory(path);
            return data;
        }
        catch
        {
            data.Dispose();
            disk.Delete(temporary);
            throw;
        }
    }

    private void GiveUpReader()
    {
        _reader?.Dispose();
        _reader = null;
    }

    /// <summary>The log for the next batch: the spare one once the active one has grown enough and the spare one is free.</summary>
    private RedoLog ActiveLog()
    {
        lock (_turn)
        {
            while (_active.Position >= _settings.MaxLogLength && _draining && _failure is null)
            {
                Monitor.Wait(_turn);
            }

            ThrowIfFailed();
            if (_active.Position >= _settings.CheckpointLength && !_draining)
            {
                SwitchLogs();
            }

            return _active;
        }
    }

    /// <summary>Has the next batches go to the other log, and the active one drained.</summary>
    private void SwitchLogs()
    {
        if (!_settings.FlushEachCommit)
        {
            // What the data file will hold must not be overtaken by what comes after it.
            Flush(_active);
            _flushedSequence = _sequence;
        }

        (_active, _spare) = (_spare, _active);
        PackedWriter batches = _pending;
        long sequence = _sequence;
        _pending = _emptied ?? new PackedWriter();
        _emptied = null;
        _draining = true;
        _thread.Post(() => Drain(batches, sequence));
    }

    private void Flush(RedoLog log)
    {
        long start = _settings.TimeProvider.GetTimestamp();
        log.Flush();
        _settings.Observer?.Flushed(_settings.TimeProvider.GetElapsedTime(start));
    }

    private void Drain(PackedWriter batches, long sequence)
    {
        try
        {
            RunCheckpoint(_spare, batches, _stamp with { AppliedSequence = sequence, Checkpoint = _stamp.Checkpoint + 1 });
            _spare.Begin(++_lastLap, sequence);
            lock (_turn)
            {
                _draining = false;
                if (_pending.Length > 0)
                {
                    batches.Clear();
                    _emptied = batches;
                }

                Monitor.PulseAll(_turn);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Close()
    {
        if (_failure is not null)
        {
            return;
        }

        // The thread has drained what was posted before; what is left is in the active log.
        RunCheckpoint(_active, _pending, _stamp with { IsOpen = false, AppliedSequence = _sequence, Checkpoint = _stamp.Checkpoint + 1 });
        _active.Dispose();
        _spare.Dispose();
        (string first, string second) = LogPaths(_path);
        _disk.Delete(first);
        _disk.Delete(second);
    }

    private void RunCheckpoint(RedoLog log, PackedWriter batches, in DataFile.Stamp stamp)
    {
        long start = _settings.TimeProvider.GetTimestamp();
        var records = new List<Record>();
        BatchCodec.Read(batches.Memory, records);
        int pages = Checkpoint.Run(_data, log, records, stamp, overwrite =>
        {
            lock (_dataGate)
            {
                GiveUpReader();
                try
                {
                    overwrite();
                }
                catch (Exception e)
                {
                    // Before anybody else can read the file: old and new pages together may hang together wrongly.
                    Fail(e);
                    throw;
                }
            }
        });
        _stamp = stamp;
        Volatile.Write(ref _dataLength, _data.Length);
        var checkpoint = new StoreCheckpoint(records.Count, pages, _settings.TimeProvider.GetElapsedTime(start));
        Volatile.Write(ref _lastCheckpoint, checkpoint);
        _settings.Observer?.Checkpointed(checkpoint);
    }

    /// <summary>Runs work behind the checkpoint that was begun for it. Where that failed the data file lacks changes, or is half overwritten.</summary>
    private void OnWholeFile(Action work) => _thread.Run(() =>
    {
        ThrowIfFailed();
        work();
    });

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw new IOException($"The store '{_path}' has failed: {failure.Message}", failure);
        }
    }

    private void Fail(Exception cause)
    {
        lock (_turn)
        {
            _failure ??= cause;
            Monitor.PulseAll(_turn);
        }

        _settings.Observer?.Failed(cause);
    }
}
