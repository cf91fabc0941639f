using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>The log of a store in a database that several processes share.</summary>
/// <remarks>
/// <para>
/// Each scope has a version, which rises by one with each batch, and the id of the batch that made it. A batch is decided on states in
/// memory. One statement, or two at once where there are many scopes (<see cref="SharedSecondCommit"/>), stores what it changed in each
/// scope, if the scope is still at the version and batch of the state that was decided on. Otherwise another process was first: the state
/// is brought up to date from the log of batches, and the writes of the scope are decided again. A refusal is told when the same statement
/// has confirmed the version that it rests on.
/// </para>
/// <para>
/// After a lost race the scopes of the next batches are locked first (<see cref="SharedLocks"/>): then no race is lost, at the price of
/// another round trip.
/// </para>
/// <para>
/// If the connection is lost while a batch is committed, the log finds out: the version after the one that was decided on either has the
/// id of the batch, or another one. While there is none, the log makes an empty batch of that version. What may still arrive cannot be
/// committed then.
/// </para>
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Close gives up the connection.")]
internal sealed class SharedLog : CommitLog
{
    /// <summary>The number of batches for which scopes are locked first after a lost race.</summary>
    private const int BatchesLockedFirst = 32;

    /// <summary>The number of times that the database may leave out the change of a scope that is locked. Then it is refused.</summary>
    private const int MaxTimesLeftOut = 3;

    /// <summary>The number of versions after which the old batches of a scope are deleted.</summary>
    private const int PruneEvery = 256;

    private readonly SharedDatabase _database;
    private readonly SharedSql _sql;
    private readonly SharedBatch _batches;
    private readonly IStoreObserver? _observer;
    private readonly Func<Guid> _newId;
    private readonly int _keptChanges;
    private readonly CountdownEvent _reads = new(1);

    // Caller must hold the commit lock.
    private readonly Dictionary<ScopeEntry, SharedPart> _parts = [];

    /// <summary>The half of the batch that the commit thread commits itself.</summary>
    private readonly Dictionary<ScopeEntry, SharedPart> _rest = [];
    private readonly List<ScopeEntry> _lost = [];

    /// <summary>The times, one after the other, that the database has left out the change of a scope that was locked.</summary>
    private readonly Dictionary<Scope, int> _leftOut = [];

    /// <summary>The scopes of the batch whose changes must be refused, with the reasons.</summary>
    private readonly Dictionary<Scope, DatabaseException> _refused = [];
    private readonly SharedLocks _locks;
    private readonly SharedCommit _commit;
    private readonly SharedSecondCommit _second;
    private readonly Lock _refusing = new();
    private Guid _batchId;
    private int _locksFirst;
    private int _committingThread;
    private DatabaseException? _unavailable;

    /// <param name="database">The database.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="keptChanges">The number of batches of a scope that are kept for others to catch up.</param>
    public SharedLog(SharedDatabase database, SharedSql sql, FileStoreSettings settings, int keptChanges)
        : base(settings.Defaults)
    {
        _database = database;
        _sql = sql;
        _batches = new SharedBatch(settings.Defaults);
        CatchUp = new SharedCatchUp(sql, _batches, settings.Defaults, settings.Observer);
        _locks = new SharedLocks(sql, CatchUp);
        _observer = settings.Observer;
        _newId = settings.NewStoreId;
        _keptChanges = keptChanges;
        _commit = new SharedCommit(database, sql, settings.NewStoreId);
        _second = new SharedSecondCommit(
            new SharedCommit(database, sql, settings.NewStoreId), RefuseThoseWaiting, settings.StartThread);
    }

    public override bool IsPersistent => true;

    public override bool IsShared => true;

    public override int MaxScopes => 64;

    public override long LoadableSequence => long.MaxValue;

    public override Exception? Failure => null;

    /// <summary>The failure for which the database does not answer; null while it does.</summary>
    public Exception? Unreachable => _database.Failure;

    public override IReadOnlyCollection<Scope> StoredScopes => [.. List().Select(static scope => scope.Scope)];

    /// <summary>Refuses the writes that wait, when the outcome of a batch has been in doubt for longer than the patience.</summary>
    public Action<ImmRefusal>? RefuseWaiting { get; set; }

    /// <summary>The database.</summary>
    public SharedDatabase Database => _database;

    /// <summary>Brings the states of scopes up to what other processes have committed.</summary>
    public SharedCatchUp CatchUp { get; }

    /// <summary>Makes the tables where there are none, and verifies that they are of this version.</summary>
    /// <exception cref="DatabaseException">The database cannot be used.</exception>
    public void Open() => SharedSchema.Prepare(_database, _sql);

    // A scope is looked up where it is used: there may be many, and others may add some.
    public override bool IsStored(Scope scope) => true;

    public override ScopeEntry NewEntry(Scope scope) => new(scope) { Key = SharedKey.Of(scope) };

    public override ImmRefusal Refuse(Exception cause) => cause is DatabaseException known
        ? ImmRefusal.Unavailable(
            known.Reason, known.IsOutcomeUnknown ? known.Message : $"The change was not made. {known.Message}", known)
        : base.Refuse(cause);

