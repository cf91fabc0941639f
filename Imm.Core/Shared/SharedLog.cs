using System.Buffers;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>The log of a store in a database that several processes share.</summary>
/// <remarks>
/// <para>
/// Each scope has a version, which rises by one with each batch, and the id of the batch that made it. A batch is decided on states in
/// memory. One statement stores what it changed in each scope, if the scope is still at the version and batch of the state that was decided
/// on. Otherwise another process was first: the state is brought up to date from the log of batches, and the writes of the scope are
/// decided again. A refusal is told when the same statement has confirmed the version that it rests on.
/// </para>
/// <para>
/// After a lost race the scopes of the next batches are locked first: then no race is lost, at the price of another round trip. Scopes
/// that another process has locked are left for the next batch. After some turns, or where the batch has no other scope, they are waited
/// for: in the order of their keys, and before any other is locked, so that no two processes wait for each other.
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

    /// <summary>The number of turns for which a scope is left that another process has locked. Then it is waited for.</summary>
    private const int MaxTurnsLeft = 3;

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
    private ScopeTable? _scopes;

    // Caller must hold the commit lock.
    private readonly SharedDatabase.Lane _lane;
    private readonly Dictionary<ScopeEntry, SharedPart> _parts = [];
    private readonly List<ScopeEntry> _lost = [];
    private readonly Dictionary<ScopeEntry, int> _turnsLeft = [];

    /// <summary>The times, one after the other, that the database has left out the change of a scope that was locked.</summary>
    private readonly Dictionary<ScopeEntry, int> _leftOut = [];

    /// <summary>The scopes of the batch whose changes must be refused, with the reasons.</summary>
    private readonly Dictionary<ScopeEntry, DatabaseException> _refused = [];
    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);
    private readonly Utf8JsonWriter _json;
    private readonly string[] _commits;
    private readonly string[] _commitsOfOne;
    private readonly SharedDoubt _doubt;
    private Guid _batchId;
    private int _locksFirst;
    private int _committingThread;
    private DatabaseException? _unavailable;

    // Of all attempts to commit a batch: locks and questions about a doubt may succeed in between.
    private SharedDatabase.Retry _retry;

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
        _observer = settings.Observer;
        _newId = settings.NewStoreId;
        _keptChanges = keptChanges;
        _lane = new SharedDatabase.Lane(database).Keep();
        _json = new Utf8JsonWriter(_buffer, SharedRecords.WriterOptions);
        _retry = new SharedDatabase.Retry(database);
        _doubt = new SharedDoubt(database, _lane, sql, settings.NewStoreId);
        _commits = [.. Enumerable.Range(0, 8).Select(n => sql.Commit((SharedEffects)(n % 4), locks: n > 3))];
        _commitsOfOne = [.. Enumerable.Range(0, 4).Select(n => sql.CommitOne((SharedEffects)n))];
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

    private ScopeTable Scopes => _scopes!;

    /// <summary>The database.</summary>
    public SharedDatabase Database => _database;

    /// <summary>Sets the table of the scopes whose states the log keeps up to date.</summary>
    public void Attach(ScopeTable scopes) => _scopes = scopes;

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
                ? _database.Run(_lane, lane => Load(lane, entry))
                : _database.Run(lane => Load(lane, entry)));
        }
        catch (ImmException e) when (isCommitting && e.InnerException is DatabaseException cause)
        {
            _unavailable = cause;
            throw;
        }
    }

    public override bool TryPin(ScopeEntry entry, [NotNullWhen(true)] out ScopeState? state)
    {
        if (_refused.Count > 0 && _refused.TryGetValue(entry, out DatabaseException? cause))
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
        foreach ((ScopeEntry entry, int times) in _leftOut)
        {
            if (times == MaxTimesLeftOut)
            {
                _leftOut.Remove(entry);
                _refused.Add(entry, new DatabaseException(
                    ImmUnavailableReason.Other,
                    $"The database leaves changes of {entry.Scope} out without an error, as a trigger, a rule or a policy for rows can do. "
                    + "Remove it from the tables of the store."));
            }
        }
    }

    public override IReadOnlyCollection<ScopeEntry> Lock(ScopeEntry[] entries)
    {
        _lost.Clear();
        return Run(lane => LockAndCatchUp(lane, entries));
    }

    public override void Add(ScopeEntry entry, Change[] changes)
    {
        SharedPart part = _parts[entry];
        part.Next = entry.Staged;
        part.Changes.AddRange(changes);
    }

    public override bool IsLost(ScopeEntry entry) => _parts.TryGetValue(entry, out SharedPart? part) && !part.IsConfirmed;

    public override long SequenceOf(ScopeEntry entry, long sequence) => _parts[entry].Version + 1;

    public override Guid BatchId => _batchId;

    public override long Append()
    {
        _committingThread = 0;
        if (_parts.Count == 0)
        {
            Unlock();
            return 0;
        }

        _batchId = _newId();
        long began = Stopwatch.GetTimestamp();
        if (!_lane.HoldsLocks)
        {
            AddScopes([.. _parts.Where(static part => part.Value is { Version: 0, Next: not null }).Select(static part => part.Key)]);
        }

        Commit(_parts.Count == 1 ? StatementOfOne() : Statement());
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            if (!part.IsConfirmed)
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
        _retry = new SharedDatabase.Retry(_database);
        Unlock();
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
                yield return OrUnavailable(() => Load(lane, NewEntry(listed.Scope)));
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
        _lane.Dispose();
        _json.Dispose();
    }

    /// <summary>Tries nothing again from now on.</summary>
    public override void Closing() => _database.Close();

    /// <summary>Reads the versions of entries, and brings the states up to date that are not of the version in the database.</summary>
    /// <param name="lane">The connection of the caller.</param>
    /// <param name="entries">The entries, each once.</param>
    /// <returns>Those that others have changed since their states were dropped from memory.</returns>
    /// <exception cref="DatabaseException">The database cannot be used.</exception>
    public List<ScopeEntry> CatchUp(SharedDatabase.Lane lane, IReadOnlyList<ScopeEntry> entries)
    {
        var stored = new Dictionary<Guid, (long Version, Guid Batch)>(entries.Count);
        DbCommand command = lane.Command(_sql.ReadVersions, (object)entries.Select(static entry => entry.Key).ToArray());
        using (DbDataReader rows = command.ExecuteReader())
        {
            SharedSql.ReadVersionRows(rows, stored);
        }

        List<(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)> behind = FindBehind(entries, stored, out var dropped);
        if (behind.Count > 0)
        {
            var log = new List<LoggedBatch>();
            using (DbDataReader rows = lane.Command(_sql.ReadBatches, Versions(behind)).ExecuteReader())
            {
                ReadLog(rows, log);
            }

            ILookup<Guid, LoggedBatch> byScope = log.ToLookup(static batch => batch.Scope);
            foreach ((ScopeEntry entry, ScopeState state, long version, Guid batchId) in behind)
            {
                Apply(lane, entry, state, (version, batchId), stored, byScope);
            }
        }

        return dropped;
    }

    private static void ReadLog(DbDataReader rows, List<LoggedBatch> log)
    {
        while (rows.Read())
        {
            log.Add(new LoggedBatch(
                rows.GetGuid(0), rows.GetInt64(1), rows.GetGuid(2), rows.GetInt64(3), rows.IsDBNull(4) ? null : rows.GetString(4)));
        }
    }

    /// <summary>Finds the entries whose states in memory are not those of the versions in the database.</summary>
    private static List<(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)> FindBehind(
        IReadOnlyList<ScopeEntry> entries, Dictionary<Guid, (long Version, Guid Batch)> stored, out List<ScopeEntry> dropped)
    {
        var behind = new List<(ScopeEntry, ScopeState, long, Guid)>();
        dropped = [];
        foreach (ScopeEntry entry in entries)
        {
            // After a load under way, which may have read an older version.
            using (Uninterruptible.Enter(entry))
            {
                if (stored.GetValueOrDefault(entry.Key) == (entry.LastSequence, entry.BatchId))
                {
                    continue;
                }

                if (entry.Published is { } state)
                {
                    behind.Add((entry, state, entry.LastSequence, entry.BatchId));
                }
                else
                {
                    dropped.Add(entry);
                }
            }
        }

        return behind;
    }

    private static string Versions(List<(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)> known) =>
        SharedSql.WriteVersions(known.Select(static it => (it.Entry.Key, it.Version)));

    /// <summary>
    /// Brings a state up to date: by the batches since its version where the log has them all, else by loading it anew.
    /// </summary>
    private void Apply(
        SharedDatabase.Lane lane,
        ScopeEntry entry,
        ScopeState before,
        (long Version, Guid Batch) from,
        Dictionary<Guid, (long Version, Guid Batch)> stored,
        ILookup<Guid, LoggedBatch> byScope)
    {
        ScopeState? state = before;
        (long next, Guid lastBatch) = from;
        var changes = new List<PublishedChange>();
        bool isFirst = from.Version > 0;
        foreach (LoggedBatch batch in byScope[entry.Key])
        {
            // The version of the state in memory must be of the same batch: a database that fell back may have made another of it.
            if (batch.Version != (isFirst ? from.Version : next + 1) || (isFirst && batch.Batch != from.Batch))
            {
                state = null;
                break;
            }

            if (!isFirst)
            {
                state = SharedBatch.Apply(state, _batches.Read(entry.Scope, batch.Changes!), batch.Revision, changes);
            }

            (next, lastBatch, isFirst) = (batch.Version, batch.Batch, false);
        }

        if (state is null || isFirst || next < stored.GetValueOrDefault(entry.Key).Version)
        {
            changes.Clear();
            ScopeEntry loaded = NewEntry(entry.Scope);
            state = Load(lane, loaded);
            (next, lastBatch) = (loaded.LastSequence, loaded.BatchId);
        }

        Scopes.PublishLater(entry, from, state, (next, lastBatch), changes);
        _observer?.CaughtUp();
    }

    private ScopeState Load(SharedDatabase.Lane lane, ScopeEntry entry)
    {
        var problems = new List<string>();
        ScopeState state = Load(lane, entry, problems);
        return problems.Count == 0
            ? state
            : throw new DatabaseException(ImmUnavailableReason.Damaged, problems[0]);
    }

    /// <summary>Loads a scope, and sets the version and batch of its entry.</summary>
    private ScopeState Load(SharedDatabase.Lane lane, ScopeEntry entry, List<string> problems)
    {
        using DbDataReader rows = lane.Command(_sql.Load, entry.Key).ExecuteReader();
        return SharedLoader.Load(rows, entry, Empty(entry.Scope), problems.Add);
    }

    private List<ScopeEntry> LockAndCatchUp(SharedDatabase.Lane lane, ScopeEntry[] entries)
    {
        AddScopes([.. entries.Where(static entry => entry.LastSequence == 0)]);
        Guid[] awaited =
        [
            .. entries.Where(entry => entries.Length == 1 || _turnsLeft.GetValueOrDefault(entry) == MaxTurnsLeft)
                .Select(static entry => entry.Key),
        ];
        Guid[] others = [.. entries.Select(static entry => entry.Key).Except(awaited)];
        var known = new List<(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)>();
        foreach (ScopeEntry entry in entries)
        {
            using (Uninterruptible.Enter(entry))
            {
                if (entry.Published is { } state)
                {
                    known.Add((entry, state, entry.LastSequence, entry.BatchId));
                }
            }
        }

        var stored = new Dictionary<Guid, (long Version, Guid Batch)>(entries.Length);
        var log = new List<LoggedBatch>();
        Lock(lane, begins: true, awaited, others, known, stored, log);
        if (awaited.Length + stored.Count == 0)
        {
            awaited = [entries[0].Key];
            log.Clear();
            Lock(lane, begins: false, awaited, [], known, stored, log);
        }

        lane.HoldsLocks = true;
        var locked = new List<ScopeEntry>(entries.Length);
        foreach (ScopeEntry entry in entries)
        {
            if (stored.ContainsKey(entry.Key) || awaited.Contains(entry.Key))
            {
                locked.Add(entry);
                _turnsLeft.Remove(entry);
            }
            else
            {
                _turnsLeft[entry] = Math.Min(MaxTurnsLeft, _turnsLeft.GetValueOrDefault(entry) + 1);
            }
        }

        // A scope that is left is at the version of its last batch in the log, or at a later one.
        var left = new HashSet<Guid>(entries.Except(locked).Select(static entry => entry.Key));
        foreach (LoggedBatch batch in log.Where(batch => left.Contains(batch.Scope)))
        {
            stored[batch.Scope] = (batch.Version, batch.Batch);
        }

        known.RemoveAll(it => left.Contains(it.Entry.Key) && !stored.ContainsKey(it.Entry.Key));

        known.RemoveAll(it => stored.GetValueOrDefault(it.Entry.Key) == (it.Version, it.Batch));
        _locksFirst = known.Count > 0 ? BatchesLockedFirst : Math.Max(0, _locksFirst - 1);
        ILookup<Guid, LoggedBatch> byScope = log.ToLookup(static batch => batch.Scope);
        foreach ((ScopeEntry entry, ScopeState state, long version, Guid batchId) in known)
        {
            try
            {
                Apply(lane, entry, state, (version, batchId), stored, byScope);
            }
            catch (Exception e) when (e is FormatException or DatabaseException { Reason: ImmUnavailableReason.Damaged })
            {
                // The damage of one scope is none of the others'. Its own changes cannot be decided.
                _refused[entry] = DatabaseException.Of(e);
            }
        }

        return locked;
    }

    /// <summary>
    /// Locks scopes in one round trip, reads the versions of those that are locked, and the batches since the versions in memory.
    /// </summary>
    private void Lock(
        SharedDatabase.Lane lane,
        bool begins,
        Guid[] awaited,
        Guid[] others,
        List<(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)> known,
        Dictionary<Guid, (long Version, Guid Batch)> stored,
        List<LoggedBatch> log)
    {
        List<(string Sql, object[] Values)> statements = begins ? [(_sql.Begin, [])] : [];
        if (awaited.Length > 0)
        {
            statements.Add((_sql.LockVersions, [awaited]));
        }

        if (others.Length > 0)
        {
            statements.Add((_sql.LockFreeVersions, [others]));
        }

        statements.Add((_sql.ReadBatches, [Versions(known)]));
        using DbDataReader rows = lane.Batch(CollectionsMarshal.AsSpan(statements)).ExecuteReader();
        for (int i = statements.Count - (begins ? 2 : 1); i > 0; i--)
        {
            SharedSql.ReadVersionRows(rows, stored);
            rows.NextResult();
        }

        ReadLog(rows, log);
    }

    /// <summary>Makes the rows of scopes that may have none.</summary>
    private void AddScopes(ScopeEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return;
        }

        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (ScopeEntry entry in entries)
            {
                json.WriteStartObject();
                json.WriteString("scope"u8, entry.Key);
                json.WriteString("account"u8, entry.Scope.AccountId);
                json.WriteString("region"u8, entry.Scope.RegionId);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        string text = Encoding.UTF8.GetString(buffer.WrittenSpan);
        Run(lane => lane.Command(_sql.AddScopes, text).ExecuteNonQuery());
    }

    /// <summary>Makes the statement that commits a batch of one scope.</summary>
    private (string Sql, object[] Values) StatementOfOne()
    {
        (ScopeEntry entry, SharedPart part) = _parts.Single();
        if (part.Next is not { } next)
        {
            return Statement();
        }

        SharedEffects effects = default;
        string changes = Json(() => effects = SharedBatch.Write(_json, part.Changes));
        return (
            _commitsOfOne[(int)effects],
            [
                entry.Key, part.Version, part.Batch, _batchId, next.Revision, next.OwnProjectQuota ?? -1, next.ProjectCount, changes,
            ]);
    }

    /// <summary>Makes the statement that commits a batch of any scopes.</summary>
    private (string Sql, object[] Values) Statement()
    {
        (SharedEffects effects, int changed) = (SharedEffects.None, 0);
        string parts = Json(() =>
        {
            _json.WriteStartArray();
            foreach ((ScopeEntry entry, SharedPart part) in _parts)
            {
                effects |= part.Write(_json, entry.Key, part.Next, part.Changes);
                changed += part.Next is null ? 0 : 1;
            }

            _json.WriteEndArray();
        });
        return (_commits[(int)effects + (changed > 1 && !_lane.HoldsLocks ? 4 : 0)], [parts, _batchId]);
    }

    private string Json(Action write)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        write();
        _json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }

    /// <summary>Runs the statement that commits the parts, and notes those that are confirmed.</summary>
    private void Commit((string Sql, object[] Values) statement)
    {
        bool changes = _parts.Values.Any(static part => part.Next is not null);
        while (true)
        {
            bool isSent = false;
            try
            {
                // Where no connection can be opened, nothing was sent, and so nothing is in doubt.
                _ = _lane.Connection;
                isSent = true;
                Send(statement);
                _database.Succeeded();
                _retry = new SharedDatabase.Retry(_database);
                return;
            }
#pragma warning disable CA1031 // Whatever the cause, the outcome must be found out.
            catch (Exception e)
#pragma warning restore CA1031
            {
                bool wasLocked = _lane.HoldsLocks;
                _lane.Drop();
                bool isInDoubt = changes && isSent && DatabaseException.IsInDoubt(e);
                bool isToRepeat = _retry.TryPause(e);
                if (isInDoubt)
                {
                    // Each part is confirmed then, or lost for good: lost ones are decided again on a later version, while there is time.
                    _doubt.Resolve(_parts, _batchId, RefuseWaiting);
                    if (isToRepeat || _parts.Values.Any(static part => part.IsConfirmed))
                    {
                        return;
                    }
                }

                if (!isToRepeat)
                {
                    throw DatabaseException.Of(e);
                }

                if (wasLocked)
                {
                    // The lock went with the transaction, and so others may have been first.
                    return;
                }
            }
        }
    }

    private void Send((string Sql, object[] Values) statement)
    {
        if (!_lane.HoldsLocks)
        {
            using DbDataReader rows = _lane.Command(statement.Sql, statement.Values).ExecuteReader();
            Confirm(rows);
            return;
        }

        DbBatch statements = _lane.Batch(statement, (_sql.End, []));
        using (DbDataReader rows = statements.ExecuteReader())
        {
            Confirm(rows);
            rows.NextResult();
        }

        _lane.HoldsLocks = false;
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            if (part is { Next: not null, IsConfirmed: false })
            {
                // Nobody else could change what was locked and at the version.
                _leftOut[entry] = _leftOut.GetValueOrDefault(entry) + 1;
            }
            else
            {
                _leftOut.Remove(entry);
            }
        }
    }

    private void Confirm(DbDataReader rows)
    {
        var confirmed = new HashSet<Guid>();
        while (rows.Read())
        {
            confirmed.Add(rows.GetGuid(0));
        }

        // To the end of the results: only then is it known that the transaction was committed.
        while (rows.NextResult())
        {
        }

        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            part.IsConfirmed = confirmed.Contains(entry.Key);
        }
    }

    private void Unlock()
    {
        if (!_lane.HoldsLocks)
        {
            return;
        }

        _lane.HoldsLocks = false;
        try
        {
            _lane.Execute(_sql.Cancel);
        }
#pragma warning disable CA1031 // The transaction has changed nothing, and ends with the connection.
        catch (Exception)
#pragma warning restore CA1031
        {
            _lane.Drop();
        }
    }

    private void Prune()
    {
        foreach ((ScopeEntry entry, SharedPart part) in _parts)
        {
            long version = part.Version + 1;
            if (part.Next is null || version % PruneEvery != 0 || version <= Math.Max(_keptChanges, PruneEvery))
            {
                continue;
            }

            try
            {
                _lane.Command(_sql.Prune, entry.Key, version - Math.Max(_keptChanges, PruneEvery)).ExecuteNonQuery();
            }
#pragma warning disable CA1031 // The batch is committed. The next one prunes again.
            catch (Exception)
#pragma warning restore CA1031
            {
                _lane.Drop();
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

    private T Run<T>(Func<SharedDatabase.Lane, T> work) => _database.Run(_lane, work);

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

    private sealed record LoggedBatch(Guid Scope, long Version, Guid Batch, long Revision, string? Changes);
}

/// <summary>A scope of the database that has content.</summary>
/// <param name="Scope">The scope.</param>
/// <param name="ProjectCount">The number of its projects.</param>
/// <param name="ProjectQuota">The number of projects that it may have.</param>
/// <param name="HasOwnQuota">True if the quota is its own.</param>
/// <param name="Revision">Its revision; 0 if it never had a project.</param>
internal readonly record struct ListedScope(Scope Scope, int ProjectCount, int ProjectQuota, bool HasOwnQuota, long Revision);
