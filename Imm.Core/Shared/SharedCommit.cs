using System.Data.Common;
using Imm.Core.Commit;

namespace Imm.Core.Shared;

/// <summary>Commits parts of batches on a connection, and finds out what became of those whose commit has failed.</summary>
/// <remarks>One thread uses it at a time, while the commit lock is held.</remarks>
internal sealed class SharedCommit : IDisposable
{
    private readonly SharedDatabase _database;
    private readonly SharedSql _sql;
    private readonly SharedStatements _statements;
    private readonly SharedDoubt _doubt;

    // Of all attempts to commit a batch: locks and questions about a doubt may succeed in between.
    private SharedDatabase.Retry _retry;

    /// <param name="database">The database.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="newId">Makes the ids of batches.</param>
    public SharedCommit(SharedDatabase database, SharedSql sql, Func<Guid> newId)
    {
        _database = database;
        _sql = sql;
        _statements = new SharedStatements(sql);
        Lane = new SharedDatabase.Lane(database).Keep();
        _doubt = new SharedDoubt(database, Lane, sql, newId);
        _retry = new SharedDatabase.Retry(database);
    }

    /// <summary>The connection.</summary>
    public SharedDatabase.Lane Lane { get; }

    /// <summary>Makes the rows of scopes that may have none.</summary>
    /// <exception cref="DatabaseException">The database does not answer, or refuses.</exception>
    public void AddScopes(IEnumerable<ScopeEntry> entries)
    {
        ScopeEntry[] some = [.. entries];
        if (some.Length > 0)
        {
            (string sql, object[] values) = _statements.AddScopes(some);
            _database.Run(Lane, lane => lane.Command(sql, values).ExecuteNonQuery());
        }
    }

    /// <summary>Commits parts of a batch, and notes those that are confirmed.</summary>
    /// <param name="parts">The parts, at least one.</param>
    /// <param name="batchId">The id of the batch.</param>
    /// <param name="refuseWaiting">Refuses the writes that wait, when the outcome is in doubt for longer than the patience.</param>
    /// <returns>True if the scopes were locked before, so that nobody else can have changed what is not confirmed.</returns>
    /// <exception cref="DatabaseException">The database does not answer, or refuses.</exception>
    public bool Run(Dictionary<ScopeEntry, SharedPart> parts, Guid batchId, Action<ImmRefusal> refuseWaiting)
    {
        (string Sql, object[] Values) statement = _statements.Commit(parts, batchId, Lane.HoldsLocks);
        bool changes = parts.Values.Any(static part => part.Next is not null);
        while (true)
        {
            bool isSent = false;
            try
            {
                // Where no connection can be opened, nothing was sent, and so nothing is in doubt.
                _ = Lane.Connection;
                isSent = true;
                bool wereLocked = Lane.HoldsLocks;
                Send(statement, parts);
                _database.Succeeded();
                Forget();
                return wereLocked;
            }
#pragma warning disable CA1031 // Whatever the cause, the outcome must be found out.
            catch (Exception e)
#pragma warning restore CA1031
            {
                bool wereLocked = Lane.HoldsLocks;
                Lane.Drop();
                bool isInDoubt = changes && isSent && DatabaseException.IsInDoubt(e);
                bool isToRepeat = _retry.TryPause(e);
                if (isInDoubt)
                {
                    // Each part is confirmed then, or lost for good: lost ones are decided again on a later version, while there is time.
                    _doubt.Resolve(parts, batchId, refuseWaiting);
                    if (isToRepeat || parts.Values.Any(static part => part.IsConfirmed))
                    {
                        return false;
                    }
                }

                if (!isToRepeat)
                {
                    throw DatabaseException.Of(e);
                }

                if (wereLocked)
                {
                    // The lock went with the transaction, and so others may have been first.
                    return false;
                }
            }
        }
    }

    /// <summary>Forgets the failures of a batch that is given up.</summary>
    public void Forget() => _retry = new SharedDatabase.Retry(_database);

    /// <summary>Ends a transaction that holds locks and has changed nothing.</summary>
    public void Unlock()
    {
        if (!Lane.HoldsLocks)
        {
            return;
        }

        Lane.HoldsLocks = false;
        try
        {
            Lane.Execute(_sql.Cancel);
        }
#pragma warning disable CA1031 // The transaction has changed nothing, and ends with the connection.
        catch (Exception)
#pragma warning restore CA1031
        {
            Lane.Drop();
        }
    }

    /// <summary>Deletes the batches of a scope up to a version, where they are old; false where that fails.</summary>
    public bool TryPrune(ScopeEntry entry, long version)
    {
        try
        {
            Lane.Command(_sql.Prune, entry.Key, version).ExecuteNonQuery();
            return true;
        }
#pragma warning disable CA1031 // Nothing depends on it: a later version prunes again.
        catch (Exception)
#pragma warning restore CA1031
        {
            Lane.Drop();
            return false;
        }
    }

    public void Dispose()
    {
        Lane.Dispose();
        _statements.Dispose();
    }

    private void Send((string Sql, object[] Values) statement, Dictionary<ScopeEntry, SharedPart> parts)
    {
        if (!Lane.HoldsLocks)
        {
            using DbDataReader rows = Lane.Command(statement.Sql, statement.Values).ExecuteReader();
            Confirm(rows, parts);
            return;
        }

        DbBatch statements = Lane.Batch(statement, (_sql.End, []));
        using (DbDataReader rows = statements.ExecuteReader())
        {
            Confirm(rows, parts);
            rows.NextResult();
        }

        Lane.HoldsLocks = false;
    }

    private static void Confirm(DbDataReader rows, Dictionary<ScopeEntry, SharedPart> parts)
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

        foreach ((ScopeEntry entry, SharedPart part) in parts)
        {
            part.IsConfirmed = confirmed.Contains(entry.Key);
        }
    }
}
