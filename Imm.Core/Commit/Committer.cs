using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>
/// Commits writes in one order: decided against the state that the writes before them left, made durable, then published.
/// </summary>
/// <remarks>
/// <para>
/// Writes that wait together share one flush. A caller that finds nobody at work leads: its own thread decides its command and flushes,
/// without a hand-over. Who comes meanwhile waits in the queue, and a thread of the store's own takes all of them as the next batch; it
/// holds no caller's thread. A thread that begins many writes without waiting for any does not lead, so that they wait together
/// (<see cref="CallingThread"/>).
/// </para>
/// <para>
/// A batch is published after it is on the disk and before its callers know. A refusal inside a batch may rest on what an earlier command
/// of the batch did, so it is told when that is safe too. When a batch cannot be made durable none of it is published and all its callers
/// get <see cref="ImmErrorCode.ServiceUnavailable"/>. Where the files have failed every later write does too; where they have not, nothing
/// of the batch was written, and the next one is tried.
/// </para>
/// <para>
/// The turn is one word and the queue a list that grows at its head, both changed by compare-and-swap: under load all callers come here at
/// once, and a lock would have them wait for each other. Between taking the turn and giving it up stands nothing that can fail without the
/// turn being given up: the thread is started before the first write, and what waits is linked through the writes themselves.
/// </para>
/// </remarks>
internal sealed class Committer : IDisposable
{
    private const int MaxBatch = 1024;

    private readonly FileStore? _file;
    private readonly RecordCodec _codec;
    private readonly TimeProvider _timeProvider;
    private readonly IStoreObserver? _observer;
    private readonly int _maxWaiting;
    private readonly Action _atEnd;

    /// <summary>The order of the commits of a store in memory, which have nothing to wait for.</summary>
    private readonly Lock _memory = new();

    private readonly AutoResetEvent _turnIsThreads = new(initialState: false);
    private readonly Thread? _thread;
    private volatile Turn _turn;
    private PendingWrite? _lastWaiting;
    private int _waitingCount;
    private volatile bool _closing;

    // Only the leader uses these, and there is one at a time.
    private PendingWrite? _taken;
    private readonly List<PendingWrite> _batch;
    private readonly List<ScopeHolder> _touched = [];
    private readonly PackedWriter _frame = new();
    private int _lastScopeId;
    private long _sequence;

    /// <summary>The managed id of the calling thread that leads; 0 where none does.</summary>
    private volatile int _leadingCaller;

    /// <param name="file">The files behind the store; null for a store in memory.</param>
    /// <param name="settings">How the store works.</param>
    /// <param name="timeProvider">The clock of creations and updates.</param>
    /// <param name="scopes">The scopes, and where their next states are published.</param>
    /// <param name="maxWaiting">How many writes may wait, from 1.</param>
    /// <param name="atEnd">
    /// Called once, when no write is under way and none comes any more: for a file on the commit thread, which no caller can interrupt and
    /// which is there however full the pool is; for memory on the thread that closes. It does not throw.
    /// </param>
    /// <exception cref="OutOfMemoryException">The commit thread cannot be started.</exception>
    /// <exception cref="ThreadStartException">The commit thread cannot be started.</exception>
    public Committer(
        FileStore? file, FileStoreSettings settings, TimeProvider timeProvider, ScopeTable scopes, int maxWaiting, Action atEnd)
    {
        _file = file;
        _codec = settings.Codec;
        _timeProvider = timeProvider;
        Scopes = scopes;
        _lastScopeId = scopes.LastStoredId;
        _maxWaiting = maxWaiting;
        _atEnd = atEnd;
        _observer = settings.Observer;
        _batch = new(file is null ? 1 : MaxBatch);
        if (file is not null)
        {
            // Last, so that it finds everything in place; and now, so that no write is ever accepted that has nobody to commit it.
            _thread = settings.StartThread(Lead, "Imm.Core commit");
        }
    }

    /// <summary>The holder of the right to decide the next batch.</summary>
    private enum Turn
    {
        Nobody,
        Caller,
        Thread,

        /// <summary>Nobody any more.</summary>
        Closed,
    }

    /// <summary>Why the store takes no more writes, made anew for each caller; null while it does.</summary>
    public ImmException? Failure => _file?.Failure is { } cause
        ? Refusal.Unavailable(
            $"The store has failed and takes no more changes until it is opened again; what was acknowledged is safe. {cause.Message}")
            .ToException(cause)
        : null;

    /// <summary>
    /// The refusal of the first change in a scope where as many are stored as their records have numbers for. Other scopes are not
    /// affected.
    /// </summary>
    public static Refusal NoMoreScopes { get; } = Refusal.CountExceeded(
        "AccountId", "accounts in a region that the store has held", 1, RecordKey.MaxScope, RecordKey.MaxScope);