    public override ScopeState Load(ScopeEntry entry)
    {
        // The commit has failed to reach the database a moment ago: its other writes must not wait as long again.
        bool isCommitting = _committingThread == Environment.CurrentManagedThreadId;
        if (_unavailable is { } known && isCommitting)
        {
            throw Unavailable(known);
        }

        try
        {
            return Read(() => isCommitting
                ? _database.Run(_commit.Lane, lane => CatchUp.Load(lane, entry))
                : _database.Run(lane => CatchUp.Load(lane, entry)));
        }
        catch (ImmException e) when (isCommitting && e.InnerException is DatabaseException cause)
        {
            _unavailable = cause;
            throw;
        }
    }

    public override bool TryPin(ScopeEntry entry, [NotNullWhen(true)] out ScopeState? state)
    {
        if (_refused.Count > 0 && _refused.TryGetValue(entry.Scope, out DatabaseException? cause))
        {
            throw Refuse(cause).ToException();
        }

        if (_parts.TryGetValue(entry, out SharedPart? part))
        {
            state = part.Base;
            return true;
        }

        // All of a batch rests on one state of its scope, with its version.
        lock (entry)
        {
            state = entry.Published;
            if (state is not null)
            {
                _parts.Add(entry, new SharedPart(state, entry.LastSequence, entry.BatchId));
            }
        }

        return state is not null;
    }

    public override bool LocksFirst => _lost.Count > 0 || _locksFirst > 0;

    public override void Begin()
    {
        _committingThread = Environment.CurrentManagedThreadId;
        _unavailable = null;
        _parts.Clear();
        _refused.Clear();
        foreach ((Scope scope, int times) in _leftOut)
        {
            if (times == MaxTimesLeftOut)
            {
                _leftOut.Remove(scope);
                _refused.Add(scope, new DatabaseException(
                    ImmUnavailableReason.Other,
                    $"The database leaves changes of {scope} out without an error, as a trigger, a rule or a policy for rows can do. "
                    + "Remove it from the tables of the store."));
            }
        }
    }

    public override IReadOnlyCollection<ScopeEntry> Lock(ScopeEntry[] entries)
    {
        _lost.Clear();
        _commit.AddScopes(entries.Where(static entry => entry.LastSequence == 0));
        bool areBehind = false;
        List<ScopeEntry> locked = _database.Run(
            _commit.Lane, lane => _locks.LockAndCatchUp(lane, entries, (scope, damage) => _refused[scope] = damage, out areBehind));
        _locksFirst = areBehind ? BatchesLockedFirst : Math.Max(0, _locksFirst - 1);
        return locked;
    }

    public override void Add(ScopeEntry entry, Change[] changes)
    {
        SharedPart part = _parts[entry];
        part.Next = entry.Staged;
        part.Changes.AddRange(changes);
    }

    public override bool IsLost(ScopeEntry entry) => _parts.TryGetValue(entry, out SharedPart? part) && !part.IsConfirmed;

    public override ImmRefusal? RefusalOf(ScopeEntry entry) =>
        _parts.TryGetValue(entry, out SharedPart? part) && part.Failure is { } failure ? Refuse(failure) : null;

    public override bool IsCommitting => _second.IsCurrentThread;

    public override long SequenceOf(ScopeEntry entry, long sequence) => _parts[entry].Version + 1;

    public override Guid BatchId => _batchId;

    public override long Append()
    {
        _committingThread = 0;
        if (_parts.Count == 0)
        {
            _commit.Unlock();
            return 0;
        }

        _batchId = _newId();
        long began = Stopwatch.GetTimestamp();
        if (!_commit.Lane.HoldsLocks)
        {
            _commit.AddScopes(_parts.Where(static part => part.Value is { Version: 0, Next: not null }).Select(static part => part.Key));
        }

        Commit();
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            if (part is { IsConfirmed: false, Failure: null })
            {
                _lost.Add(entry);
            }
        }

        if (_lost.Count > 0)
        {
            _locksFirst = BatchesLockedFirst;
            _observer?.LostRaces(_lost.Count);
        }
        else
        {
            _observer?.Flushed(Stopwatch.GetElapsedTime(began));
            Prune();
        }

