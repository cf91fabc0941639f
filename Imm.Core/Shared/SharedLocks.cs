using System.Data.Common;
using System.Runtime.InteropServices;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>Locks the scopes of a batch before it is decided. Caller must hold the commit lock.</summary>
/// <remarks>
/// Scopes that another process has locked are left for a later batch. After some turns, or where the batch has no other scope, they are
/// waited for: in the order of their keys, and before any other is locked, so that no two processes wait for each other.
/// </remarks>
/// <param name="sql">The statements.</param>
/// <param name="catchUp">Brings the states of locked scopes up to date.</param>
internal sealed class SharedLocks(SharedSql sql, SharedCatchUp catchUp)
{
    /// <summary>The number of turns for which a scope is left that another process has locked. Then it is waited for.</summary>
    private const int MaxTurnsLeft = 3;

    // By scope: an entry may be removed and made anew meanwhile.
    private readonly Dictionary<Scope, int> _turnsLeft = [];

    /// <summary>
    /// Locks scopes that have rows in a transaction that stays open, and brings their states up to date.
    /// </summary>
    /// <param name="lane">The connection of the commits.</param>
    /// <param name="entries">The entries of the scopes, at least one.</param>
    /// <param name="damaged">Takes each scope that is damaged: its state is not up to date.</param>
    /// <param name="areBehind">True if others have changed one of the scopes.</param>
    /// <returns>Those that are locked, at least one.</returns>
    public List<ScopeEntry> LockAndCatchUp(
        SharedDatabase.Lane lane, ScopeEntry[] entries, Action<Scope, DatabaseException> damaged, out bool areBehind)
    {
        Guid[] awaited =
        [
            .. entries.Where(entry => entries.Length == 1 || _turnsLeft.GetValueOrDefault(entry.Scope) == MaxTurnsLeft)
                .Select(static entry => entry.Key),
        ];
        Guid[] others = [.. entries.Select(static entry => entry.Key).Except(awaited)];
        List<KnownState> known = StatesOf(entries);
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
                _turnsLeft.Remove(entry.Scope);
            }
            else
            {
                _turnsLeft[entry.Scope] = Math.Min(MaxTurnsLeft, _turnsLeft.GetValueOrDefault(entry.Scope) + 1);
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
        areBehind = known.Count > 0;
        ILookup<Guid, LoggedBatch> byScope = log.ToLookup(static batch => batch.Scope);
        foreach (KnownState state in known)
        {
            Guid key = state.Entry.Key;
            try
            {
                catchUp.Apply(lane, state, stored.GetValueOrDefault(key).Version, byScope[key]);
            }
            catch (Exception e) when (e is FormatException or DatabaseException { Reason: ImmUnavailableReason.Damaged })
            {
                // The damage of one scope is none of the others'. Its own changes cannot be decided.
                damaged(state.Entry.Scope, DatabaseException.Of(e));
            }
        }

        return locked;
    }

    private static List<KnownState> StatesOf(ScopeEntry[] entries)
    {
        var known = new List<KnownState>(entries.Length);
        foreach (ScopeEntry entry in entries)
        {
            using (Uninterruptible.Enter(entry))
            {
                if (entry.Published is { } state)
                {
                    known.Add(new KnownState(entry, state, entry.LastSequence, entry.BatchId));
                }
            }
        }

        return known;
    }

    /// <summary>
    /// Locks scopes in one round trip, reads the versions of those that are locked, and the batches since the versions in memory.
    /// </summary>
    private void Lock(
        SharedDatabase.Lane lane,
        bool begins,
        Guid[] awaited,
        Guid[] others,
        List<KnownState> known,
        Dictionary<Guid, (long Version, Guid Batch)> stored,
        List<LoggedBatch> log)
    {
        List<(string Sql, object[] Values)> statements = begins ? [(sql.Begin, [])] : [];
        if (awaited.Length > 0)
        {
            statements.Add((sql.LockVersions, [awaited]));
        }

        if (others.Length > 0)
        {
            statements.Add((sql.LockFreeVersions, [others]));
        }

        statements.Add((sql.ReadBatches, [KnownState.WriteVersions(known)]));
        using DbDataReader rows = lane.Batch(CollectionsMarshal.AsSpan(statements)).ExecuteReader();
        for (int i = statements.Count - (begins ? 2 : 1); i > 0; i--)
        {
            SharedSql.ReadVersionRows(rows, stored);
            rows.NextResult();
        }

        LoggedBatch.Read(rows, log);
    }
}
