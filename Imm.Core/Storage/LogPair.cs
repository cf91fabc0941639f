using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Imm.Core.Storage;

/// <summary>
/// The two logs of a store. Batches are appended to the active log. When it is long enough the logs exchange their roles, and a checkpoint
/// applies the spare log, as it is called then, to the data file.
/// </summary>
/// <remarks>
/// <para>
/// One thread at a time appends. It takes the lock of this class for moments only and never during a write or flush. It may be the thread
/// of a caller, so its waits are <see cref="Uninterruptible"/>.
/// </para>
/// <para>
/// Growth of the active log makes batches wait. So the thread of the checkpoints makes both logs long enough for what is to come, step by
/// step, once there is load.
/// </para>
/// </remarks>
internal sealed class LogPair
{
    /// <summary>The time after which a checkpoint that found no room is repeated, at the next batch.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly FileStoreSettings _settings;
    private readonly FailureLatch _failure;
    private readonly Action _startCheckpoint;
    private readonly Action _startExtension;

    /// <summary>Guards the roles of the logs and the state of the checkpoint.</summary>
    private readonly object _gate = new();
    private LogRange _active;
    private LogRange _spare;
    private bool _isInCheckpoint;
    private volatile bool _isExtending;

    /// <summary>The reason why the last checkpoint found no room; null if it is not to be repeated.</summary>
    private OutOfSpaceException? _blocked;
    private long _blockedAt;

    /// <summary>Held while a log grows.</summary>
    private readonly object _growing = new();
    private WriteAheadLog? _extended;
    private Exception? _extensionFailure;

    /// <summary>True if no log finds room any more, or none needs it.</summary>
    private volatile bool _isExtensionOver;

    // Changed only by the thread that appends.
    private bool _mayShareFlush;
    private long _sequence;
    private long _flushedSequence;
    private long _markedSequence;

    /// <param name="active">The log for the next batch, without one.</param>
    /// <param name="spare">The other log, without a batch too.</param>
    /// <param name="sequence">The number of the last batch, which is in the data file.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="failure">The failure of the store.</param>
    /// <param name="startCheckpoint">Starts a checkpoint of the spare log on another thread.</param>
    /// <param name="startExtension">Starts <see cref="Extend"/> on that thread.</param>
    public LogPair(
        WriteAheadLog active,
        WriteAheadLog spare,
        long sequence,
        FileStoreSettings settings,
        FailureLatch failure,
        Action startCheckpoint,
        Action startExtension)
    {
        (_settings, _failure, _startCheckpoint, _startExtension) = (settings, failure, startCheckpoint, startExtension);
        _active = new LogRange(active, WriteAheadLog.FramesOffset, sequence);
        _spare = new LogRange(spare, WriteAheadLog.FramesOffset, sequence);
        (_sequence, _flushedSequence, _markedSequence) = (sequence, sequence, sequence);
        failure.WasSet += Wake;
    }

    /// <summary>The active log.</summary>
    public LogRange Active
    {
        get
        {
            lock (_gate)
            {
                return _active;
            }
        }
    }

    /// <summary>The spare log. Caller must be the checkpoint thread: it does not change during a checkpoint, nor in a close.</summary>
    public LogRange Spare => _spare;

    /// <summary>True if the spare log may have been applied in part, by a checkpoint that found no room.</summary>
    public bool IsRetry { get; private set; }

    /// <summary>True if the last checkpoint found no room and is to be repeated.</summary>
    public bool IsBlocked => Volatile.Read(ref _blocked) is not null;

    /// <summary>True if the checkpoint thread works on a log. Caller must hold the lock.</summary>
    private bool IsBusy => _isInCheckpoint || _isExtending;

    /// <summary>The number of the last batch.</summary>
    public long Sequence => Volatile.Read(ref _sequence);

    /// <summary>The number of the last batch that was flushed.</summary>
    public long FlushedSequence => Volatile.Read(ref _flushedSequence);

    /// <summary>The number of the last batch that has a mark behind it.</summary>
    public long MarkedSequence => Volatile.Read(ref _markedSequence);