        return 0;
    }

    public override void Discard(List<ScopeEntry> entries)
    {
        _committingThread = 0;
        _parts.Clear();
        _lost.Clear();
        _commit.Forget();
        _commit.Unlock();
    }

    public override IReadOnlyList<PublishedChange>? ReadChangesAfter(Scope scope, long revision) => Read(() => _database.Run(lane =>
    {
        var changes = new List<PublishedChange>();
        using DbDataReader rows = lane.Command(_sql.ReadChanges, SharedKey.Of(scope), revision).ExecuteReader();
        while (rows.Read())
        {
            foreach ((Change change, _) in _batches.Read(scope, rows.GetString(0)))
            {
                if (change.Value is Project project && project.Revision > revision)
                {
                    changes.Add(new PublishedChange(scope, project, change.State));
                }
            }
        }

        return changes;
    }));

    public override IEnumerable<ScopeState> ReadScopes()
    {
        BeginRead();
        try
        {
            using SharedDatabase.Lane lane = new SharedDatabase.Lane(_database).Keep();
            ListedScope[] scopes = OrUnavailable(() =>
            {
                lane.Execute(_sql.BeginSnapshot);
                return List(lane);
            });
            foreach (ListedScope listed in scopes)
            {
                yield return OrUnavailable(() => CatchUp.Load(lane, NewEntry(listed.Scope)));
            }
        }
        finally
        {
            _reads.Signal();
        }
    }

    /// <summary>Lists the scopes that have content, in ordinal order, as of one moment.</summary>
    public ListedScope[] List() => Read(() => _database.Run(List));

    /// <summary>Counts the projects of all scopes.</summary>
    public long CountProjects() => Read(() => _database.Run(lane => (long)lane.Command(_sql.CountProjects).ExecuteScalar()!));

    public override List<string> Check() => Read(() => _database.Run(lane => new SharedCheck(_sql, Defaults).Run(lane)));

    public override void AwaitReads()
    {
        _reads.Signal();
        _reads.Wait();
    }

    public override void Close()
    {
        _second.Close();
        _commit.Dispose();
    }

    /// <summary>Tries nothing again from now on.</summary>
    public override void Closing() => _database.Close();

    /// <summary>Commits the parts of the batch, in two halves where there are many.</summary>
    private void Commit()
    {
        _rest.Clear();
        if (_commit.Lane.HoldsLocks || !_second.TryBegin(_parts, _batchId, _rest))
        {
            if (_commit.Run(_parts, _batchId, RefuseThoseWaiting))
            {
                CountLeftOut();
            }

            return;
        }

        try
        {
            _commit.Run(_rest, _batchId, RefuseThoseWaiting);
        }
#pragma warning disable CA1031 // Whatever the cause: the other half may be committed, and so only the writes of this one are refused.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _commit.Forget();
            SharedPart.Fail(_rest.Values, DatabaseException.Of(e));
        }
        finally
        {
            _second.End();
        }
    }

    /// <summary>Counts the changes that were left out although nobody else could change what was locked and at the version.</summary>
    private void CountLeftOut()
    {
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            if (part is { Next: not null, IsConfirmed: false })
            {
                _leftOut[entry.Scope] = _leftOut.GetValueOrDefault(entry.Scope) + 1;
            }
            else
            {
                _leftOut.Remove(entry.Scope);
            }
        }
    }

    private void RefuseThoseWaiting(ImmRefusal refusal)
    {
        // Both halves may be in doubt.
        lock (_refusing)
        {
            RefuseWaiting?.Invoke(refusal);
        }
    }

    private void Prune()
    {
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            long version = part.Version + 1;
            if (part.Next is not null && version % PruneEvery == 0 && version > Math.Max(_keptChanges, PruneEvery)
                && !_commit.TryPrune(entry, version - Math.Max(_keptChanges, PruneEvery)))
            {
                return;
            }
        }
    }

    private ListedScope[] List(SharedDatabase.Lane lane)
    {
        var scopes = new List<ListedScope>();
        using DbDataReader rows = lane.Command(_sql.ListScopes).ExecuteReader();
        while (rows.Read())
        {
            if (!Scope.TryCreate(rows.GetString(0), rows.GetString(1), out Scope? scope, out string? rule))
            {
                throw new DatabaseException(ImmUnavailableReason.Damaged, $"The table imm_scope has a malformed scope. {rule}");
            }

            scopes.Add(new ListedScope(
                scope,
                rows.GetInt32(2),
                rows.IsDBNull(3) ? Defaults.ProjectQuota : rows.GetInt32(3),
                !rows.IsDBNull(3),
                rows.GetInt64(4)));
        }

        return [.. scopes];
    }

    private T Read<T>(Func<T> read)
    {
        BeginRead();
        try
        {
            return OrUnavailable(read);
        }
        finally
        {
            _reads.Signal();
        }
    }

    private void BeginRead()
    {
        if (!_reads.TryAddCount())
        {
            throw Closed();
        }
    }

    private static T OrUnavailable<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (ImmException or OutOfMemoryException))
        {
            // Of whatever type: the source is the host's.
            throw Unavailable(DatabaseException.Of(e));
        }
    }

    /// <summary>Makes the exception of a database that cannot be used.</summary>
    public static ImmException Unavailable(DatabaseException e) =>
        ImmRefusal.Unavailable(e.Reason, e.Message, e).ToException();

}

/// <summary>A scope of the database that has content.</summary>
/// <param name="Scope">The scope.</param>
/// <param name="ProjectCount">The number of its projects.</param>
/// <param name="ProjectQuota">The number of projects that it may have.</param>
/// <param name="HasOwnQuota">True if the quota is its own.</param>
/// <param name="Revision">Its revision; 0 if it never had a project.</param>
internal readonly record struct ListedScope(Scope Scope, int ProjectCount, int ProjectQuota, bool HasOwnQuota, long Revision);
