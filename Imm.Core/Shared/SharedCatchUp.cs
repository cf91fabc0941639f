using System.Data.Common;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>Brings the states of scopes in memory up to what other processes have committed.</summary>
/// <remarks>Thread-safe; each caller brings its connection.</remarks>
/// <param name="sql">The statements.</param>
/// <param name="batches">Reads the entries of the log.</param>
/// <param name="defaults">The defaults of the store.</param>
/// <param name="observer">Told of each state that was brought up to date; null for nobody.</param>
internal sealed class SharedCatchUp(SharedSql sql, SharedBatch batches, ServiceDefaults defaults, IStoreObserver? observer)
{
    private ScopeTable? _scopes;

    /// <summary>Sets the table of the scopes whose states are brought up to date.</summary>
    public void Attach(ScopeTable scopes) => _scopes = scopes;

    /// <summary>Reads the versions of entries, and brings the states up to date that are not of the version in the database.</summary>
    /// <param name="lane">The connection of the caller.</param>
    /// <param name="entries">The entries, each once.</param>
    /// <returns>Those that others have changed since their states were dropped from memory.</returns>
    /// <exception cref="DatabaseException">A scope is damaged.</exception>
    public List<ScopeEntry> Run(SharedDatabase.Lane lane, IReadOnlyList<ScopeEntry> entries)
    {
        var stored = new Dictionary<Guid, (long Version, Guid Batch)>(entries.Count);
        DbCommand command = lane.Command(sql.ReadVersions, (object)entries.Select(static entry => entry.Key).ToArray());
        using (DbDataReader rows = command.ExecuteReader())
        {
            SharedSql.ReadVersionRows(rows, stored);
        }

        List<KnownState> behind = FindBehind(entries, stored, out List<ScopeEntry> dropped);
        if (behind.Count > 0)
        {
            var log = new List<LoggedBatch>();
            using (DbDataReader rows = lane.Command(sql.ReadBatches, KnownState.WriteVersions(behind)).ExecuteReader())
            {
                LoggedBatch.Read(rows, log);
            }

            ILookup<Guid, LoggedBatch> byScope = log.ToLookup(static batch => batch.Scope);
            foreach (KnownState known in behind)
            {
                Apply(lane, known, stored.GetValueOrDefault(known.Entry.Key).Version, byScope[known.Entry.Key]);
            }
        }

        return dropped;
    }

    /// <summary>
    /// Brings a state up to date: by the batches since its version where the log has them all, else by loading it anew.
    /// </summary>
    /// <param name="lane">The connection of the caller.</param>
    /// <param name="known">The state in memory.</param>
    /// <param name="stored">The version that it must have at least.</param>
    /// <param name="log">The batches of the scope from the version in memory on, in order.</param>
    /// <exception cref="FormatException">A batch is damaged.</exception>
    /// <exception cref="DatabaseException">The scope is damaged.</exception>
    public void Apply(SharedDatabase.Lane lane, in KnownState known, long stored, IEnumerable<LoggedBatch> log)
    {
        (ScopeEntry entry, ScopeState before, long version, Guid batchId) = known;
        ScopeState? state = before;
        (long next, Guid lastBatch) = (version, batchId);
        var changes = new List<PublishedChange>();
        bool isFirst = version > 0;
        foreach (LoggedBatch batch in log)
        {
            // The version of the state in memory must be of the same batch: a database that fell back may have made another of it.
            if (batch.Version != (isFirst ? version : next + 1) || (isFirst && batch.Batch != batchId))
            {
                state = null;
                break;
            }

            if (!isFirst)
            {
                state = SharedBatch.Apply(state, batches.Read(entry.Scope, batch.Changes!), batch.Revision, changes);
            }

            (next, lastBatch, isFirst) = (batch.Version, batch.Batch, false);
        }

        if (state is null || isFirst || next < stored)
        {
            changes.Clear();
            var loaded = new ScopeEntry(entry.Scope) { Key = entry.Key };
            state = Load(lane, loaded);
            (next, lastBatch) = (loaded.LastSequence, loaded.BatchId);
        }

        _scopes!.PublishLater(entry, (version, batchId), state, (next, lastBatch), changes);
        observer?.CaughtUp();
    }

    /// <summary>Loads a scope, and sets the version and batch of its entry.</summary>
    /// <exception cref="DatabaseException">The scope is damaged.</exception>
    public ScopeState Load(SharedDatabase.Lane lane, ScopeEntry entry)
    {
        var problems = new List<string>();
        using DbDataReader rows = lane.Command(sql.Load, entry.Key).ExecuteReader();
        ScopeState state = SharedLoader.Load(rows, entry, ScopeState.Empty(entry.Scope, defaults), problems.Add);
        return problems.Count == 0
            ? state
            : throw new DatabaseException(ImmUnavailableReason.Damaged, problems[0]);
    }

    /// <summary>Finds the entries whose states in memory are not those of the versions in the database.</summary>
    private static List<KnownState> FindBehind(
        IReadOnlyList<ScopeEntry> entries, Dictionary<Guid, (long Version, Guid Batch)> stored, out List<ScopeEntry> dropped)
    {
        var behind = new List<KnownState>();
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
                    behind.Add(new KnownState(entry, state, entry.LastSequence, entry.BatchId));
                }
                else
                {
                    dropped.Add(entry);
                }
            }
        }

        return behind;
    }
}

/// <summary>The state of a scope in memory, at one moment.</summary>
/// <param name="Entry">The entry of the scope.</param>
/// <param name="State">The state.</param>
/// <param name="Version">Its version.</param>
/// <param name="Batch">The batch that made the version.</param>
internal readonly record struct KnownState(ScopeEntry Entry, ScopeState State, long Version, Guid Batch)
{
    /// <summary>Writes the versions as <see cref="SharedSql.ReadBatches"/> takes them.</summary>
    public static string WriteVersions(IEnumerable<KnownState> states) =>
        SharedSql.WriteVersions(states.Select(static it => (it.Entry.Key, it.Version)));
}

/// <summary>A batch of a scope in the log.</summary>
/// <param name="Scope">The key of the scope.</param>
/// <param name="Version">The version that it made.</param>
/// <param name="Batch">The id of the batch.</param>
/// <param name="Revision">The revision of the scope after it.</param>
/// <param name="Changes">What it changed, as JSON; null for the batch that made the version in memory.</param>
internal sealed record LoggedBatch(Guid Scope, long Version, Guid Batch, long Revision, string? Changes)
{
    /// <summary>Reads the result of <see cref="SharedSql.ReadBatches"/>.</summary>
    public static void Read(DbDataReader rows, List<LoggedBatch> log)
    {
        while (rows.Read())
        {
            log.Add(new LoggedBatch(
                rows.GetGuid(0), rows.GetInt64(1), rows.GetGuid(2), rows.GetInt64(3), rows.IsDBNull(4) ? null : rows.GetString(4)));
        }
    }
}
