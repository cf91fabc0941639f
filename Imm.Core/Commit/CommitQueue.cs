using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>
/// The group-commit queue: writes are decided one after the other, each against the state that the one before it left, made durable in
/// batches, then published.
/// </summary>
/// <remarks>
/// <para>
/// Exactly one thread commits at a time: the holder of the commit lock. A synchronous caller that finds the queue empty and the lock free
/// commits its own write on its own thread. Every other write of a persistent store is enqueued. The commit thread takes all writes that
/// wait as the next batch, so that they share one flush, and lets the callers of the last batch be among them. An asynchronous caller
/// therefore never blocks in a flush. In memory a commit waits for no disk, so each caller takes the lock and commits its own write.
/// </para>
/// <para>
/// A batch is published after it is durable and before its callers know. A refusal inside a batch may rest on what an earlier command of
/// the batch did, so it is told after the append too. When a batch cannot be made durable nothing of it is published and all its callers
/// get <see cref="ImmErrorCode.ServiceUnavailable"/>. Where the log has failed, so does every later write. Where it has not, nothing of the
/// batch was written, and the next one is tried.
/// </para>
/// <para>
/// The queue is a list that grows at its head by compare-and-swap: under load all callers enqueue at once, and a lock would make them wait
/// for each other. The commit thread is started before the first write, so that no write is accepted that no thread commits.
/// </para>
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A late caller may still set the event.")]
internal sealed class CommitQueue
{
    private const int MaxBatch = 1024;

    /// <summary>The part of the time of a batch for which the next one is put off, one in this many.</summary>
    private const int GatherPart = 4;

    /// <summary>The number of batches that are taken at once after one was put off for nothing.</summary>
    private const int BatchesNotGathered = 4;

    /// <summary>The longest time for which a batch is put off.</summary>
    private static readonly TimeSpan MaxGatherTime = TimeSpan.FromMicroseconds(250);

    private readonly CommitLog _log;
    private readonly ScopeTable _scopes;
    private readonly TimeProvider _timeProvider;
    private readonly IStoreObserver? _observer;
    private readonly int _maxWaiting;
    private readonly Action _ended;

    // Made before memory can run out.
    private readonly ImmRefusal _outOfMemory = ImmRefusal.OutOfMemory;

    /// <summary>The commit lock: its holder decides, appends and publishes.</summary>
    private readonly Lock _committing = new();

    private readonly AutoResetEvent _wake = new(initialState: false);
    private readonly Thread? _thread;
    private PendingWrite? _lastWaiting;
    private int _waitingCount;
    private int _closed;
    private volatile bool _hasEnded;
    private volatile bool _isAbandoned;

    // Caller must hold the commit lock.
    private readonly List<PendingWrite> _batch;
    private readonly List<PendingWrite> _putAside = [];
    private readonly List<ScopeEntry> _staged = [];
    private readonly List<PublishedChange> _changes = [];
    private readonly HashSet<Scope>? _scopesOfBatch;
    private PendingWrite? _taken;
    private long _sequence;

    /// <summary>The number of writes that waited when those of the last batch were answered.</summary>
    private int _waitingBefore;

    /// <summary>The number of writes of the last batch that were answered.</summary>
    private int _answered;
    private int _notGathered;

    /// <param name="log">The log that makes batches durable.</param>
    /// <param name="scopes">The scopes.</param>
    /// <param name="timeProvider">The clock of creations and updates.</param>
    /// <param name="observer">The observer of commits; null for none.</param>
    /// <param name="maxWaiting">The number of writes that may wait, from 1.</param>
    /// <param name="startThread">Starts the commit thread of a persistent log; see <see cref="FileStoreSettings.StartThread"/>.</param>
    /// <param name="ended">
    /// Called once, after the last write: for a persistent log on the commit thread, which no caller can interrupt and which needs no
    /// thread of the pool; otherwise on the thread that closes. It does not throw.
    /// </param>
    /// <exception cref="StoreFileException">The commit thread cannot be started.</exception>
    /// <exception cref="ThreadStartException">The commit thread cannot be started.</exception>
    public CommitQueue(
        CommitLog log,
        ScopeTable scopes,
        TimeProvider timeProvider,
        IStoreObserver? observer,
        int maxWaiting,
        Func<ThreadStart, string, Thread> startThread,
        Action ended)
    {
        _log = log;
        _scopes = scopes;
        _timeProvider = timeProvider;
        _observer = observer;
        _maxWaiting = maxWaiting;
        _ended = ended;
        _batch = new(log.IsPersistent ? MaxBatch : 1);
        _scopesOfBatch = log.MaxScopes < int.MaxValue ? [] : null;
        if (log.IsPersistent)
        {
            // Last, so that it finds everything in place.
            _thread = startThread(CommitUntilClosed, "Imm.Core commit");
        }
    }

