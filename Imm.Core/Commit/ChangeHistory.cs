using System.Runtime.CompilerServices;
using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The last changes of the projects of a store, from which watches read. Thread-safe.</summary>
/// <remarks>
/// The revisions of a scope have no gaps: each is one change. So a watch knows that it has missed something as soon as the next change of
/// its scope is not the next revision. States are published and their changes are added under one lock. Whoever holds it sees the changes
/// up to the revision of each scope, as far as they are kept.
/// </remarks>
/// <param name="capacity">The number of changes that are kept, from 0.</param>
/// <param name="revisionOf">Gives the revision of a scope that was loaded since the store was opened, or has never had a change.</param>
/// <param name="failure">Gives the refusal of a store that takes no more changes; null while it does.</param>
/// <param name="readEarlier">Reads the changes that were kept when the store was last open; called for the first watch.</param>
/// <param name="readStored">
/// Reads the stored changes of a scope after a revision, where the next one is not in memory; null for a store that has no others.
/// </param>
/// <param name="load">Loads a scope that was forgotten when the store was opened again; null for a store that never is.</param>
internal sealed class ChangeHistory(
    int capacity,
    Func<Scope, long> revisionOf,
    Func<ImmRefusal?> failure,
    Func<IReadOnlyList<PublishedChange>> readEarlier,
    Func<Scope, long, IReadOnlyList<PublishedChange>?>? readStored = null,
    Action<Scope>? load = null)
{
    /// <summary>The number of changes that a watch copies at once.</summary>
    private const int MaxAtOnce = 256;

    private const int SegmentLength = 64;

    private readonly object _gate = new();

    /// <summary>The watches that wait for the next change of a scope.</summary>
    private readonly Dictionary<Scope, Waiting> _waiting = [];

    /// <summary>A ring of segments, which are made as they are needed. The change of number n stands at n modulo the capacity.</summary>
    private KeptChange[]?[] _kept = [];
    private long _first;
    private long _next;
    private bool _isClosed;
    private bool _hasEarlier;

    /// <summary>The number of times that the store was opened again. Watches then load their scopes anew.</summary>
    private int _reopenings;

    /// <summary>Called when a watch begins to wait; null for nothing.</summary>
    public Action? Waited { get; set; }

    /// <summary>True if a watch waits for a change.</summary>
    public bool HasWaiting
    {
        get
        {
            using (Publish())
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>The scopes for whose next change a watch waits.</summary>
    public Scope[] WaitingScopes()
    {
        using (Publish())
        {
            return [.. _waiting.Keys];
        }
    }

    /// <summary>
    /// Wakes the watches of a scope, whose state was published without all of its changes. Caller must hold the lock of
    /// <see cref="Publish"/>.
    /// </summary>
    public void Wake(Scope scope)
    {
        if (_waiting.Remove(scope, out Waiting? waiting))
        {
            waiting.Source.SetResult();
        }
    }

    /// <summary>Enters the lock under which states are published and changes are added. Does not end by an interruption.</summary>
    public Uninterruptible.Held Publish() => Uninterruptible.Enter(_gate);

    /// <summary>Adds changes whose states were published. Caller must hold the lock of <see cref="Publish"/>.</summary>
    public void Add(List<PublishedChange> changes)
    {
        try
        {
            foreach (PublishedChange change in changes)
            {
                Keep(change);
                if (_waiting.Count > 0 && _waiting.Remove(change.Scope, out Waiting? waiting))
                {
                    waiting.Source.SetResult();
                }
            }
        }
        catch (OutOfMemoryException)
        {
            // The states are published. Watches are told that they have missed something.
            Clear();
        }
    }

    /// <summary>
    /// Forgets all changes: the store has another content. Caller must hold the lock of <see cref="Publish"/>.
    /// </summary>
    /// <param name="readsEarlier">True if the next watch is to read those that are stored.</param>
    public void Clear(bool readsEarlier = false)
    {
        _first = _next;
        _kept = [];
        _hasEarlier = !readsEarlier;
        _reopenings += readsEarlier ? 1 : 0;
        Wake();
    }

    /// <summary>Wakes the watches of a store that has failed, which then report that.</summary>
    public void Fail()
    {
        using (Publish())
        {
            Wake();
        }
    }

    /// <summary>Ends all watches.</summary>
    public void Close()
    {
        using (Publish())
        {
            _isClosed = true;
            Wake();
        }
    }

    /// <summary>Checks that a watch can go on after a revision.</summary>
    public ImmRefusal? Check(Scope scope, long afterRevision)
    {
        AddEarlier();
        using (Publish())
        {
            long position = 0;
            if (Read(scope, afterRevision, ref position, []) is not { } gone)
            {
                return null;
            }

            if (readStored is null || afterRevision > revisionOf(scope))
            {
                return gone;
            }
        }

        return ReadStored(scope, afterRevision).Count > 0 ? null : Gone(afterRevision);
    }

    /// <summary>Reports the changes of a scope in order, those to come too.</summary>
    /// <param name="scope">The scope. It was loaded since the store was opened, if it has stored content.</param>
    /// <param name="afterRevision">The revision after which the changes are reported.</param>
    /// <param name="cancellationToken">Ends the watch.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.RevisionGone"/>: the next change is not kept. <see cref="ImmErrorCode.ServiceUnavailable"/>: there will be
    /// none.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public async IAsyncEnumerable<ProjectChange> WatchAsync(
        Scope scope, long afterRevision, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var changes = new List<PublishedChange>();
        long position = 0;
        int reopenings = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (reopenings != Volatile.Read(ref _reopenings))
            {
                // The scope was forgotten, and with it the revision by which a watch knows what it has missed.
                reopenings = Volatile.Read(ref _reopenings);
                await Task.Run(() => LoadAgain(scope), cancellationToken).ConfigureAwait(false);
            }

            if (Next(scope, reopenings, afterRevision, ref position, changes) is { } waiting)
            {
                Waited?.Invoke();
                await WaitAsync(scope, waiting, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (changes.Count == 0)
            {
                long after = afterRevision;
                changes.AddRange(await Task.Run(() => ReadStored(scope, after), cancellationToken).ConfigureAwait(false));
                if (changes.Count == 0)
                {
                    throw Gone(afterRevision).ToException();
                }
            }

            foreach ((_, Project project, ChangeState state) in changes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                afterRevision = project.Revision;
                yield return state switch
                {
                    ChangeState.Created => new(afterRevision, ProjectChangeKind.Created, project.ProjectName, project),
                    ChangeState.Updated => new(afterRevision, ProjectChangeKind.Updated, project.ProjectName, project),
                    _ => new(afterRevision, ProjectChangeKind.Deleted, project.ProjectName, project: null),
                };
            }

            changes.Clear();
        }
    }

    private void LoadAgain(Scope scope)
    {
        load?.Invoke(scope);
        AddEarlier();
    }

    /// <summary>
    /// Puts the changes from before the store was opened in front of those since then. An open would take much longer if it read them.
    /// </summary>
    private void AddEarlier()
    {
        if (Volatile.Read(ref _hasEarlier))
        {
            return;
        }

        // Read without the lock: a failure of the file is reported while its lock is held, and takes this one.
        IReadOnlyList<PublishedChange> earlier = readEarlier();
        using (Publish())
        {
            if (_hasEarlier)
            {
                return;
            }

            PublishedChange[] later = [.. Enumerable.Range(0, (int)(_next - _first)).Select(i => Kept(_first + i).Read())];
            var known = later.Select(static change => (change.Scope, change.Project.Revision)).ToHashSet();

            // The numbers go on, so that the position of a watch stays in front of what it has not read.
            (_kept, _first) = ([], _next);
            foreach (PublishedChange change in earlier)
            {
                if (!known.Contains((change.Scope, change.Project.Revision)))
                {
                    Keep(change);
                }
            }

            Array.ForEach(later, change => Keep(change));
            Volatile.Write(ref _hasEarlier, true);
        }
    }

    private void Keep(in PublishedChange change)
    {
        if (capacity == 0)
        {
            return;
        }

        if (_next - _first == capacity)
        {
            _first++;
        }

        if (_kept.Length == 0)
        {
            _kept = new KeptChange[((capacity - 1) / SegmentLength) + 1][];
        }

        _kept[_next % capacity / SegmentLength] ??= new KeptChange[Math.Min(capacity, SegmentLength)];
        Kept(_next) = new KeptChange(change);
        _next++;
    }

    private ref KeptChange Kept(long number)
    {
        long slot = number % capacity;
        return ref _kept[slot / SegmentLength]![slot % SegmentLength];
    }

    private static ImmRefusal Gone(long afterRevision) =>
        ImmRefusal.RevisionGone(afterRevision, "the change that comes next is not kept any more");

    /// <summary>Reads the next changes that are stored; none where the next one is not.</summary>
    private List<PublishedChange> ReadStored(Scope scope, long afterRevision)
    {
        var next = new List<PublishedChange>();
        long revision = revisionOf(scope);
        if (revision - afterRevision > capacity)
        {
            return next;
        }

        foreach (PublishedChange change in readStored!(scope, afterRevision) ?? [])
        {
            // Not beyond what this process has heard of, up to which a watch may be.
            if (change.Project.Revision != afterRevision + 1 + next.Count || change.Project.Revision > revision)
            {
                break;
            }

            next.Add(change);
        }

        return next;
    }

    /// <summary>Reads the next changes; gives what to wait for where there are none, and nothing where they are stored only.</summary>
    private Waiting? Next(Scope scope, int reopenings, long afterRevision, ref long position, List<PublishedChange> changes)
    {
        using (Publish())
        {
            if (_isClosed)
            {
                throw CommitLog.Closed();
            }

            if (reopenings != _reopenings)
            {
                return Waiting.Over;
            }

            if (Read(scope, afterRevision, ref position, changes) is { } gone)
            {
                return readStored is not null && afterRevision < revisionOf(scope) ? null : throw gone.ToException();
            }

            if (changes.Count > 0)
            {
                return null;
            }

            if (failure() is { } failed)
            {
                throw failed.ToException();
            }

            if (!_waiting.TryGetValue(scope, out Waiting? waiting))
            {
                waiting = new Waiting();
                _waiting.Add(scope, waiting);
            }

            waiting.Count++;
            return waiting;
        }
    }

    /// <summary>Copies the next changes of a scope; none where the revision is the present one.</summary>
    private ImmRefusal? Read(Scope scope, long afterRevision, ref long position, List<PublishedChange> changes)
    {
        long revision = revisionOf(scope);
        if (afterRevision > revision)
        {
            return ImmRefusal.RevisionGone(afterRevision, $"the store has never had it, and its revision is {revision}");
        }

        if (afterRevision == revision)
        {
            return null;
        }

        long expected = afterRevision + 1;
        for (position = Math.Max(position, _first); position < _next && changes.Count < MaxAtOnce; position++)
        {
            ref KeptChange change = ref Kept(position);
            if (change.Revision < expected || change.Scope != scope)
            {
                continue;
            }

            if (change.Revision != expected)
            {
                break;
            }

            changes.Add(change.Read());
            expected++;
        }

        return changes.Count > 0 ? null : Gone(afterRevision);
    }

    private async Task WaitAsync(Scope scope, Waiting waiting, CancellationToken cancellationToken)
    {
        try
        {
            await waiting.Source.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            using (Publish())
            {
                if (--waiting.Count == 0 && _waiting.GetValueOrDefault(scope) == waiting)
                {
                    _waiting.Remove(scope);
                }
            }

            throw;
        }
    }

    private void Wake()
    {
        foreach (Waiting waiting in _waiting.Values)
        {
            waiting.Source.SetResult();
        }

        _waiting.Clear();
    }

    /// <summary>A change that is kept. Its project is packed: few are ever read.</summary>
    private struct KeptChange(in PublishedChange change)
    {
        private NamedItem _project = change.Packed.IsSet ? change.Packed : NamedItem.Pack(change.Project);
        private readonly ChangeState _state = change.State;

        public readonly Scope Scope { get; } = change.Scope;

        public readonly long Revision { get; } = change.Project.Revision;

        public PublishedChange Read() => new(Scope, (Project)_project.Read()!, _state);
    }

    /// <summary>The watches that wait for the next change of one scope.</summary>
    private sealed class Waiting
    {
        /// <summary>A wait that is over: the watch is to look again.</summary>
        public static readonly Waiting Over = new();

        static Waiting() => Over.Source.SetResult();

        public TaskCompletionSource Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count { get; set; }
    }
}
