using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>
/// The scopes of a store that there is something to hold of: those that are stored, or have content in memory. Callers choose accounts and
/// regions, so neither a read nor a refused change makes an entry.
/// </summary>
/// <remarks>
/// Whatever a holder has published is the truth of its scope; a holder that has published nothing is to be looked up again. Only the leader
/// of a batch makes a scope that was not there, and takes one away. A stored scope keeps its holder, whose state can be dropped: states are
/// immutable, so who has the old one keeps it.
/// </remarks>
internal sealed class ScopeTable
{
    private readonly FileStore? _file;
    private readonly ServiceFigures _figures;
    private readonly Func<ScopeHolder, ScopeState> _read;
    private readonly long? _maxLoadedProjects;
    private readonly ConcurrentDictionary<Scope, ScopeHolder> _holders = new();

    /// <summary>The scopes that were stored when the store was opened, with their numbers; most of them may never be touched.</summary>
    private readonly Dictionary<Scope, (int Id, int? OwnProjectQuota)> _stored = [];

    /// <summary>The scopes that the batch has found nothing of; only its leader looks at them.</summary>
    private readonly Dictionary<Scope, ScopeHolder> _begun = [];

    /// <summary>The content that a store in memory began with.</summary>
    private IReadOnlyDictionary<Scope, ScopeState> _image;

    /// <summary>The holders with a state in memory, and the lock for them; only where there is a bound.</summary>
    private readonly List<ScopeHolder> _loaded = [];
    private long _loadedProjects;
    private long _lookAgainAbove;
    private long _appliedWhenLooked = -1;

    /// <summary>Moves on by two with each load, so that the scopes touched since then are known.</summary>
    private long _loads;

    /// <param name="file">The file behind the store; null for a store in memory.</param>
    /// <param name="figures">What the options say of every project.</param>
    /// <param name="image">What a store in memory begins with.</param>
    /// <param name="maxLoadedProjects">The number of projects in memory beyond which states are dropped; null for no bound.</param>
    /// <param name="read">Reads a stored scope from the file.</param>
    public ScopeTable(
        FileStore? file,
        ServiceFigures figures,
        IReadOnlyDictionary<Scope, ScopeState> image,
        long? maxLoadedProjects,
        Func<ScopeHolder, ScopeState> read)
    {
        _file = file;
        _figures = figures;
        _image = image;
        _maxLoadedProjects = file is null ? null : maxLoadedProjects;
        _read = read;
        foreach ((int id, Scope scope, int? ownProjectQuota) in file?.Scopes ?? [])
        {
            _stored.Add(scope, (id, ownProjectQuota));
        }
    }

    /// <summary>The greatest number that a scope was stored under when the store was opened.</summary>
    public int LastStoredId => _stored.Values.Select(stored => stored.Id).DefaultIfEmpty().Max();

    /// <summary>The number of scopes that are held.</summary>
    public int Count => _holders.Count;

    /// <summary>The number of projects in memory.</summary>
    public long LoadedProjectCount => _holders.Sum(static holder => (long)(holder.Value.Published?.ProjectCount ?? 0));

    /// <summary>The number of datasets in memory.</summary>
    public long LoadedDatasetCount => _holders.Sum(static holder => holder.Value.Published?.DatasetCount ?? 0);

    /// <summary>Every scope that may have content.</summary>
    public IEnumerable<Scope> Scopes => _holders.Keys.Concat(_stored.Keys).Concat(Volatile.Read(ref _image).Keys).Distinct();

    /// <summary>
    /// The present state of a scope, from the file where it is not in memory. A scope that is not held is empty, and stays unheld.
    /// </summary>
    /// <param name="scope">The scope.</param>
    /// <param name="holder">The holder as it was found before; gets the present one where there is one.</param>
    public ScopeState Read(Scope scope, ref ScopeHolder? holder)
    {
        if (holder is { Published: { } known } before)
        {
            Touch(before);
            return known;
        }

        while (TryFind(scope, out ScopeHolder? found))
        {
            holder = found;
            if (found.Published is { } state)
            {
                Touch(found);
                return state;
            }

            if (Load(found) is { } loaded)
            {
                return loaded;
            }
        }

        return Initial(scope);
    }

