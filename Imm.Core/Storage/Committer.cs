using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Where writes become true, in one order: decided against the state that the writes before them left, made durable, then published.
/// </summary>
/// <remarks>
/// <para>
/// Writes that wait together share one flush. A caller that finds nobody at work leads: its own thread decides its command and flushes, without a
/// hand-over. Who comes meanwhile waits in the queue, and a thread of the store's own takes all of them as the next batch; it holds no caller's thread.
/// </para>
/// <para>
/// A batch is published after it is on the disk and before its callers know. A refusal inside a batch may rest on what an earlier command of the
/// batch did, so it is told when that is safe too. When a batch cannot be made durable none of it is published, all its callers get
/// <see cref="ImmErrorCode.ServiceUnavailable"/>, and so does every later write.
/// </para>
/// </remarks>
internal sealed class Committer : IDisposable
{
    private const int MaxBatch = 1024;

    private readonly FileStore? _file;
    private readonly RecordCodec _codec;
    private readonly TimeProvider _timeProvider;

    private readonly object _gate = new();
    private readonly Queue<PendingWrite> _waiting = [];
    private Turn _turn;
    private bool _closed;
    private Thread? _leader;
    private Exception? _failure;

    // Only the leader uses these, and there is one at a time.
    private readonly List<PendingWrite> _batch = [];
    private readonly List<ScopeHolder> _touched = [];
    private readonly List<Record> _records = [];
    private readonly PackedWriter _frame = new();
    private int _lastScopeId;

    /// <param name="file">The files behind the store; null for a store in memory.</param>
    /// <param name="codec">Packs what a batch changes.</param>
    /// <param name="timeProvider">The clock of creations and updates.</param>
    /// <param name="lastScopeId">The greatest number that a scope has been stored under.</param>
    public Committer(FileStore? file, RecordCodec codec, TimeProvider timeProvider, int lastScopeId)
    {
        _file = file;
        _codec = codec;
        _timeProvider = timeProvider;
        _lastScopeId = lastScopeId;
    }

    /// <summary>Who decides the next batch.</summary>
    private enum Turn
    {
        Nobody,
        Caller,
        Thread,
    }

    /// <summary>Why the store takes no more writes, made anew for each caller; null while it does.</summary>
    public ImmException? Failure
    {
        get
        {
            Exception? cause = Volatile.Read(ref _failure) ?? _file?.Failure;
            return cause is null
                ? null
                : Refusal.Unavailable(
                    $"The store has failed and takes no more changes until it is opened again; what was acknowledged is safe. {cause.Message}").ToException(cause);
        }
    }

    /// <summary>How many writes wait for their turn.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Has a command decided and made durable.</summary>
    /// <returns>A task that ends when the change is durable and published, or with the refusal.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task<TAnswer> Submit<TAnswer>(ScopeHolder holder, Command<TAnswer> command, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<TAnswer>(holder, command);
        if (!Submit(write))
        {
            write.WithdrawOn(cancellationToken);
        }

        return write.Task;
    }

    /// <summary>Has a checkpoint begun that takes in all that was acknowledged before.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task BeginCheckpoint(FileStore file)
    {
        var write = new PendingCheckpoint(file);
        Submit(write);
        return write.Task;
    }

    /// <summary>Takes no more writes, and returns when those that were taken are done.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            while (_turn != Turn.Nobody)
            {
                Monitor.Wait(_gate);
            }

            Monitor.PulseAll(_gate);
        }

        _leader?.Join();
    }

    /// <summary>Commits a write on this thread, or has it wait for its turn.</summary>
    /// <returns>Whether it is done.</returns>
    private bool Submit(PendingWrite write)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed, typeof(ImmStore));
            if (_file is null)
            {
                // Nothing to wait for: the lock is the order.
                CommitAlone(write);
                return true;
            }

            if (_turn != Turn.Nobody)
            {
                _waiting.Enqueue(write);
                return false;
            }

            _turn = Turn.Caller;
        }

        CommitAlone(write);
        HandOver();
        return true;
    }

    /// <summary>Ends a caller's turn; it goes to the store's own thread where somebody has come to wait.</summary>
    private void HandOver()
    {
        lock (_gate)
        {
            _turn = _waiting.Count == 0 ? Turn.Nobody : Turn.Thread;
            if (_turn == Turn.Thread && _leader is null)
            {
                _leader = new Thread(Lead) { IsBackground = true, Name = "Imm.Core commit" };
                _leader.Start();
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The store's own thread: it has the turn as long as somebody waits, then waits to be given it again.</summary>
    private void Lead()
    {
        while (true)
        {
            lock (_gate)
            {
                if (_turn == Turn.Thread && _waiting.Count == 0)
                {
                    _turn = Turn.Nobody;
                    Monitor.PulseAll(_gate);
                }

                while (_turn != Turn.Thread)
                {
                    if (_closed && _turn == Turn.Nobody)
                    {
                        return;
                    }

                    Monitor.Wait(_gate);
                }

                while (_batch.Count < MaxBatch && _waiting.TryDequeue(out PendingWrite? write))
                {
                    if (write.TryTake())
                    {
                        _batch.Add(write);
                    }
                }
            }

            Commit();
        }
    }

    private void CommitAlone(PendingWrite write)
    {
        Invariant.Holds(write.TryTake(), "nobody else has seen the command");
        _batch.Add(write);
        Commit();
    }

    /// <summary>Decides the batch, makes it durable, publishes it, and tells its callers.</summary>
    private void Commit()
    {
        ImmException? failure = Failure ?? TryCommit();

        foreach (ScopeHolder holder in _touched)
        {
            holder.Published = failure is null ? holder.Working : holder.Published;
            holder.Working = null;
        }

        foreach (PendingWrite write in _batch)
        {
            if (failure is null)
            {
                write.Complete();
            }
            else
            {
                write.Fail(Failure!);
            }
        }

        _batch.Clear();
        _touched.Clear();
        _records.Clear();
    }

    private void Decide()
    {
        // What the batch makes it may change in place: nobody has seen it before the batch is published.
        var edit = new Edit();
        _frame.Clear();
        _frame.Take(RedoLog.FrameHeaderSize);
        foreach (PendingWrite write in _batch)
        {
            if (write.Decide(_timeProvider, edit, out ScopeState? next, out Change[] changes) is not { } holder)
            {
                continue;
            }

            if (holder.Working is null)
            {
                _touched.Add(holder);
            }

            holder.Working = next;
            if (_file is not null)
            {
                Remember(holder, changes);
            }
        }

        edit.Close();
    }

    private void Remember(ScopeHolder holder, Change[] changes)
    {
        if (holder.Id == 0)
        {
            holder.Id = ++_lastScopeId;
            Remember(_codec.Pack(holder.Id, new Change(ChangeKind.Scope, 0, holder.Working, IsNew: true)));
        }

        foreach (Change change in changes)
        {
            Remember(_codec.Pack(holder.Id, change));
        }
    }

    private void Remember(in Record record)
    {
        _records.Add(record);
        BatchCodec.Write(_frame, record);
    }

    private ImmException? TryCommit()
    {
        try
        {
            Decide();
            if (_records.Count > 0)
            {
                _file!.Append(_records, _frame);
            }

            return null;
        }
#pragma warning disable CA1031 // Whatever went wrong, the batch is not safe, and its callers must hear it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Volatile.Write(ref _failure, e);
            return Failure;
        }
    }
}