    /// <summary>The scopes.</summary>
    public ScopeTable Scopes { get; }

    /// <summary>The number of writes that wait for their turn.</summary>
    public int WaitingCount => Volatile.Read(ref _waitingCount);

    /// <summary>True if as many writes wait as may; the next one that would have to wait is refused.</summary>
    public bool IsFull => WaitingCount >= _maxWaiting;

    /// <summary>True if the calling thread is committing a batch: what it waits for here, it waits for itself.</summary>
    public bool IsLedByThisThread =>
        _memory.IsHeldByCurrentThread
        || _leadingCaller == Environment.CurrentManagedThreadId
        || _thread?.ManagedThreadId == Environment.CurrentManagedThreadId;

    /// <summary>Has a command decided and made durable.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="known">Its holder as it was found before; null where there was none.</param>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Cancels the command while it waits.</param>
    /// <returns>The write, whose task ends when the change is durable and published, or with the refusal.</returns>
    /// <exception cref="InvalidOperationException">The caller is a listener, logger or clock that this store calls.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public PendingWrite<TAnswer> Submit<TAnswer>(
        Scope scope, ScopeHolder? known, Command<TAnswer> command, CancellationToken cancellationToken)
    {
        var write = new PendingWrite<TAnswer>(this, scope, known, command);
        Submit(write, cancellationToken);
        return write;
    }

    /// <summary>Has something done with the files between two batches.</summary>
    /// <param name="work">The work; it handles its own exceptions.</param>
    /// <param name="otherwise">Is called instead where the store has failed or is closed; null for nothing.</param>
    public void BetweenBatches(Action work, Action? otherwise = null)
    {
        try
        {
            Submit(new PendingFileWork(work, otherwise), CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            otherwise?.Invoke();
        }
    }

    /// <summary>Does something while nothing is committed; only for a store in memory, where all that is committed is published.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public T BetweenCommits<T>(Func<T> work)
    {
        Invariant.Holds(_file is null, "the lock is the order of the commits");
        if (_memory.IsHeldByCurrentThread)
        {
            throw CalledByStore();
        }

        lock (_memory)
        {
            ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
            return work();
        }
    }

    /// <summary>Refuses what would wait for the very call that it is made in.</summary>
    public static InvalidOperationException CalledByStore() =>
        new(
            "A listener, logger or clock may neither change nor close the store that calls it, which would wait for that very call. "
            + "Do it on another thread.");

    /// <summary>Takes no more writes, and has the end come when those that were taken are done. Called once.</summary>
    public void Dispose()
    {
        if (_file is null)
        {
            try
            {
                lock (_memory)
                {
                    _closing = true;
                }
            }
            finally
            {
                // Also where the caller is interrupted as it waits for a change under way.
                _closing = true;
                End();
            }

            return;
        }

        // The last one to give up the turn closes it, and the thread ends; where nobody has the turn, that is this thread.
        _closing = true;
        if (TryTakeTurn(Turn.Caller))
        {
            PassOn();
        }
    }

    private void End()
    {
        _turnIsThreads.Dispose();
        _atEnd();
    }

    /// <summary>Commits a write on this thread, or has it wait for its turn.</summary>
    private void Submit(PendingWrite write, CancellationToken cancellationToken)
    {
        if (_observer is { IsTelling: true })
        {
            throw CalledByStore();
        }

        if (_file is null)
        {
            // The clock is asked while the lock is held, and the lock would let its thread in again.
            if (_memory.IsHeldByCurrentThread)
            {
                throw CalledByStore();
            }

            lock (_memory)
            {
                ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
                CommitAlone(write);
                return;
            }
        }

        ObjectDisposedException.ThrowIf(_closing, typeof(ImmStore));
        CallingThread thread = CallingThread.Current;
        bool hasTurn = TryTakeTurn(Turn.Caller);
        try
        {
            if (hasTurn && thread.MayLead())
            {
                _leadingCaller = Environment.CurrentManagedThreadId;
                CommitAlone(write);
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

            Enqueue(write, cancellationToken);

            // Whoever had the turn may have given it up before the write was there to be seen.
            hasTurn = hasTurn || TryTakeTurn(Turn.Caller);
        }
        finally
        {
            if (hasTurn)
            {
                _leadingCaller = 0;
                PassOn();
                Uninterruptible.End();
            }
        }

        if (!hasTurn && _turn == Turn.Closed)
        {
            RefuseWaiting();
        }
    }

    private bool TryTakeTurn(Turn taker) => Interlocked.CompareExchange(ref _turn, taker, Turn.Nobody) == Turn.Nobody;

    private void Enqueue(PendingWrite write, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waitingCount) > _maxWaiting)
        {
            Interlocked.Decrement(ref _waitingCount);
            write.TryTake();
            write.Fail(Refusal.TooManyWaiting.ToException());
            return;
        }

        try
        {
            // Before anybody can see the write: it may be done as soon as somebody does.
            write.WithdrawOn(cancellationToken);
        }
        catch
        {
            Interlocked.Decrement(ref _waitingCount);
            throw;
        }

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
        if (!TryGiveUpTurn())
        {
            _turn = Turn.Thread;
            _turnIsThreads.Set();
        }
    }

    /// <summary>Gives up the turn where nobody waits; false where somebody does, and the turn is still had.</summary>
    private bool TryGiveUpTurn()
    {
        while (Volatile.Read(ref _lastWaiting) is null)
        {
            if (_closing)
            {
                Interlocked.Exchange(ref _turn, Turn.Closed);
                _turnIsThreads.Set();
                RefuseWaiting();
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
                End();
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
        _taken ??= TakeWaiting();
        int left = 0;
        for (; _taken is { } write && _batch.Count < MaxBatch; left++)
        {
            _taken = write.Before;
            write.Before = null;
            if (write.TryTake())
            {
                _batch.Add(write);
            }
        }

        Interlocked.Add(ref _waitingCount, -left);
        return _batch.Count > 0;
    }

    /// <summary>Takes all that wait: the longest waiting, which leads to the next.</summary>
    private PendingWrite? TakeWaiting()
    {
        PendingWrite? first = null;
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null;)
        {
            (PendingWrite? before, write.Before) = (write.Before, first);
            (first, write) = (write, before);
        }

        return first;
    }

    /// <summary>Tells those who came when the store had closed already.</summary>
    private void RefuseWaiting()
    {
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null; write = write.Before)
        {
            Interlocked.Decrement(ref _waitingCount);
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
        try
        {
            ImmException? failure = Failure ?? TryCommit();
            foreach (ScopeHolder holder in _touched)
            {
                if (failure is null)
                {
                    Scopes.Publish(holder, _sequence);
                }

                holder.Working = null;
            }

            Scopes.EndBatch();

            if (failure is null && _touched.Count > 0)
            {
                _observer?.Committed(_batch.Count);
            }

            foreach (PendingWrite write in _batch)
            {
                write.HandOver?.Done();
                Complete(write, failure);
            }
        }
        finally
        {
            _batch.Clear();
            _touched.Clear();
        }
    }

    /// <summary>Tells one caller. What goes wrong there is that caller's alone.</summary>
    private static void Complete(PendingWrite write, ImmException? failure)
    {
        try
        {
            if (failure is null)
            {
                write.Complete();
            }
            else
            {
                // An exception belongs to one caller: it carries the place where it was thrown.
                write.Fail(new Refusal(failure.Code, failure.Message).ToException(failure.InnerException));
            }
        }
#pragma warning disable CA1031 // The others of the batch, and the thread that goes on with the next, must not suffer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            write.Fail(e);
        }
    }

    /// <summary>True if the scope is stored under a number, or can be; only for the leader.</summary>
    public bool HasNumberFor(ScopeHolder holder) => _file is null || holder.Id > 0 || _lastScopeId < RecordKey.MaxScope;

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

    /// <summary>Decides the batch and makes it durable; where that fails, gives what to tell its callers.</summary>
    private ImmException? TryCommit()
    {
        int lastScopeId = _lastScopeId;
        try
        {
            Decide();
            if (_frame.Length > RedoLog.FrameHeaderSize)
            {
                _sequence = _file!.Append(_frame);
            }

            return null;
        }
        catch (OutOfSpaceException e)
        {
            ForgetScopesAfter(lastScopeId);
            return Refusal.Unavailable(
                $"There is no room for the change, and nothing was changed. Make room and try again. {e.Message}").ToException(e);
        }
#pragma warning disable CA1031 // Whatever went wrong, the batch is not safe, and its callers must hear it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            ForgetScopesAfter(lastScopeId);
            return Failure
                ?? Refusal.Unavailable($"The change could not be stored, and nothing was changed; a later one may be. {e.Message}")
                    .ToException(e);
        }
    }

    /// <summary>
    /// Takes the numbers back that scopes were given by a batch that is not stored: their next change has to store them again.
    /// </summary>
    private void ForgetScopesAfter(int lastScopeId)
    {
        foreach (ScopeHolder holder in _touched)
        {
            holder.Id = holder.Id > lastScopeId ? 0 : holder.Id;
        }

        _lastScopeId = lastScopeId;
    }
}
