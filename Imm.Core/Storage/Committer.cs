using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Where writes become true, in one order: decided against the state that the writes before them left, made durable, then published.
/// </summary>
/// <remarks>
/// <para>
/// Writes that wait together share one flush. A caller that finds nobody at work leads: its own thread decides its command and flushes, without a
/// hand-over. Who comes meanwhile waits in the queue, and a thread of the store's own takes all of them as the next batch; it holds no caller's thread.
/// A thread that begins many writes without waiting for any does not lead, so that they wait together (<see cref="CallingThread"/>).
/// </para>
/// <para>
/// A batch is published after it is on the disk and before its callers know. A refusal inside a batch may rest on what an earlier command of the
/// batch did, so it is told when that is safe too. When a batch cannot be made durable none of it is published, all its callers get
/// <see cref="ImmErrorCode.ServiceUnavailable"/>, and so does every later write.
/// </para>
/// <para>
/// The turn is one word and the queue a list that grows at its head, both changed by compare-and-swap: under load all callers come here at once, and
/// a lock would have them wait for each other.
/// </para>
/// </remarks>
internal sealed class Committer : IDisposable
{
    private const int MaxBatch = 1024;

    private readonly FileStore? _file;
    private readonly RecordCodec _codec;
    private readonly TimeProvider _timeProvider;
    private readonly IStoreObserver? _observer;

    /// <summary>The order of the commits of a store in memory, which have nothing to wait for.</summary>
    private readonly Lock _memory = new();

    private readonly AutoResetEvent _turnIsThreads = new(initialState: false);
    private readonly ManualResetEventSlim _isClosed = new();
    private volatile Turn _turn;
    private PendingWrite? _lastWaiting;
    private int _waitingCount;
    private Thread? _thread;
    private volatile bool _closing;
    private Exception? _failure;

    // Only the leader uses these, and there is one at a time.
    private readonly Queue<PendingWrite> _taken = [];
    private readonly List<PendingWrite> _batch = [];
    private readonly List<ScopeHolder> _touched = [];
    private readonly PackedWriter _frame = new();
    private int _lastScopeId;

    /// <param name="file">The files behind the store; null for a store in memory.</param>
    /// <param name="codec">Packs what a batch changes.</param>
    /// <param name="timeProvider">The clock of creations and updates.</param>
    /// <param name="lastScopeId">The greatest number that a scope has been stored under.</param>
    /// <param name="observer">Who hears of commits and failures; null for nobody.</param>
    public Committer(FileStore? file, RecordCodec codec, TimeProvider timeProvider, int lastScopeId, IStoreObserver? observer = null)
    {
        _file = file;
        _codec = codec;
        _timeProvider = timeProvider;
        _lastScopeId = lastScopeId;
        _observer = observer;
    }

    /// <summary>Who decides the next batch.</summary>
    private enum Turn
    {
        Nobody,
        Caller,
        Thread,

        /// <summary>Nobody any more.</summary>
        Closed,
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
    public int WaitingCount => Volatile.Read(ref _waitingCount);

    /// <summary>Has a command decided and made durable.</summary>
    /// <returns>A task that ends when the change is durable and published, or with the refusal.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task<TAnswer> Submit<TAnswer>(ScopeHolder holder, Command<TAnswer> command, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<TAnswer>(holder, command);
        Submit(write, cancellationToken);
        return write.Task;
    }

    /// <summary>Has a checkpoint begun that takes in all that was acknowledged before.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Task BeginCheckpoint(FileStore file)
    {
        var write = new PendingCheckpoint(file);
        Submit(write, CancellationToken.None);
        return write.Task;
    }

    /// <summary>Does something while nothing is committed; only for a store in memory, where all that is committed is published.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public T BetweenCommits<T>(Func<T> work)
    {
        Invariant.Holds(_file is null, "the lock is the order of the commits");
        lock (_memory)
        {
            ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
            return work();
        }
    }

    /// <summary>Takes no more writes, and returns when those that were taken are done.</summary>
    public void Dispose()
    {
        if (_file is null)
        {
            lock (_memory)
            {
                _closing = true;
            }
        }
        else
        {
            // The last one to give up the turn closes it; where nobody has it, that is this thread.
            _closing = true;
            if (TryTakeTurn(Turn.Caller))
            {
                PassOn();
            }

            _isClosed.Wait();
            _thread?.Join();
        }

        _turnIsThreads.Dispose();
        _isClosed.Dispose();
    }

