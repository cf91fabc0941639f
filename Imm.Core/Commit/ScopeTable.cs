using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>
/// The scopes of a store that have an entry: those that are stored, or have content in memory. Callers choose accounts and regions, so
/// neither a read nor a refused change makes an entry.
/// </summary>
/// <remarks>
/// The published state of an entry is the truth of its scope. An entry without one must be looked up again. Only the commit adds the entry
/// of a new scope or removes one. A stored scope keeps its entry; its state may be dropped from memory and loaded again. States are
/// immutable, so a caller that has an older one keeps it. In a shared store any scope may be stored, and so every one that is asked for
/// gets an entry. Those of scopes that turned out to have nothing are removed when there are many.
/// </remarks>
internal sealed class ScopeTable
{
    /// <summary>The number of entries that a shared store makes before it first looks for some to remove.</summary>
    private const int ManyEntries = 4096;

    private readonly CommitLog _log;
    private readonly long? _maxLoadedProjects;
    private readonly ConcurrentDictionary<Scope, ScopeEntry> _entries = new();

    /// <summary>The scopes that the batch begins. Caller must hold the commit lock.</summary>
    private readonly Dictionary<Scope, ScopeEntry> _new = [];

    /// <summary>The entries with a state in memory, and the lock for them; only where there is a bound.</summary>
    private readonly List<ScopeEntry> _loaded = [];
    private long _loadedProjects;
    private long _evictAgainAbove;
    private long _loadableAtEviction = -1;

    /// <summary>The number of entries that may be made before the next look for some to remove, in a shared store.</summary>
    private int _entriesLeft = ManyEntries;

    /// <summary>Rises by two with each load, so that a use before the load and one after it differ.</summary>
    private long _loads;

    /// <param name="log">The log, from which scopes are loaded.</param>
    /// <param name="keptChanges">The number of changes that are kept for watches, from 0.</param>
    /// <param name="maxLoadedProjects">
    /// The number of projects in memory beyond which states are dropped; null for no bound. A log that is not persistent has none.
    /// </param>
    public ScopeTable(CommitLog log, long? maxLoadedProjects, int keptChanges)
    {
        _log = log;
        _maxLoadedProjects = log.IsPersistent ? maxLoadedProjects : null;
        Changes = new ChangeHistory(
            keptChanges, RevisionOf, () => log.Failed, log.ReadChanges, log.IsShared ? log.ReadChangesAfter : null, Load);
    }

    /// <summary>The last changes of projects.</summary>
    public ChangeHistory Changes { get; }

    /// <summary>Brings the state of a scope up to what other processes have changed; null where no other process changes it.</summary>
    public Action<Scope>? Confirm { get; set; }

    /// <summary>
    /// Calls <see cref="RemoveUnused"/> between two batches, or not at all where one is being committed, which then does so itself.
    /// </summary>
    public Action? Crowded { get; set; }

    /// <summary>The number of scopes that have an entry.</summary>
    public int Count => _entries.Count;

    /// <summary>The number of projects in memory.</summary>
    public long LoadedProjectCount => _entries.Sum(static entry => (long)(entry.Value.Published?.ProjectCount ?? 0));

    /// <summary>
    /// Counts the projects of all scopes. A scope that was never in memory is loaded once, and not kept: the first call takes time.
    /// </summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: a scope cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    public long CountProjects()
    {
        foreach (Scope scope in _log.StoredScopes)
        {
            if (!_entries.TryGetValue(scope, out ScopeEntry? entry) || entry.ProjectCount is null)
            {
                Peek(scope);
            }
        }

        return _entries.Sum(static entry => (long)(entry.Value.ProjectCount ?? 0));
    }

    /// <summary>The number of datasets in memory.</summary>
    public long LoadedDatasetCount => _entries.Sum(static entry => entry.Value.Published?.DatasetCount ?? 0);

    /// <summary>All scopes that may have content.</summary>
    public IEnumerable<Scope> Scopes => _entries.Keys.Concat(_log.StoredScopes).Distinct();

    /// <summary>
    /// Gets the published state of a scope, loaded where it is not in memory. A scope without an entry is empty, and gets none.
    /// </summary>
    /// <param name="scope">The scope.</param>
    /// <param name="entry">The entry as the caller knows it; set to the present one where there is one.</param>
    public ScopeState Read(Scope scope, ref ScopeEntry? entry)
    {
        if (entry is { Published: { } known } before)
        {
            NoteUse(before);
            return known;
        }

        while (TryFind(scope, out ScopeEntry? found))
        {
            entry = found;
            if (found.Published is { } state)
            {
                NoteUse(found);
                return state;
            }

            if (Load(found) is { } loaded)
            {
                return loaded;
            }
        }

        return _log.Empty(scope);
    }