    /// <summary>True if no writes are taken any more.</summary>
    public bool IsClosed => Volatile.Read(ref _closed) != 0;

    /// <summary>The number of writes that wait.</summary>
    public int WaitingCount => Volatile.Read(ref _waitingCount);

    /// <summary>True if the calling thread commits a batch: a wait for the store would be a wait for itself.</summary>
    private bool IsCommittingThread =>
        _committing.IsHeldByCurrentThread || _thread?.ManagedThreadId == Environment.CurrentManagedThreadId || _log.IsCommitting;

    /// <summary>
    /// Checks whether a write can be taken at all: not while as many wait as may, and not after the log has failed. Null where it can.
    /// </summary>
    public ImmRefusal? CheckOpen() => WaitingCount >= _maxWaiting ? ImmRefusal.TooManyWaiting : _log.Failed;

    /// <summary>Commits a write on the calling thread, or enqueues it.</summary>
    /// <param name="write">The write; it is completed when the change is durable and published, or refused.</param>
    /// <param name="mayCommit">True if the calling thread waits for the outcome, and so may commit the write itself.</param>
    /// <exception cref="InvalidOperationException">The caller is a listener, logger or clock that this store calls.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Submit(PendingWrite write, bool mayCommit)
    {
        if (!_log.IsPersistent)
        {
            ThrowIfCalledByStore();
            lock (_committing)
            {
                ThrowIfClosed(IsClosed);
                CommitAlone(write);
            }

            return;
        }

        ThrowIfTelling();
        ThrowIfClosed(IsClosed);

        // A continuation may run on a thread that commits: it may enqueue.
        if (mayCommit && Volatile.Read(ref _lastWaiting) is null && !_committing.IsHeldByCurrentThread && _committing.TryEnter())
        {
            try
            {
                ThrowIfClosed(_hasEnded);
                CommitAlone(write);
            }
            finally
            {
                _committing.Exit();
                Uninterruptible.End();
            }

            return;
        }

        Enqueue(write);
    }

    /// <summary>Waits for the outcome of a write on the calling thread.</summary>
    /// <exception cref="InvalidOperationException">
    /// The calling thread is the one that would have to commit the write, which is cancelled.
    /// </exception>
    public ImmOutcome<TAnswer> Wait<TAnswer>(PendingWrite<TAnswer> write) =>
        write.IsAlone ? write.End()
        : IsCommittingThread && write.TryCancel() ? throw CalledByStore()
        : write.Wait();

    /// <summary>Runs something while nothing is committed, and everything that was committed is published.</summary>
    /// <exception cref="InvalidOperationException">The caller is a listener, logger or clock that this store calls.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void RunBetweenBatches(Action work)
    {
        ThrowIfCalledByStore();
        lock (_committing)
        {
            ThrowIfClosed(IsClosed);
            work();
        }
    }

    /// <summary>Runs something while nothing is committed; not at all where something is, or the store is closed.</summary>
    public void TryRunBetweenBatches(Action work)
    {
        if (!_committing.IsHeldByCurrentThread && _committing.TryEnter())
        {
            try
            {
                if (!_hasEnded)
                {
                    work();
                }
            }
            finally
            {
                _committing.Exit();
            }
        }
    }

    /// <summary>Makes the exception of a call that would wait for the very call that it is made in.</summary>
    public static InvalidOperationException CalledByStore() =>
        new(
            "A listener, logger or clock may neither change nor close the store that calls it, which would wait for that very call. "
            + "Do it on another thread.");