    /// <summary>Returns the logs that hold batches which may not be in the data file, the active one last.</summary>
    public LogRange[] Unapplied()
    {
        lock (_gate)
        {
            return _isInCheckpoint || _blocked is not null ? [_spare, _active] : [_active];
        }
    }

    /// <summary>Appends a batch, and flushes it if the settings say so.</summary>
    /// <returns>The number of the batch.</returns>
    /// <exception cref="OutOfSpaceException">There is no room. Nothing was written.</exception>
    public long Append(LogBatch batch)
    {
        if (WaitForRoom())
        {
            Switch();
        }

        WriteAheadLog log = _active.Log;
        Reserve(log, batch.Length);
        long sequence = _sequence + 1;
        log.Append(batch, sequence, _flushedSequence);
        if (_settings.FlushEachCommit)
        {
            Flush(log);
            Volatile.Write(ref _flushedSequence, sequence);
        }

        Publish(sequence);
        StartExtension();
        return sequence;
    }

    /// <summary>Appends an idle mark behind the last batch, unless there is one. It vouches for the batch.</summary>
    /// <exception cref="OutOfSpaceException">There is no room. Nothing was written.</exception>
    public void AppendIdleMark()
    {
        if (_markedSequence == _sequence)
        {
            return;
        }

        WriteAheadLog log = _active.Log;
        Reserve(log, Disk.SectorSize);
        FlushAll();
        log.AppendMark(FrameKind.IdleMark, _flushedSequence);
        Flush(log);
        Volatile.Write(ref _markedSequence, _sequence);
        Publish(_sequence);
    }

    /// <summary>
    /// Waits for a checkpoint under way, and begins one of everything that was appended. Caller must be the one that appends.
    /// </summary>
    public void BeginCheckpoint()
    {
        WaitForCheckpoint();
        if (!_failure.IsSet && _blocked is null && _active.End > WriteAheadLog.FramesOffset)
        {
            Switch();
        }
    }

    /// <summary>Returns once no checkpoint and no extension is under way, or the store has failed.</summary>
    public void WaitForCheckpoint()
    {
        lock (_gate)
        {
            while (IsBusy && !_failure.IsSet)
            {
                Monitor.Wait(_gate);
            }
        }
    }