    /// <summary>Commits a write on this thread, or has it wait for its turn.</summary>
    private void Submit(PendingWrite write, CancellationToken cancellationToken)
    {
        if (_file is null)
        {
            lock (_memory)
            {
                ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
                CommitAlone(write);
                return;
            }
        }

        ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
        bool hasTurn = TryTakeTurn(Turn.Caller);
        CallingThread thread = CallingThread.Current;
        if (hasTurn && thread.MayLead())
        {
            CommitAlone(write);
            PassOn();
            return;
        }

        if (hasTurn)
        {
            write.HandOver = thread.HandsOver();
        }
        else
        {
            thread.ComesToWait();
        }

        // Before anybody can see the write: it may be done as soon as somebody does.
        write.WithdrawOn(cancellationToken);
        Enqueue(write);

        // Whoever had the turn may have given it up before the write was there to be seen.
        if (hasTurn || TryTakeTurn(Turn.Caller))
        {
            PassOn();
        }
        else if (_turn == Turn.Closed)
        {
            RefuseWaiting();
        }
    }

    private bool TryTakeTurn(Turn taker) => Interlocked.CompareExchange(ref _turn, taker, Turn.Nobody) == Turn.Nobody;

    private void Enqueue(PendingWrite write)
    {
        Interlocked.Increment(ref _waitingCount);
        PendingWrite? head;
        do
        {
            head = Volatile.Read(ref _lastWaiting);
            write.Before = head;
        }
        while (Interlocked.CompareExchange(ref _lastWaiting, write, head) != head);
    }

    /// <summary>Ends a caller's turn; it goes to the store's own thread where somebody has come to wait.</summary>
    private void PassOn()
    {
        if (TryGiveUpTurn())
        {
            return;
        }

        _turn = Turn.Thread;
        if (_thread is null)
        {
            _thread = new Thread(Lead) { IsBackground = true, Name = "Imm.Core commit" };
            _thread.UnsafeStart();
        }

        _turnIsThreads.Set();
    }

    /// <summary>Gives up the turn where nobody waits; false where somebody does, and the turn is still had.</summary>
    private bool TryGiveUpTurn()
    {
        while (Volatile.Read(ref _lastWaiting) is null)
        {
            if (_closing)
            {
                Interlocked.Exchange(ref _turn, Turn.Closed);
                RefuseWaiting();
                _turnIsThreads.Set();
                _isClosed.Set();
                return true;
            }

            // Who came before this found the turn taken, and who comes after it finds it free; so look once more in between.
            Interlocked.Exchange(ref _turn, Turn.Nobody);
            if ((Volatile.Read(ref _lastWaiting) is null && !_closing) || !TryTakeTurn(Turn.Caller))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The store's own thread: it has the turn as long as somebody waits, then waits to be given it again.</summary>
    private void Lead()
    {
        while (true)
        {
            _turnIsThreads.WaitOne();
            if (_turn == Turn.Closed)
            {
                return;
            }

            do
            {
                while (TryTakeBatch())
                {
                    Commit();
                }
            }
            while (!TryGiveUpTurn());
        }
    }

    private bool TryTakeBatch()
    {
        if (_taken.Count == 0)
        {
            TakeWaiting();
        }

        while (_batch.Count < MaxBatch && _taken.TryDequeue(out PendingWrite? write))
        {
            if (write.TryTake())
            {
                _batch.Add(write);
            }
        }

        return _batch.Count > 0;
    }

    /// <summary>Takes all that wait, the longest waiting first.</summary>
    private void TakeWaiting()
    {
        PendingWrite? first = null;
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null;)
        {
            (PendingWrite? before, write.Before) = (write.Before, first);
            (first, write) = (write, before);
        }

        int count = 0;
        for (; first is not null; first = first.Before)
        {
            _taken.Enqueue(first);
            count++;
        }

        Interlocked.Add(ref _waitingCount, -count);
    }

    /// <summary>Tells those who came when the store had closed already.</summary>
    private void RefuseWaiting()
    {
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null; write = write.Before)
        {
            if (write.TryTake())
            {
                write.Fail(new ObjectDisposedException(typeof(ImmStore).FullName));
            }
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

        if (failure is null && _touched.Count > 0)
        {
            _observer?.Committed(_batch.Count);
        }

        foreach (PendingWrite write in _batch)
        {
            write.HandOver?.Done();
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
            Remember(holder.Id, new Change(ChangeKind.Scope, 0, holder.Working, IsNew: true));
        }

        foreach (Change change in changes)
        {
            Remember(holder.Id, change);
        }
    }

    private void Remember(int scopeId, in Change change) => BatchCodec.Write(_frame, _codec.Pack(scopeId, change));

    private ImmException? TryCommit()
    {
        try
        {
            Decide();
            if (_frame.Length > RedoLog.FrameHeaderSize)
            {
                _file!.Append(_frame);
            }

            return null;
        }
#pragma warning disable CA1031 // Whatever went wrong, the batch is not safe, and its callers must hear it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Volatile.Write(ref _failure, e);
            _observer?.Failed(e);
            return Failure;
        }
    }
}