    /// <summary>Gets the published state of a scope. One that is not in memory is loaded, and not kept there.</summary>
    public ScopeState Peek(Scope scope)
    {
        while (TryFind(scope, out ScopeEntry? entry))
        {
            if (entry.Published is { } state)
            {
                return state;
            }

            // Under the lock nothing is published that the load would not find.
            lock (entry)
            {
                if (!entry.IsRemoved)
                {
                    ScopeState loaded = entry.Published ?? _log.Load(entry);
                    entry.ProjectCount = loaded.ProjectCount;
                    return loaded;
                }
            }
        }

        return _log.Empty(scope);
    }

    /// <summary>Notes that the state of an entry is in use. Cheap: it writes at most once after each load.</summary>
    public void NoteUse(ScopeEntry entry)
    {
        if (entry.LastUse != _loads)
        {
            entry.LastUse = _loads;
        }
    }

    /// <summary>Gets the entry of a scope that is to be changed. Caller must hold the commit lock.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="known">The entry as the caller knows it; null for none.</param>
    public ScopeEntry Stage(Scope scope, ScopeEntry? known)
    {
        // Only the commit removes entries, so this one stays.
        if (known is { IsRemoved: false })
        {
            return known;
        }

        if (!_new.TryGetValue(scope, out ScopeEntry? entry) && !TryFind(scope, out entry))
        {
            entry = new ScopeEntry(scope) { Published = _log.Empty(scope) };
            _new.Add(scope, entry);
        }

        return entry;
    }

    /// <summary>Gets the state in which the next command of the batch is decided. Caller must hold the commit lock.</summary>
    public ScopeState StagedState(ScopeEntry entry)
    {
        ScopeState? state = entry.Staged;
        while (state is null && !_log.TryPin(entry, out state))
        {
            Invariant.Holds(Load(entry) is not null, "only the commit removes an entry");
        }

        return state;
    }

    /// <summary>
    /// Publishes the staged state of an entry. Caller must hold the commit lock and that of <see cref="ChangeHistory.Publish"/>.
    /// </summary>
    /// <param name="entry">The entry.</param>
    /// <param name="sequence">The sequence number of the batch.</param>
    /// <param name="batchId">The id of the batch; empty for none.</param>
    /// <returns>False where a shared store has published that state, or a later one, already.</returns>
    public bool Publish(ScopeEntry entry, long sequence, Guid batchId)
    {
        ScopeState state = entry.Staged!;
        ScopeState? before;
        bool isNew = _new.Remove(entry.Scope);
        if (isNew)
        {
            // It is empty so far: where memory runs out, nothing is published that the table does not have.
            Add(entry);
        }

        // Not beside a load of a state that was dropped, which would overwrite this one.
        Uninterruptible.Enter(entry);
        if (_log.IsShared && entry.LastSequence >= sequence)
        {
            Monitor.Exit(entry);
            return false;
        }

        before = isNew ? null : entry.Published;
        entry.LastSequence = sequence;
        entry.BatchId = batchId;
        entry.OwnProjectQuota = state.OwnProjectQuota;
        entry.Revision = state.Revision;
        entry.Published = state;
        Monitor.Exit(entry);

        if (_maxLoadedProjects is not null)
        {
            CountLoaded(entry, before, state);
            Evict(except: entry);
        }
        else if (entry.Id == 0 && IsEmpty(state) && !_log.IsStored(entry.Scope))
        {
            // Nothing of it is stored.
            Remove(entry);
        }

        return true;
    }

    /// <summary>
    /// Publishes a state that another process has committed. Does nothing where the state in memory has become as new meanwhile, or was
    /// dropped.
    /// </summary>
    /// <param name="entry">The entry.</param>
    /// <param name="from">The version and batch of the state that it was made from.</param>
    /// <param name="state">The state.</param>
    /// <param name="to">Its version and batch.</param>
    /// <param name="changes">The changes of projects between the two; empty where they are not known.</param>
    public void PublishLater(
        ScopeEntry entry, (long Version, Guid Batch) from, ScopeState state, (long Version, Guid Batch) to, List<PublishedChange> changes)
    {
        using Uninterruptible.Held publishing = Changes.Publish();
        ScopeState? before;
        using (Uninterruptible.Enter(entry))
        {
            before = entry.Published;
            if (before is null)
            {
                return;
            }

            if ((entry.LastSequence, entry.BatchId) != from)
            {
                if (entry.LastSequence >= to.Version)
                {
                    return;
                }

                // A commit or another question has published a version between the two, with its changes.
                changes.RemoveAll(change => change.Project.Revision <= before.Revision);
            }

            (entry.LastSequence, entry.BatchId) = to;
            entry.OwnProjectQuota = state.OwnProjectQuota;
            entry.Revision = state.Revision;
            entry.Published = state;
        }

        if (_maxLoadedProjects is not null)
        {
            CountLoaded(entry, before, state);
            Evict(except: entry);
        }

        Changes.Add(changes);
        Changes.Wake(entry.Scope);
    }