    /// <summary>Ends the checkpoint that was started.</summary>
    /// <param name="blocked">The reason if there was no room; null if the spare log is in the data file.</param>
    public void EndCheckpoint(OutOfSpaceException? blocked)
    {
        lock (_gate)
        {
            (_isInCheckpoint, _blocked, _blockedAt) = (false, blocked, Stopwatch.GetTimestamp());
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>
    /// Makes a log longer by a step, as was started. Caller must be the checkpoint thread. Does not throw.
    /// </summary>
    public void Extend()
    {
        try
        {
            GrowExtended();
            lock (_gate)
            {
                _isExtending = false;
                Monitor.PulseAll(_gate);
            }
        }
        catch (Exception e)
        {
            _failure.Set(e);
        }
    }

    private void GrowExtended()
    {
        lock (_growing)
        {
            try
            {
                _extended!.Extend();
            }
            catch (OutOfSpaceException)
            {
                // A batch that needs room is told.
                _isExtensionOver = true;
            }
            catch (Exception e)
            {
                // Before the lock is left: a batch that was flushed meanwhile waits for it.
                _extensionFailure = e;
                throw;
            }
        }
    }

    /// <summary>
    /// Starts the extension of a log where there is load, and a log is shorter than it will be at the next checkpoint. The active one first
    /// while it has less than a step left.
    /// </summary>
    private void StartExtension()
    {
        if (_isExtending || _isExtensionOver || _active.End < _settings.LogGrowthStep / 2)
        {
            return;
        }

        using (Uninterruptible.Enter(_gate))
        {
            if (_isInCheckpoint || _blocked is not null || _failure.IsSet)
            {
                return;
            }

            (WriteAheadLog active, WriteAheadLog spare) = (_active.Log, _spare.Log);
            if (Math.Min(active.Allocated, spare.Allocated) >= _settings.CheckpointLength + _settings.LogGrowthStep)
            {
                _isExtensionOver = true;
                return;
            }

            bool isActiveFirst = active.Allocated <= spare.Allocated || active.Allocated - _active.End < _settings.LogGrowthStep;
            (_extended, _isExtending) = (isActiveFirst ? active : spare, true);
            _startExtension();
        }
    }

    /// <summary>Makes room in the active log, and notes whether it may be extended meanwhile.</summary>
    private void Reserve(WriteAheadLog log, long frameLength)
    {
        // Before the write: who flushes on the other thread meanwhile may be told of its failure.
        _mayShareFlush = _isExtending;
        if (!log.HasRoomFor(frameLength))
        {
            using (Uninterruptible.Enter(_growing))
            {
                log.Reserve(frameLength);
            }
        }
    }

    /// <summary>Flushes every batch that was appended.</summary>
    private void FlushAll()
    {
        if (_flushedSequence < _sequence)
        {
            Flush(_active.Log);
            Volatile.Write(ref _flushedSequence, _sequence);
        }
    }

    private void Flush(WriteAheadLog log)
    {
        long start = Stopwatch.GetTimestamp();
        log.Flush();
        if (_mayShareFlush)
        {
            VerifyExtension();
        }

        _settings.Observer?.Flushed(Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Verifies that the extension meanwhile has not failed. Of two threads that flush a file, the system tells one of a failed write.
    /// </summary>
    private void VerifyExtension()
    {
        using (Uninterruptible.Enter(_growing))
        {
            if (_extensionFailure is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
    }

    /// <summary>
    /// Waits while the active log is at its greatest length and the other one is in a checkpoint. Repeats a checkpoint that found no room,
    /// if it is time.
    /// </summary>
    /// <returns>True if the logs are to be switched.</returns>
    private bool WaitForRoom()
    {
        using (Uninterruptible.Enter(_gate))
        {
            bool isFull = _active.End >= _settings.MaxLogLength;
            if (_blocked is not null && (isFull || Stopwatch.GetElapsedTime(_blockedAt) >= RetryAfter))
            {
                StartCheckpoint(isRetry: true);
            }

            while (isFull && IsBusy && !_failure.IsSet)
            {
                Uninterruptible.Wait(_gate);
            }

            // The only check before the write: reading scopes for the batch or a checkpoint may have failed meanwhile.
            _failure.ThrowIfSet();
            if (isFull && _blocked is not null)
            {
                throw _blocked;
            }

            return !IsBusy && _blocked is null
                && _active.End > WriteAheadLog.FramesOffset && _active.End >= _settings.CheckpointLength;
        }
    }

    /// <summary>Exchanges the roles of the logs and starts a checkpoint. Caller must know that none is under way.</summary>
    private void Switch()
    {
        // Flushed first, so that no later batch outlives an earlier one. Without the end mark the loss of the other log's new content could
        // not be detected.
        FlushAll();
        _active.Log.AppendMark(FrameKind.EndMark, _flushedSequence);
        Flush(_active.Log);
        using (Uninterruptible.Enter(_gate))
        {
            LogRange ended = _active with { End = _active.Log.Position };
            (_active, _spare) = (new LogRange(_spare.Log, _spare.Log.Position, ended.Sequence), ended);
            _isExtensionOver = false;
            StartCheckpoint(isRetry: false);
        }
    }

    private void StartCheckpoint(bool isRetry)
    {
        (_isInCheckpoint, _blocked, IsRetry) = (true, null, isRetry);
        _startCheckpoint();
    }

    /// <summary>Makes the last batch visible to snapshots and checkpoints.</summary>
    private void Publish(long sequence)
    {
        using (Uninterruptible.Enter(_gate))
        {
            _active = new LogRange(_active.Log, _active.Log.Position, sequence);
            Volatile.Write(ref _sequence, sequence);
        }
    }

    private void Wake()
    {
        using (Uninterruptible.Enter(_gate))
        {
            Monitor.PulseAll(_gate);
        }
    }
}
