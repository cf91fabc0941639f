using System.Diagnostics;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The files of one store: records are safe in a write-ahead log when <see cref="Append"/> returns, and reach the LiteDB data file behind
/// it, at checkpoints.
/// </summary>
/// <remarks>
/// <para>
/// Two logs take turns. Batches are appended to the active one; when it has grown enough they go on in the other, and a thread of the
/// store's own brings the first into the data file: it applies its records to LiteDB, which only changes pages in memory, writes those
/// pages as one frame behind the records and flushes it, overwrites the pages in the data file and flushes that, and begins a new
/// generation of the log. Whenever the power goes, the data file is as it was, or the log holds the pages to finish it with; and the
/// records after them are in the logs.
/// </para>
/// <para>
/// The data file's header says which batch it has come to, and whether the logs belong to the content. After a clean close it is all in the
/// data file, and the logs are deleted.
/// </para>
/// <para>
/// Locks: <c>_dataGate</c> before <c>_gate</c>. The thread that appends takes only the second, and never while it waits for the disk.
/// </para>
/// </remarks>
internal sealed class FileStore : IDisposable
{
    /// <summary>The number of pages, 1 MiB, after which a reader is given up: LiteDB holds them, and they are read once.</summary>
    private const int MaxPagesHeld = 128;

    /// <summary>The time after which a checkpoint that found no room is tried again, at the next batch.</summary>
    private static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Disk _disk;
    private readonly string _path;
    private readonly FileStoreSettings _settings;
    private readonly DataFile _data;
    private readonly StorageThread _thread;

    /// <summary>Held to read the data file and what the logs add to it, to overwrite it, and to begin a log anew.</summary>
    private readonly Lock _dataGate = new();

    /// <summary>Guards the turn of the logs: everything below.</summary>
    private readonly object _gate = new();

    private RedoLog _active;
    private RedoLog _spare;

    /// <summary>The end of the batches in the active log, and of those in the other one that are not in the data file.</summary>
    private long _activeEnd;
    private long _spareEnd;

    /// <summary>The number of the last batch in the log that is not active.</summary>
    private long _spareSequence;
    private bool _isInCheckpoint;

    /// <summary>Why the last attempt at a checkpoint found no room, and when; null while there is none to try again.</summary>
    private OutOfSpaceException? _blocked;
    private long _blockedAt;
    private long _sequence;

    private readonly FailureLatch _failure;
    private readonly LogBatch _batch = new();
    private readonly PackedWriter _buffer = new();
    private DocumentFile? _reader;
    private StoreCheckpoint? _lastCheckpoint;
    private long _dataLength;
    private long _appliedSequence;

    // Only the thread that appends changes these.
    private long _flushedSequence;
    private long _markedSequence;
    private long _lookedAt;

    private FileStore(Disk disk, string path, FileStoreSettings settings, DataFile data, RecoveredStore recovered, StorageThread thread)
    {
        _thread = thread;
        _failure = new FailureLatch(path);
        _disk = disk;
        _path = path;
        _settings = settings;
        _data = data;
        _active = recovered.Active;
        _spare = recovered.Spare;
        _activeEnd = _active.Position;
        _sequence = data.Current.AppliedSequence;
        _flushedSequence = _sequence;
        _markedSequence = _sequence;
        _appliedSequence = _sequence;
        _dataLength = data.Length;
        Scopes = recovered.Scopes;
        Recovered = (recovered.RecoveredRecords, recovered.RecoveredPages);
    }

    /// <summary>Why the store can go on no more; null while it can.</summary>
    public Exception? Failure => _failure.Cause;

    /// <summary>All scopes that had been written to when the store was opened, with their numbers.</summary>
    public IReadOnlyList<(int Id, Scope Scope, int? OwnProjectQuota)> Scopes { get; }

    /// <summary>The records and pages that opening had to bring into the data file.</summary>
    public (int Records, int Pages) Recovered { get; }

    /// <summary>The last checkpoint since the store was opened; null before the first.</summary>
    public StoreCheckpoint? LastCheckpoint => Volatile.Read(ref _lastCheckpoint);

    /// <summary>The length of the data file in bytes, as of the last checkpoint.</summary>
    public long DataLength => Volatile.Read(ref _dataLength);

    /// <summary>The number of the last batch whose records are in the data file.</summary>
    public long AppliedSequence => Volatile.Read(ref _appliedSequence);