    /// <summary>Gets the entry of a scope of a shared store.</summary>
    public ScopeEntry Find(Scope scope)
    {
        Invariant.Holds(TryFind(scope, out ScopeEntry? entry), "any scope may be stored in a shared store");
        return entry;
    }

    /// <summary>True if so many entries were made that some should be removed. Never in a store that is not shared.</summary>
    private bool IsCrowded => Volatile.Read(ref _entriesLeft) < 0;

    /// <summary>
    /// Removes the entries of scopes of which nothing is stored, as far as this store knows. Where that changes they get another. Caller
    /// must hold the commit lock, between two batches.
    /// </summary>
    public void RemoveUnused()
    {
        int left = 0;
        foreach ((_, ScopeEntry entry) in _entries)
        {
            // Whoever holds the lock loads the scope.
            if (entry.LastSequence == 0 && Monitor.TryEnter(entry))
            {
                try
                {
                    if (entry.LastSequence == 0)
                    {
                        Remove(entry);
                        continue;
                    }
                }
                finally
                {
                    Monitor.Exit(entry);
                }
            }

            left++;
        }

        Uninterruptible.Enter(_loaded);
        try
        {
            _loaded.RemoveAll(static entry => entry.IsRemoved);
        }
        finally
        {
            Monitor.Exit(_loaded);
        }

        // So that the looks cost no more than the entries.
        Volatile.Write(ref _entriesLeft, Math.Max(ManyEntries, left));
    }

    /// <summary>Forgets the new scopes that the batch has not published. Caller must hold the commit lock.</summary>
    public void EndBatch()
    {
        _new.Clear();
        if (IsCrowded)
        {
            RemoveUnused();
        }
    }

    /// <summary>Takes the content of all scopes; that of one moment if the caller holds the commit lock.</summary>
    public Dictionary<Scope, ScopeState> Capture()
    {
        var image = new Dictionary<Scope, ScopeState>();
        foreach (Scope scope in Scopes)
        {
            ScopeEntry? entry = null;
            ScopeState state = Read(scope, ref entry);
            if (!IsEmpty(state))
            {
                image[scope] = state;
            }
        }

        return image;
    }

    /// <summary>
    /// Forgets all states, which are then loaded again, and takes the changes of the log: its files were opened anew. Caller must hold the
    /// commit lock.
    /// </summary>
    public void Forget()
    {
        // A watch must not take a scope that is forgotten for one without changes.
        using Uninterruptible.Held publishing = Changes.Publish();
        foreach (ScopeEntry entry in _entries.Values)
        {
            Remove(entry);
        }

        lock (_loaded)
        {
            _loaded.Clear();
            Volatile.Write(ref _loadedProjects, 0);
            Volatile.Write(ref _evictAgainAbove, 0);
            Volatile.Write(ref _loadableAtEviction, -1);
        }

        Changes.Clear(readsEarlier: true);
    }

    /// <summary>Publishes the state that the log loads now for every scope. Caller must hold the commit lock.</summary>
    public void Reload()
    {
        using Uninterruptible.Held publishing = Changes.Publish();
        foreach (ScopeEntry entry in _entries.Values)
        {
            if (!_log.IsStored(entry.Scope))
            {
                Remove(entry);
                continue;
            }

            lock (entry)
            {
                entry.Published = _log.Load(entry);
                entry.Revision = entry.Published.Revision;
            }
        }

        Changes.Clear();
    }

    // A scope that has ever had a project keeps its revision.
    public static bool IsEmpty(ScopeState state) => state.Revision == 0 && state.OwnProjectQuota is null;

    private long RevisionOf(Scope scope) => _entries.TryGetValue(scope, out ScopeEntry? entry) ? entry.Revision : 0;

    private bool TryFind(Scope scope, [NotNullWhen(true)] out ScopeEntry? entry)
    {
        if (_entries.TryGetValue(scope, out entry))
        {
            return true;
        }

        if (!_log.IsStored(scope))
        {
            return false;
        }

        ScopeEntry made = _log.NewEntry(scope);
        entry = _entries.GetOrAdd(scope, made);
        if (entry == made && _log.IsShared)
        {
            Interlocked.Decrement(ref _entriesLeft);
        }

        return true;
    }