    /// <summary>
    /// Notes that the state of a holder is in use. Cheap: where there is a bound it writes once after each load, else never.
    /// </summary>
    public void Touch(ScopeHolder holder)
    {
        if (holder.Touched != _loads)
        {
            holder.Touched = _loads;
        }
    }

    /// <summary>The holder of a scope that is to be changed; only for the leader of a batch.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="known">The holder as it was found before; null where there was none.</param>
    public ScopeHolder ForChange(Scope scope, ScopeHolder? known)
    {
        // Only the leader takes holders away, so this one is not taken away now.
        if (known is { IsRetired: false })
        {
            return known;
        }

        if (!_begun.TryGetValue(scope, out ScopeHolder? holder) && !TryFind(scope, out holder))
        {
            holder = new ScopeHolder(scope, id: 0, ownProjectQuota: null) { Published = Initial(scope) };
            _begun.Add(scope, holder);
        }

        return holder;
    }

    /// <summary>The state that a change of the batch is decided in; only for its leader.</summary>
    public ScopeState ForDecision(ScopeHolder holder) =>
        holder.Working ?? holder.Published ?? Load(holder) ?? throw new InvalidOperationException("Only the leader takes a scope away.");

    /// <summary>Has readers see the state that the batch has come to; only for its leader.</summary>
    /// <param name="holder">The scope.</param>
    /// <param name="sequence">The number of the batch.</param>
    public void Publish(ScopeHolder holder, long sequence)
    {
        ScopeState state = holder.Working!;
        ScopeState? before;

        // Not while somebody brings a state that was dropped into memory again, which would be put in place of this one.
        Uninterruptible.Enter(holder);
        before = holder.Published;
        holder.LastSequence = sequence;
        holder.OwnProjectQuota = state.OwnProjectQuota;
        holder.Published = state;
        Monitor.Exit(holder);

        if (_begun.Remove(holder.Scope))
        {
            before = null;
            Hold(holder);
        }

        if (_maxLoadedProjects is not null)
        {
            CountLoaded(holder, before, state);
            LetGo(except: holder);
        }
        else if (_file is null && IsNothing(state) && !_image.ContainsKey(holder.Scope))
        {
            Retire(holder);
        }
    }

    /// <summary>Forgets the scopes that the batch has not made after all.</summary>
    public void EndBatch() => _begun.Clear();

    /// <summary>Has a store in memory be as an image; only between batches.</summary>
    public void Restore(IReadOnlyDictionary<Scope, ScopeState> image)
    {
        // A scope that is touched for the first time meanwhile loads from the new image; one that loads from the old one is set right
        // below.
        Volatile.Write(ref _image, image);
        foreach (ScopeHolder holder in _holders.Values)
        {
            if (!image.ContainsKey(holder.Scope))
            {
                Retire(holder);
                continue;
            }

            lock (holder)
            {
                holder.Published = Initial(holder.Scope);
            }
        }
    }

    private static bool IsNothing(ScopeState state) => state.ProjectCount == 0 && state.OwnProjectQuota is null;

    private bool TryFind(Scope scope, [NotNullWhen(true)] out ScopeHolder? holder)
    {
        if (_holders.TryGetValue(scope, out holder))
        {
            return true;
        }

        bool isStored = _stored.TryGetValue(scope, out (int Id, int? OwnProjectQuota) stored);
        if (!isStored && !Volatile.Read(ref _image).ContainsKey(scope))
        {
            return false;
        }

        holder = _holders.GetOrAdd(scope, static (scope, stored) => new ScopeHolder(scope, stored.Id, stored.OwnProjectQuota), stored);
        return true;
    }