    /// <summary>The length of what the active log holds in bytes.</summary>
    public long LogLength
    {
        get
        {
            lock (_gate)
            {
                return _activeEnd;
            }
        }
    }

    /// <summary>The names of a store's two log files.</summary>
    public static (string First, string Second) LogPaths(string path) => (path + "-log1", path + "-log2");

    /// <summary>Opens the store of a data file, or makes a new one where there is no file, or one without content.</summary>
    /// <exception cref="IOException">A file cannot be had, or is damaged; nothing was lost.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read or written.</exception>
    public static FileStore Open(Disk disk, string path, FileStoreSettings settings)
    {
        long? length = disk.Length(path);

        // A name that is too long for its logs shows here, before anything is made.
        _ = disk.Length(LogPaths(path).First);

        // A thread that cannot be had is no reason to touch a file either.
        var thread = new StorageThread($"Imm.Core checkpoint {Path.GetFileName(path)}", settings.StartThread, settings.IdleMark / 2);
        DataFile? data = null;
        Recovery? recovery = null;
        try
        {
            data = DataFile.OpenOrCreate(disk, path, length is not null);
            recovery = new Recovery(disk, path, data, settings.NewStoreId);
            return new FileStore(disk, path, settings, data, recovery.Run(), thread);
        }
        catch (Exception e)
        {
            thread.Dispose();
            recovery?.Dispose();
            data?.Discard(disk, length);
            data?.Dispose();
            if (e is LiteDB.LiteException or InvalidDataException)
            {
                throw new DamagedFileException(path, e.Message);
            }

            throw;
        }
    }

    /// <summary>Begins a batch, which takes records until <see cref="Append"/>. One caller at a time.</summary>
    /// <exception cref="IOException">The store has failed.</exception>
    public void BeginBatch()
    {
        _failure.ThrowIfSet();
        _batch.Clear();
    }

    /// <summary>Adds the record of one change to the batch that was begun.</summary>
    /// <inheritdoc cref="LogBatch.Add"/>
    public void Add(int scopeId, in Change change) => _batch.Add(scopeId, change);

    /// <summary>Makes the batch that was begun durable. A batch without records writes nothing.</summary>
    /// <returns>The number of the batch; that of the last one where the batch has no records.</returns>
    /// <exception cref="OutOfSpaceException">
    /// There is no room for the batch. Nothing was written, and a later call may find room.
    /// </exception>
    /// <exception cref="IOException">
    /// The batch is not durable, though the next open may find it in the log. Every later call fails too.
    /// </exception>
    public long Append()
    {
        if (_batch.IsEmpty)
        {
            return _sequence;
        }

        try
        {
            RedoLog log = ActiveLog();
            log.Reserve(_batch.Length);
            long sequence = _sequence + 1;
            log.Append(_batch, sequence, _flushedSequence);
            if (_settings.FlushEachCommit)
            {
                Flush(log);
                Volatile.Write(ref _flushedSequence, sequence);
            }

            Publish(log, sequence);
            return sequence;
        }
        catch (Exception e) when (e is not OutOfSpaceException)
        {
            Fail(e);
            throw;
        }
    }