    /// <summary>Loads the state of a scope where it is not in memory.</summary>
    private void Load(Scope scope)
    {
        ScopeEntry? entry = null;
        Read(scope, ref entry);
    }

    /// <summary>Loads the state of an entry; null where the entry was removed.</summary>
    private ScopeState? Load(ScopeEntry entry)
    {
        ScopeState? state;
        long revision;
        lock (entry)
        {
            state = entry.Published;
            if (state is not null || entry.IsRemoved)
            {
                return state;
            }

            state = _log.Load(entry);
            revision = entry.Revision;
            entry.Published = state;
            entry.Revision = state.Revision;
        }

        if (revision != state.Revision && _log.IsShared)
        {
            // Another process has changed the scope since its state was dropped, or its entry was removed.
            using Uninterruptible.Held publishing = Changes.Publish();
            Changes.Wake(entry.Scope);
        }

        if (_maxLoadedProjects is not null)
        {
            // Between the uses before the load and those after it.
            entry.LastUse = Interlocked.Add(ref _loads, 2) - 1;
            CountLoaded(entry, before: null, state);
            Evict(except: entry);
            Uninterruptible.End();
        }

        if (IsCrowded)
        {
            Crowded?.Invoke();
        }

        return state;
    }

    // A method of its own: what it captures would else be made for every publication.
    private void Add(ScopeEntry entry) => Uninterruptible.Run(() => _entries[entry.Scope] = entry);

    // In the middle of a commit, perhaps on the thread of a caller.
    private void Remove(ScopeEntry entry) => Uninterruptible.Run(() =>
    {
        lock (entry)
        {
            entry.IsRemoved = true;
            entry.Published = null;
            _entries.TryRemove(entry.Scope, out _);
        }
    });

    private void CountLoaded(ScopeEntry entry, ScopeState? before, ScopeState after)
    {
        Interlocked.Add(ref _loadedProjects, after.ProjectCount - (before?.ProjectCount ?? 0));
        if (before is null)
        {
            Uninterruptible.Enter(_loaded);
            try
            {
                _loaded.Add(entry);
            }
            finally
            {
                Monitor.Exit(_loaded);
            }
        }
    }

    /// <summary>
    /// Drops the least recently used states while more than the bound is in memory, down to seven eighths of it, so that not every load
    /// evicts. A state that a load would not find yet stays. A store that has failed neither loads nor publishes, and so drops nothing.
    /// </summary>
    private void Evict(ScopeEntry except)
    {
        long bound = _maxLoadedProjects!.Value;
        long loadable = _log.LoadableSequence;
        if (Volatile.Read(ref _loadedProjects) <= bound
            || (Volatile.Read(ref _loadedProjects) <= Volatile.Read(ref _evictAgainAbove)
                && loadable == Volatile.Read(ref _loadableAtEviction))
            || !Monitor.TryEnter(_loaded))
        {
            return;
        }

        try
        {
            // Sorted by the last uses at one moment: they change meanwhile.
            ScopeEntry[] entries = [.. _loaded];
            Array.Sort(Array.ConvertAll(entries, static entry => entry.LastUse), entries);
            _loaded.Clear();
            foreach (ScopeEntry entry in entries)
            {
                if (Volatile.Read(ref _loadedProjects) <= bound - (bound / 8) || entry == except || !TryDrop(entry, loadable))
                {
                    _loaded.Add(entry);
                }
            }

            // Where nothing that is left can be dropped yet, another attempt at once would be in vain. It looks at all that is left, so the
            // next one comes after a part of that: otherwise changes in ever more scopes would cost ever more until a checkpoint.
            long left = Volatile.Read(ref _loadedProjects);
            Volatile.Write(ref _loadableAtEviction, loadable);
            Volatile.Write(ref _evictAgainAbove, left + (Math.Max(bound, left) / 8));
        }
        finally
        {
            Monitor.Exit(_loaded);
        }
    }

    private bool TryDrop(ScopeEntry entry, long loadable)
    {
        // The holder of the lock loads the scope or publishes a later state: it is in use.
        if (!Monitor.TryEnter(entry))
        {
            return false;
        }

        try
        {
            if (entry.Published is not { } state || entry.LastSequence > loadable)
            {
                return false;
            }

            entry.Published = null;
            Interlocked.Add(ref _loadedProjects, -state.ProjectCount);
            return true;
        }
        finally
        {
            Monitor.Exit(entry);
        }
    }
}