    /// <summary>The state of a scope that is not in the file.</summary>
    private ScopeState Initial(Scope scope) =>
        Volatile.Read(ref _image).TryGetValue(scope, out ScopeState? state) ? state.With(_figures) : ScopeState.Empty(scope, _figures);

    /// <summary>Brings a scope into memory; null where the holder has been taken away.</summary>
    private ScopeState? Load(ScopeHolder holder)
    {
        ScopeState? state;
        lock (holder)
        {
            state = holder.Published;
            if (state is not null || holder.IsRetired)
            {
                return state;
            }

            state = holder.Id == 0 ? Initial(holder.Scope) : _read(holder);
            holder.Published = state;
        }

        if (_maxLoadedProjects is not null)
        {
            // Between what was touched before the load and what is touched after it.
            holder.Touched = Interlocked.Add(ref _loads, 2) - 1;
            CountLoaded(holder, before: null, state);
            LetGo(except: holder);
            Uninterruptible.End();
        }

        return state;
    }

    // Both in the middle of a commit, perhaps on a caller's thread.
    private void Hold(ScopeHolder holder) => Uninterruptible.Run(() => _holders[holder.Scope] = holder);

    private void Retire(ScopeHolder holder) => Uninterruptible.Run(() =>
    {
        lock (holder)
        {
            holder.IsRetired = true;
            holder.Published = null;
            _holders.TryRemove(holder.Scope, out _);
        }
    });

    private void CountLoaded(ScopeHolder holder, ScopeState? before, ScopeState after)
    {
        Interlocked.Add(ref _loadedProjects, after.ProjectCount - (before?.ProjectCount ?? 0));
        if (before is null)
        {
            Uninterruptible.Enter(_loaded);
            try
            {
                _loaded.Add(holder);
            }
            finally
            {
                Monitor.Exit(_loaded);
            }
        }
    }

    /// <summary>
    /// Drops, where too much is in memory, the states that were touched longest ago, down to seven eighths of the bound so that it is not
    /// done for each load. What is not in the data file yet stays. A store that has failed neither loads nor publishes, and so drops
    /// nothing.
    /// </summary>
    private void LetGo(ScopeHolder except)
    {
        long bound = _maxLoadedProjects!.Value;
        long applied = _file!.AppliedSequence;
        if (Volatile.Read(ref _loadedProjects) <= bound
            || (Volatile.Read(ref _loadedProjects) <= Volatile.Read(ref _lookAgainAbove)
                && applied == Volatile.Read(ref _appliedWhenLooked))
            || !Monitor.TryEnter(_loaded))
        {
            return;
        }

        try
        {
            // Sorted by what they were at one moment: they are touched meanwhile.
            ScopeHolder[] holders = [.. _loaded];
            Array.Sort(Array.ConvertAll(holders, static holder => holder.Touched), holders);
            _loaded.Clear();
            foreach (ScopeHolder holder in holders)
            {
                if (Volatile.Read(ref _loadedProjects) <= bound - (bound / 8) || holder == except || !TryDrop(holder, applied))
                {
                    _loaded.Add(holder);
                }
            }

            // Where all that is left is not in the data file yet, it does not help to look again at once.
            Volatile.Write(ref _appliedWhenLooked, applied);
            Volatile.Write(ref _lookAgainAbove, Volatile.Read(ref _loadedProjects) + (bound / 8));
        }
        finally
        {
            Monitor.Exit(_loaded);
        }
    }

    private bool TryDrop(ScopeHolder holder, long applied)
    {
        // Who has the lock reads the scope from the file, or publishes a later state: it is in use.
        if (!Monitor.TryEnter(holder))
        {
            return false;
        }

        try
        {
            if (holder.Published is not { } state || holder.LastSequence > applied)
            {
                return false;
            }

            holder.Published = null;
            Interlocked.Add(ref _loadedProjects, -state.ProjectCount);
            return true;
        }
        finally
        {
            Monitor.Exit(holder);
        }
    }
}
