using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>
/// Asks the database for the versions of scopes before they are read from memory, once for all reads that wait, and for those that are
/// watched. Thread-safe.
/// </summary>
/// <remarks>
/// A read waits for a question that began after it. A synchronous caller that finds no question under way asks itself; all others wait for
/// the read thread, which asks for all of them at once.
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Close gives up the connection.")]
internal sealed class SharedReads
{
    private readonly SharedDatabase _database;
    private readonly SharedCatchUp _catchUp;
    private readonly ScopeTable _scopes;
    private readonly TimeSpan _maximumAge;
    private readonly TimeSpan _watchInterval;
    private readonly Thread _thread;

    /// <summary>Held while a question is asked.</summary>
    private readonly object _asking = new();
    private readonly SharedDatabase.Lane _lane;

    /// <summary>Held to change what waits, and pulsed then.</summary>
    private readonly object _gate = new();
    private List<Waiter> _waiting = [];
    private bool _isClosed;

    /// <param name="database">The database.</param>
    /// <param name="catchUp">Brings states up to date.</param>
    /// <param name="scopes">The scopes.</param>
    /// <param name="maximumAge">
    /// The age of a question up to which a read does not ask again; zero to ask for each, the greatest value to ask for none.
    /// </param>
    /// <param name="watchInterval">The time after which a watch asks again.</param>
    /// <param name="startThread">Starts the read thread.</param>
    public SharedReads(
        SharedDatabase database,
        SharedCatchUp catchUp,
        ScopeTable scopes,
        TimeSpan maximumAge,
        TimeSpan watchInterval,
        Func<ThreadStart, string, Thread> startThread)
    {
        _database = database;
        _catchUp = catchUp;
        _scopes = scopes;
        _maximumAge = maximumAge;
        _watchInterval = watchInterval;
        _lane = new SharedDatabase.Lane(database).Keep();
        _scopes.Changes.Waited = Wake;
        _thread = startThread(AskUntilClosed, "Imm.Core read");
    }

    /// <summary>True if reads are answered from memory, without a question.</summary>
    public bool AreLocal => _maximumAge == TimeSpan.MaxValue;

    /// <summary>Waits until the state in memory is as new as a read needs it.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="always">True if the database is asked whatever the consistency.</param>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the database does not answer.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Confirm(Scope scope, bool always = false)
    {
        ScopeEntry entry = _scopes.Find(scope);
        if (!NeedsQuestion(entry, always))
        {
            return;
        }

        if (!Monitor.TryEnter(_asking))
        {
            Enqueue(entry, loads: false).GetAwaiter().GetResult();
            return;
        }

        try
        {
            if (Volatile.Read(ref _isClosed))
            {
                throw CommitLog.Closed();
            }

            Ask([entry]);
        }
        catch (DatabaseException e)
        {
            throw SharedLog.Unavailable(e);
        }
        finally
        {
            Monitor.Exit(_asking);
            Uninterruptible.End();
        }
    }

    /// <inheritdoc cref="Confirm"/>
    /// <param name="scope">The scope. Its state is loaded too, so that the read need not wait for that.</param>
    /// <param name="always">True if the database is asked whatever the consistency.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task ConfirmAsync(Scope scope, bool always, CancellationToken cancellationToken)
    {
        ScopeEntry entry = _scopes.Find(scope);
        return NeedsQuestion(entry, always) || (entry.Published is null && !IsAsking)
            ? Enqueue(entry, loads: true).WaitAsync(cancellationToken)
            : Task.CompletedTask;
    }

    /// <summary>Ends the reads that wait, and the read thread.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }

        _thread.Join();
        lock (_asking)
        {
            _lane.Dispose();
        }
    }

    // A listener that the store calls while it asks reads from memory: it would wait for itself.
    private bool IsAsking => Monitor.IsEntered(_asking) || Thread.CurrentThread == _thread;

    private bool NeedsQuestion(ScopeEntry entry, bool always) =>
        (always || (!AreLocal && (_maximumAge == TimeSpan.Zero
            || entry.CheckedAt == 0 || Stopwatch.GetElapsedTime(entry.CheckedAt) > _maximumAge)))
        && !IsAsking;

    private Task Enqueue(ScopeEntry entry, bool loads)
    {
        var waiter = new Waiter(entry, loads);
        lock (_gate)
        {
            if (_isClosed)
            {
                throw CommitLog.Closed();
            }

            _waiting.Add(waiter);
            if (_waiting.Count == 1)
            {
                Monitor.Pulse(_gate);
            }
        }

        return waiter.Task;
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.Pulse(_gate);
        }
    }

    private void AskUntilClosed()
    {
        List<Waiter> taken = [];
        long lastPoll = Stopwatch.GetTimestamp();
        while (true)
        {
            bool isClosed;
            lock (_gate)
            {
                while (!_isClosed && _waiting.Count == 0)
                {
                    TimeSpan left = _watchInterval - Stopwatch.GetElapsedTime(lastPoll);
                    if (!_scopes.Changes.HasWaiting)
                    {
                        Monitor.Wait(_gate);
                    }
                    else if (left <= TimeSpan.Zero || !Monitor.Wait(_gate, left))
                    {
                        break;
                    }
                }

                isClosed = _isClosed;
                (taken, _waiting) = (_waiting, taken);
            }

            if (isClosed)
            {
                taken.ForEach(static waiter => waiter.Fail(CommitLog.Closed()));
                return;
            }

            bool polls = _scopes.Changes.HasWaiting && Stopwatch.GetElapsedTime(lastPoll) >= _watchInterval;
            lastPoll = polls ? Stopwatch.GetTimestamp() : lastPoll;
            AskFor(taken, polls ? null : []);
            taken.Clear();
        }
    }

    /// <summary>Asks for those who wait, and for watches.</summary>
    /// <param name="waiters">Those who wait.</param>
    /// <param name="watched">The entries of watches that wait; null for all of them.</param>
    private void AskFor(List<Waiter> waiters, ScopeEntry[]? watched)
    {
        Exception? failure = null;
        ScopeEntry[] dropped = [];
        HashSet<ScopeEntry> entries = [];
        try
        {
            entries.UnionWith(waiters.Select(static waiter => waiter.Entry));
            watched ??= [.. _scopes.Changes.WaitingScopes().Select(_scopes.Find)];
            entries.UnionWith(watched);
            lock (_asking)
            {
                dropped = [.. Ask([.. entries]).Intersect(watched)];
            }
        }
#pragma warning disable CA1031 // Whatever the cause, those who wait must know, and the thread goes on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e is DatabaseException cause ? SharedLog.Unavailable(cause) : e;
        }

        if (entries.Count > 1 && failure is ImmException { Reason: ImmUnavailableReason.Damaged })
        {
            // The damage of one scope is none of the others'.
            foreach (ScopeEntry entry in entries)
            {
                AskFor(waiters.FindAll(waiter => waiter.Entry == entry), Array.FindAll(watched!, it => it == entry));
            }

            return;
        }

        foreach (Waiter waiter in waiters)
        {
            Complete(waiter, failure);
        }

        // The load wakes the watch. Where it fails, the next poll tries it again.
        Array.ForEach(dropped, entry => Load(entry));
    }

    /// <summary>Loads the state of an entry; gives the failure where there is one.</summary>
    private Exception? Load(ScopeEntry entry)
    {
        try
        {
            ScopeEntry? known = entry;
            _scopes.Read(entry.Scope, ref known);
            return null;
        }
#pragma warning disable CA1031 // The reader gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            return e;
        }
    }

    private void Complete(Waiter waiter, Exception? failure)
    {
        if (failure is null && waiter.Loads && waiter.Entry.Published is null)
        {
            failure = Load(waiter.Entry);
        }

        if (failure is null)
        {
            waiter.SetResult();
        }
        else
        {
            waiter.Fail(failure);
        }
    }

    /// <summary>Asks for the versions. Caller must hold the lock of the question.</summary>
    /// <returns>The entries that others have changed since their states were dropped from memory.</returns>
    private List<ScopeEntry> Ask(ScopeEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return [];
        }

        long began = Stopwatch.GetTimestamp();
        List<ScopeEntry> dropped = _database.Run(_lane, lane =>
        {
            began = Stopwatch.GetTimestamp();
            return _catchUp.Run(lane, entries);
        });
        foreach (ScopeEntry entry in entries)
        {
            entry.CheckedAt = began;
        }

        return dropped;
    }

    /// <summary>A read that waits for a question.</summary>
    private sealed class Waiter(ScopeEntry entry, bool loads) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public ScopeEntry Entry => entry;

        /// <summary>True if the state is to be loaded where it is not in memory.</summary>
        public bool Loads => loads;

        public void Fail(Exception failure)
        {
            SetException(failure);

            // A read that was cancelled looks at it no more. To the host it must not be an exception that nobody has observed.
            _ = Task.Exception;
        }
    }
}