    /// <summary>Checks that a call which waits for the store does not come from within it.</summary>
    /// <exception cref="InvalidOperationException">The caller is a listener, logger or clock that this store calls.</exception>
    public void ThrowIfCalledByStore()
    {
        ThrowIfTelling();
        if (IsCommittingThread)
        {
            throw CalledByStore();
        }
    }

    /// <summary>Takes no more writes; the end comes when those that were taken are done. A second call has no effect.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0)
        {
            return;
        }

        _log.Closing();
        if (_log.IsPersistent)
        {
            _wake.Set();
            return;
        }

        try
        {
            // A change under way ends first.
            _committing.Enter();
            _committing.Exit();
        }
        finally
        {
            // Also where the caller is interrupted as it waits.
            End();
        }
    }

    /// <summary>Ends the commit thread of a store whose open does not complete. The log is left to who opens it.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        Close();
        _thread?.Join();
    }

    /// <summary>Refuses the writes that wait, those of the batch excepted. Caller must hold the commit lock.</summary>
    public void RefuseWaiting(ImmRefusal refusal)
    {
        _taken ??= TakeWaiting();
        int left = 0;
        for (; _taken is { } write; left++)
        {
            _taken = write.Previous;
            if (write.TryTake())
            {
                Complete(write, refusal);
            }
        }

        Interlocked.Add(ref _waitingCount, -left);
    }

    /// <summary>Checks that a call which does not wait for the store comes from no listener either.</summary>
    /// <exception cref="InvalidOperationException">The caller is a listener or logger that this store calls.</exception>
    public void ThrowIfTelling()
    {
        if (_observer is { IsTelling: true })
        {
            throw CalledByStore();
        }
    }

    private static void ThrowIfClosed(bool isClosed)
    {
        if (isClosed)
        {
            throw CommitLog.Closed();
        }
    }

    private void Enqueue(PendingWrite write)
    {
        if (Interlocked.Increment(ref _waitingCount) > _maxWaiting)
        {
            Interlocked.Decrement(ref _waitingCount);
            if (write.TryTake())
            {
                write.Refuse(ImmRefusal.TooManyWaiting);
            }

            return;
        }

        PendingWrite? head;
        do
        {
            head = Volatile.Read(ref _lastWaiting);
            write.Previous = head;
        }
        while (Interlocked.CompareExchange(ref _lastWaiting, write, head) != head);

        if (head is null)
        {
            _wake.Set();
        }

        // The commit thread may have taken its last look before the write was there.
        if (_hasEnded)
        {
            RefuseWaiting();
        }
    }

    /// <summary>The commit thread: commits all that waits, batch after batch, until the store is closed.</summary>
    private void CommitUntilClosed()
    {
        while (!_hasEnded)
        {
            _wake.WaitOne();
            lock (_committing)
            {
                // Read before the queue: what was enqueued before the close is committed.
                bool isClosed = IsClosed;
                while (TryTakeBatch())
                {
                    long began = Stopwatch.GetTimestamp();
                    Commit();
                    Gather(Stopwatch.GetElapsedTime(began));
                }

                _hasEnded = isClosed;
            }
        }

        Interlocked.MemoryBarrier();
        RefuseWaiting();
        End();
    }

    /// <summary>
    /// Puts the next batch off until the callers of the last one have come back with their next writes, so that they share a flush with
    /// those that wait already. Otherwise the callers fall into two groups, and each waits while the other is flushed. It takes a part of
    /// the time of the last batch at most, and is left for a while where the callers do not come back.
    /// </summary>
    /// <param name="took">The time that the last batch has taken.</param>
    private void Gather(TimeSpan took)
    {
        int all = _waitingBefore + _answered;
        if (all < 2 || _log.LocksFirst)
        {
            // A batch that locks first takes what comes meanwhile.
            return;
        }

        if (_notGathered > 0)
        {
            _notGathered--;
            return;
        }

        TimeSpan longest = took / GatherPart < MaxGatherTime ? took / GatherPart : MaxGatherTime;
        long began = Stopwatch.GetTimestamp();
        while (WaitingCount < all && Stopwatch.GetElapsedTime(began) < longest)
        {
            Thread.Yield();
        }

        bool haveMostReturned = (WaitingCount - _waitingBefore) * 2 >= _answered;
        _notGathered = haveMostReturned ? 0 : BatchesNotGathered;
    }

    private void End()
    {
        _hasEnded = true;
        if (!_isAbandoned)
        {
            _ended();
        }
    }

    /// <summary>Adds what waits to the writes that stayed in the batch; false where there is nothing to commit.</summary>
    private bool TryTakeBatch()
    {
        TakeUpTo(_log.MaxScopes);
        return _batch.Count > 0;
    }

    /// <summary>
    /// Locks the scopes of the batch, and puts the writes aside whose scopes another process holds. Adds those that were enqueued
    /// meanwhile for what is locked, as the next lock may be as long in coming. The others stay in their order, for which the calling
    /// thread must be the commit thread, which takes them next.
    /// </summary>
    private void LockScopes()
    {
        ScopeEntry[] entries = [.. _batch.Select(write => write.Stage(_scopes)).Distinct()];
        IReadOnlyCollection<ScopeEntry> locked = _log.Lock(entries);
        if (locked.Count < entries.Length)
        {
            var held = new HashSet<ScopeEntry>(locked);
            _putAside.AddRange(_batch.Where(write => !held.Contains(write.Entry!)));
            _batch.RemoveAll(write => !held.Contains(write.Entry!));
        }

        if (Thread.CurrentThread == _thread)
        {
            TakeUpTo(locked.Count);
        }
    }

    /// <summary>Takes the writes that wait, the longest waiting first, until one is of a scope too many for the batch.</summary>
    private void TakeUpTo(int maxScopes)
    {
        _scopesOfBatch?.UnionWith(_batch.Select(static write => write.Scope));
        _taken ??= TakeWaiting();
        int left = 0;
        for (; _taken is { } write && _batch.Count < MaxBatch && MayTake(write, maxScopes); left++)
        {
            _taken = write.Previous;
            write.Previous = null;
            if (write.TryTake())
            {
                _batch.Add(write);
            }
        }

        _scopesOfBatch?.Clear();
        Interlocked.Add(ref _waitingCount, -left);
    }

    /// <summary>True if the batch stays within a number of scopes.</summary>
    private bool MayTake(PendingWrite write, int maxScopes)
    {
        if (_scopesOfBatch is not { } scopes)
        {
            return true;
        }

        return scopes.Contains(write.Scope) || (scopes.Count < maxScopes && scopes.Add(write.Scope));
    }

    /// <summary>Takes all that wait, the one that waits longest first.</summary>
    private PendingWrite? TakeWaiting()
    {
        PendingWrite? first = null;
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null;)
        {
            (PendingWrite? previous, write.Previous) = (write.Previous, first);
            (first, write) = (write, previous);
        }

        return first;
    }

    /// <summary>Fails the writes that were enqueued when the store had closed already.</summary>
    private void RefuseWaiting()
    {
        for (PendingWrite? write = Interlocked.Exchange(ref _lastWaiting, null); write is not null; write = write.Previous)
        {
            Interlocked.Decrement(ref _waitingCount);
            if (write.TryTake())
            {
                write.Fail(CommitLog.Closed());
            }
        }
    }

    private void CommitAlone(PendingWrite write)
    {
        if (write.TryTake())
        {
            write.IsAlone = true;
            _batch.Add(write);
            while (_batch.Count > 0)
            {
                Commit();
            }
        }
    }

    /// <summary>
    /// Decides the batch, makes it durable, publishes it, and completes its writes. Writes of scopes that had moved on, or that another
    /// process holds, stay in the batch, to be decided again. Caller must hold the commit lock.
    /// </summary>
    private void Commit()
    {
        int again = 0;
        try
        {
            ImmRefusal? failure = DecideAndAppend();
            if (failure is null && _log.IsShared)
            {
                _staged.RemoveAll(entry =>
                {
                    bool isLost = _log.IsLost(entry);
                    if (isLost)
                    {
                        entry.Staged = null;
                        DropChanges(entry.Scope);
                    }

                    return isLost;
                });
            }

            failure ??= Publish();
            if (failure is not null && _log.Failure is not null)
            {
                _scopes.Changes.Fail();
            }

            if (failure is null && _staged.Count > 0)
            {
                _observer?.Committed(_batch.Count);
            }

            _waitingBefore = WaitingCount;
            for (int i = 0; i < _batch.Count; i++)
            {
                PendingWrite write = _batch[i];
                ScopeEntry? lost = failure is null && write.Entry is { } entry && _log.IsLost(entry) ? entry : null;
                ImmRefusal? refusal = lost is null ? failure : _log.RefusalOf(lost);
                if (lost is not null && refusal is null)
                {
                    _batch[again++] = write;
                    continue;
                }

                Complete(write, refusal);
            }
        }
        finally
        {
            foreach (ScopeEntry entry in _staged)
            {
                entry.Staged = null;
            }

            _scopes.EndBatch();
            _answered = _batch.Count - again;
            _batch.RemoveRange(again, _batch.Count - again);
            _batch.InsertRange(0, _putAside);
            _putAside.Clear();
            _staged.Clear();
            _changes.Clear();
        }
    }

    /// <summary>Publishes the batch; where memory runs out meanwhile, gives the refusal of all its writes.</summary>
    private ImmRefusal? Publish()
    {
        try
        {
            using (_scopes.Changes.Publish())
            {
                foreach (ScopeEntry entry in _staged)
                {
                    if (!_scopes.Publish(entry, _log.SequenceOf(entry, _sequence), _log.BatchId))
                    {
                        DropChanges(entry.Scope);
                    }
                }

                _scopes.Changes.Add(_changes);
            }

            return null;
        }
        catch (OutOfMemoryException e) when (_log.IsPersistent)
        {
            if (_log.IsShared)
            {
                return null;
            }

            _log.Fail(e);
            return RefusalOf(e);
        }
    }

    // A method of its own: a closure in the loops above would be allocated for each scope.
    private void DropChanges(Scope scope) => _changes.RemoveAll(change => change.Scope == scope);

    /// <summary>Completes one write. An exception there belongs to its caller alone.</summary>
    private static void Complete(PendingWrite write, ImmRefusal? failure)
    {
        try
        {
            if (failure is null)
            {
                write.Complete();
            }
            else
            {
                write.Refuse(failure);
            }
        }
#pragma warning disable CA1031 // The others of the batch, and the thread that goes on with the next, must not suffer.
        catch (Exception e)
#pragma warning restore CA1031
        {
            write.Fail(e);
        }
    }

    /// <summary>Decides the batch and makes it durable; where that fails, gives the refusal of all its writes.</summary>
    private ImmRefusal? DecideAndAppend()
    {
        try
        {
            _log.Begin();
            if (_log.LocksFirst)
            {
                LockScopes();
            }

            // A state that only this batch has seen may be mutated in place until it is published; one write alone sees it once.
            OwnerToken? owner = _batch.Count > 1 ? new() : null;
            foreach (PendingWrite write in _batch)
            {
                if (write.Decide(_scopes, _log, _timeProvider, owner, out ScopeState? next, out Change[] changes) is { } entry)
                {
                    if (entry.Staged is null)
                    {
                        _staged.Add(entry);
                    }

                    entry.Staged = next;
                    _log.Add(entry, changes);
                    foreach (Change change in changes)
                    {
                        if (change.Kind == ChangeKind.Project)
                        {
                            var project = (Project)change.Value;
                            _changes.Add(new(entry.Scope, project, change.State) { Packed = next!.LastPacked(project.Name) });
                        }
                    }
                }
            }

            owner?.Close();
            _sequence = _log.Append();
            return null;
        }
#pragma warning disable CA1031 // Whatever the cause, the batch is not durable, and its callers must know.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _log.Discard(_staged);
            return RefusalOf(e);
        }
    }

    /// <summary>Makes the refusal of a batch that is not durable, or not published.</summary>
    private ImmRefusal RefusalOf(Exception cause)
    {
        try
        {
            return _log.Failed ?? _log.Refuse(cause);
        }
        catch (OutOfMemoryException)
        {
            // The thread must go on: other writes wait for it.
            return _outOfMemory;
        }
    }
}