    /// <summary>
    /// Writes a mark behind the last batch, which vouches for it: if the batch goes bad on the disk it is missed when the store is opened
    /// again. Called in the turn of the one that appends. A failure is the store's, and a full disk waits for the next mark.
    /// </summary>
    public void Mark()
    {
        if (_markedSequence == _sequence)
        {
            return;
        }

        try
        {
            _failure.ThrowIfSet();
            RedoLog log = _active;
            log.Reserve(RedoLog.SectorSize);
            FlushAll();
            log.AppendMark(FrameKind.Idle, _flushedSequence);
            Flush(log);
            Volatile.Write(ref _markedSequence, _sequence);
            Publish(log, _sequence);
        }
        catch (OutOfSpaceException)
        {
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>
    /// Begins a checkpoint of everything that was appended, once no other checkpoint is under way. Caller must be the one that appends.
    /// </summary>
    public void BeginCheckpoint()
    {
        WaitForCheckpoint();
        try
        {
            if (_failure.Cause is null && _blocked is null && _activeEnd > RedoLog.HeaderSize)
            {
                SwitchLogs();
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    /// <summary>Returns once no checkpoint is under way, or the store has failed.</summary>
    public void WaitForCheckpoint()
    {
        lock (_gate)
        {
            while (_isInCheckpoint && _failure.Cause is null)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>
    /// Has something called when there were no changes for a moment and the last of them has no mark yet; it is to call <see cref="Mark"/>
    /// in its turn.
    /// </summary>
    public void WhenMarkIsDue(Action request)
    {
        // Looked at twice in that time: a change that is there at two looks has waited for at least half of it.
        long seen = Volatile.Read(ref _sequence);
        _thread.WhenIdle(() =>
        {
            long sequence = Volatile.Read(ref _sequence);
            if (sequence == seen && sequence != Volatile.Read(ref _markedSequence) && _failure.Cause is null)
            {
                request();
            }

            seen = sequence;
        });
    }

    /// <summary>Reads everything of one scope, none of whose changes is in the logs only.</summary>
    public ScopeState Load(Scope scope, int id, int? ownProjectQuota)
    {
        lock (_dataGate)
        {
            _failure.ThrowIfSet();
            try
            {
                _reader ??= new DocumentFile(_data);
                ScopeState state = new ScopeLoader(
                    _reader.Read, _settings.Codec, problem => throw new DamagedFileException(_data.Name, problem))
                    .Load(ScopeState.Empty(scope, _settings.Defaults, ownProjectQuota), id);
                if (_reader.PagesRead >= MaxPagesHeld)
                {
                    GiveUpReader();
                }

                return state;
            }
            catch (Exception e) when (e is ThreadInterruptedException or OutOfMemoryException)
            {
                // Somebody interrupts the thread that reads, or memory is short: the file is as it was, the reader may not be.
                _reader = null;
                throw;
            }
            catch (Exception e)
            {
                _reader = null;
                Fail(e);
                throw;
            }
        }
    }

    /// <summary>Takes everything that was appended before, for a reader beside the writers.</summary>
    /// <exception cref="IOException">The store has failed, or a file of it was moved or replaced.</exception>
    public StoreSnapshot TakeSnapshot()
    {
        lock (_dataGate)
        {
            _failure.ThrowIfSet();
            ThrowIfChanged();
            (RedoLog Log, long End)[] ends;
            long sequence;
            lock (_gate)
            {
                sequence = _sequence;
                ends = _isInCheckpoint || _blocked is not null ? [(_spare, _spareEnd), (_active, _activeEnd)] : [(_active, _activeEnd)];
            }

            if (!_settings.FlushEachCommit)
            {
                FlushOrFail(ends[^1].Log);
            }

            var records = new List<Record>();
            foreach ((List<Record> some, _) in ReadLogs(sequence, ends).Read(new PackedWriter()))
            {
                records.AddRange(some.Select(record => record with { Value = record.Value.ToArray() }));
            }

            return new StoreSnapshot(_data.TakeSnapshot(), Checkpoint.LastOfEach(records, mayBeThere: true));
        }
    }

    /// <summary>Lists everything that is wrong with what was appended before.</summary>
    public List<string> Check()
    {
        using StoreSnapshot snapshot = TakeSnapshot();
        return StoreCheck.Run(snapshot, _settings);
    }

    /// <summary>Writes what was appended before into a new data file, which needs no logs.</summary>
    /// <exception cref="OperationCanceledException">It was given up; there is no file.</exception>
    public void Backup(string path, CancellationToken cancellationToken)
    {
        using StoreSnapshot snapshot = TakeSnapshot();
        StoreBackup.Run(_disk, snapshot, path, _data.Mode, _settings, cancellationToken);
    }

    /// <summary>
    /// Brings everything into the data file, marks it closed and gives up the files. After a failure it only gives up the files. It does
    /// not throw: <see cref="Failure"/> says why the data file could not be finished, and the logs have what it lacks.
    /// </summary>
    public void Dispose()
    {
        // The thread has done what was posted before; what is left is in the logs.
        _thread.Post(Close);
        _thread.Dispose();
        GiveUpReader();
        foreach (RedoLog log in (RedoLog[])[_active, _spare])
        {
            // After a failure the logs hold what the data file lacks. One that cannot be deleted is not needed: the next open uses it again.
            if (_failure.Cause is null && log.Delete(_disk) is { } reason)
            {
                _failure.TrySet(reason);
            }

            log.Dispose();
        }

        _data.Dispose();
    }

    /// <summary>Gives up the files as they are.</summary>
    public void Abandon()
    {
        // No failure that an observer is told of.
        _failure.TrySet(new IOException($"The store '{_path}' was given up."));

        Dispose();
    }

    private void GiveUpReader()
    {
        _reader?.Dispose();
        _reader = null;
    }

    /// <summary>The log for the next batch: the spare one once the active one has grown enough and the spare one is free.</summary>
    private RedoLog ActiveLog()
    {
        if (Stopwatch.GetElapsedTime(_lookedAt) >= _settings.LookAgainAfter)
        {
            ThrowIfChanged();
            _lookedAt = Stopwatch.GetTimestamp();
        }

        Uninterruptible.Enter(_gate);
        try
        {
            if (_blocked is not null && (_activeEnd >= _settings.MaxLogLength || Stopwatch.GetElapsedTime(_blockedAt) >= TryAgainAfter))
            {
                BeginCheckpoint(mayBeThere: true);
            }

            while (_activeEnd >= _settings.MaxLogLength && _isInCheckpoint && _failure.Cause is null)
            {
                Uninterruptible.Wait(_gate);
            }

            _failure.ThrowIfSet();
            if (_blocked is not null && _activeEnd >= _settings.MaxLogLength)
            {
                throw _blocked;
            }
        }
        finally
        {
            Monitor.Exit(_gate);
        }

        if (_activeEnd > RedoLog.HeaderSize && _activeEnd >= _settings.CheckpointLength && !_isInCheckpoint && _blocked is null)
        {
            SwitchLogs();
        }

        return _active;
    }

    /// <summary>Has the next batches go to the other log, and the active one brought into the data file.</summary>
    private void SwitchLogs()
    {
        // What the data file will hold must not be overtaken by what comes after it, and the other log must be missed where it is lost.
        FlushAll();
        _active.AppendMark(FrameKind.End, _flushedSequence);
        Flush(_active);
        Uninterruptible.Enter(_gate);
        try
        {
            (_active, _spare) = (_spare, _active);
            (_activeEnd, _spareEnd, _spareSequence) = (_active.Position, _spare.Position, _sequence);
            BeginCheckpoint(mayBeThere: false);
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }

    private void BeginCheckpoint(bool mayBeThere)
    {
        _isInCheckpoint = true;
        _blocked = null;
        long generation = _active.Generation;
        _thread.Post(() => CheckpointSpareLog(generation, mayBeThere));
    }

    private void Publish(RedoLog log, long sequence)
    {
        Uninterruptible.Enter(_gate);
        try
        {
            _activeEnd = log.Position;
            _sequence = sequence;
        }
        finally
        {
            Monitor.Exit(_gate);
        }
    }

    private void FlushAll()
    {
        if (_flushedSequence < _sequence)
        {
            Flush(_active);
            Volatile.Write(ref _flushedSequence, _sequence);
        }
    }

    private void Flush(RedoLog log)
    {
        long start = Stopwatch.GetTimestamp();
        log.Flush();
        _settings.Observer?.Flushed(Stopwatch.GetElapsedTime(start));
    }

    private void CheckpointSpareLog(long activeGeneration, bool mayBeThere)
    {
        try
        {
            _failure.ThrowIfSet();
            RunCheckpoint(_spare, _spareEnd, _spareSequence, _data.Current with { LogGeneration = activeGeneration }, mayBeThere);
            lock (_dataGate)
            {
                _spare.Begin(_data.Current.StoreId, activeGeneration + 1, _data.Current.AppliedSequence);
                lock (_gate)
                {
                    _isInCheckpoint = false;
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (OutOfSpaceException e)
        {
            // The log has everything still: it is tried again.
            lock (_gate)
            {
                (_isInCheckpoint, _blocked, _blockedAt) = (false, e, Stopwatch.GetTimestamp());
                Monitor.PulseAll(_gate);
            }
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private void Close()
    {
        if (_failure.Cause is not null)
        {
            return;
        }

        try
        {
            if (_blocked is not null)
            {
                RunCheckpoint(
                    _spare, _spareEnd, _spareSequence, _data.Current with { LogGeneration = _active.Generation }, mayBeThere: true);
            }

            DataFile.Header closed = _data.Current with { IsOpen = false, LogGeneration = _active.Generation };
            RunCheckpoint(_active, _activeEnd, _sequence, closed, mayBeThere: false);
        }
#pragma warning disable CA1031 // What was acknowledged is in the logs, and the next open finds it there; who closes hears it from Failure.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _failure.TrySet(e);
        }
    }

    /// <summary>Brings the batches of a log into the data file. Called on the store's thread.</summary>
    private void RunCheckpoint(RedoLog log, long end, long sequence, DataFile.Header done, bool mayBeThere)
    {
        long start = Stopwatch.GetTimestamp();
        ThrowIfChanged();
        int count = 0;
        int pages = 0;
        LoggedBatches batches = ReadLogs(sequence, (log, end));
        bool isOpen = done.IsOpen;
        foreach ((List<Record> records, long last) in batches.Read(_buffer))
        {
            count += records.Count;
            pages += Run(
                records,
                done with
                {
                    AppliedSequence = last,
                    IsOpen = isOpen || last < batches.Last,
                    LoggedSequence = Volatile.Read(ref _flushedSequence),
                });
        }

        if (count == 0)
        {
            ChangeData(() => _data.WriteHeader(done with { Checkpoint = _data.Current.Checkpoint + 1 }));
        }

        Volatile.Write(ref _dataLength, _data.Length);
        var checkpoint = new StoreCheckpoint(count, pages, Stopwatch.GetElapsedTime(start));
        Volatile.Write(ref _lastCheckpoint, checkpoint);
        _settings.Observer?.Checkpointed(checkpoint);

        int Run(List<Record> records, in DataFile.Header header)
        {
            var checkpoint = new Checkpoint(_data, records, header, mayBeThere);
            while (checkpoint.Stage())
            {
                checkpoint.WriteRedo(log);
                _data.AwaitRoomInSnapshots();
                ChangeData(checkpoint.Overwrite);
            }

            return checkpoint.PagesWritten;
        }
    }

    /// <summary>Finds what the logs add to the data file, all of which was written by this process.</summary>
    private LoggedBatches ReadLogs(long sequence, params IEnumerable<(RedoLog Log, long End)> ends)
    {
        var batches = new LoggedBatches(_data.Current.AppliedSequence, ends.Select(end => (end.Log, end.Log.ReadFrames(end.End))));
        return batches.Last == sequence
            ? batches
            : throw new DamagedFileException(
                ends.First().Log.Name,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"batch {batches.Last + 1} to {sequence} were acknowledged and cannot be read; "
                    + $"another program has written to the file or cut it."));
    }

    /// <summary>Changes the data file while nobody reads it.</summary>
    private void ChangeData(Action change)
    {
        lock (_dataGate)
        {
            GiveUpReader();
            try
            {
                change();
                Volatile.Write(ref _appliedSequence, _data.Current.AppliedSequence);
            }
            catch (Exception e)
            {
                // Before anybody else can read the file: old and new pages together may hang together wrongly.
                Fail(e);
                throw;
            }
        }
    }

    private void FlushOrFail(RedoLog log)
    {
        try
        {
            log.Flush();
        }
        catch (Exception e)
        {
            Fail(e);
            throw;
        }
    }

    /// <summary>
    /// Fails where a name leads to another file than the open one, or a file was cut: changes would go where nobody finds them.
    /// </summary>
    private void ThrowIfChanged()
    {
        RedoLog active;
        RedoLog spare;
        Uninterruptible.Enter(_gate);
        (active, spare) = (_active, _spare);
        Monitor.Exit(_gate);
        try
        {
            string? moved = !_data.IsAt(_path) ? _path
                : !active.IsAt(active.Name) ? active.Name
                : !spare.IsAt(spare.Name) ? spare.Name
                : null;
            if (moved is not null)
            {
                throw new IOException(
                    $"The file '{moved}' was moved, deleted or replaced while the store was open. "
                    + "Bring its files back as they were and open the store again.");
            }

            _data.VerifyLength();
            active.VerifyLength();
            spare.VerifyLength();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Fail(e);
            throw;
        }
    }

    private void Fail(Exception cause)
    {
        if (!_failure.TrySet(cause))
        {
            return;
        }

        Uninterruptible.Enter(_gate);
        Monitor.PulseAll(_gate);
        Monitor.Exit(_gate);
        _settings.Observer?.Failed(cause);
    }
}
