using System.Buffers;
using System.Data.Common;
using System.Text;
using System.Text.Json;
using Imm.Core.Commit;

namespace Imm.Core.Shared;

/// <summary>Finds out whether a batch was committed whose commit has lost its connection. Caller must hold the commit lock.</summary>
/// <param name="database">The database.</param>
/// <param name="lane">The connection of the commits.</param>
/// <param name="sql">The statements.</param>
/// <param name="newId">Makes the ids of batches.</param>
internal sealed class SharedDoubt(SharedDatabase database, SharedDatabase.Lane lane, SharedSql sql, Func<Guid> newId)
{
    private readonly string _block = sql.Commit(SharedEffects.None, locks: false);

    /// <summary>
    /// Finds out which parts of a batch were committed, and confirms those. Does not end before that is known, or the store is closed.
    /// </summary>
    /// <param name="parts">The parts.</param>
    /// <param name="batchId">The id of the batch.</param>
    /// <param name="refuseWaiting">Refuses the writes that wait, when this takes longer than the patience; null for nothing.</param>
    /// <exception cref="DatabaseException">
    /// The store was closed, or the tables upgraded, before the outcome was known, or it cannot be known any more.
    /// </exception>
    public void Resolve(IReadOnlyDictionary<ScopeEntry, SharedPart> parts, Guid batchId, Action<ImmRefusal>? refuseWaiting)
    {
        var retry = new SharedDatabase.Retry(database);
        while (true)
        {
            try
            {
                Look(parts, batchId);
                database.Succeeded();
                return;
            }
            catch (DatabaseException e) when (e.IsOutcomeUnknown)
            {
                lane.Drop();
                throw;
            }
#pragma warning disable CA1031 // The next attempt may find out.
            catch (Exception e)
#pragma warning restore CA1031
            {
                lane.Drop();
                if (!retry.TryPause(e))
                {
                    DatabaseException cause = DatabaseException.Of(e);
                    bool isUpgraded = cause.Reason == ImmUnavailableReason.NewerFormat;
                    if (isUpgraded || database.IsClosing)
                    {
                        throw new DatabaseException(
                            cause.Reason,
                            "The connection was lost while the change was committed, and the "
                            + $"{(isUpgraded ? "tables were upgraded" : "store was closed")} before the database could tell the outcome. "
                            + cause.Message,
                            e)
                        {
                            IsOutcomeUnknown = true,
                        };
                    }

                    refuseWaiting?.Invoke(ImmRefusal.Unavailable(cause.Reason, cause.Message, cause));
                    retry.Pause();
                }
            }
        }
    }

    /// <summary>Looks for the batch, and makes sure that what is not there cannot come any more.</summary>
    private void Look(IReadOnlyDictionary<ScopeEntry, SharedPart> parts, Guid batchId)
    {
        var changed = parts.Where(static part => part.Value.Next is not null && !part.Value.IsResolved).ToList();
        if (changed.Count == 0)
        {
            return;
        }

        object keys = changed.Select(static part => part.Key.Key).ToArray();
        string versions = SharedSql.WriteVersions(changed.Select(static part => (part.Key.Key, part.Value.Version + 1)));
        var stored = new Dictionary<Guid, (long Version, Guid Batch)>();
        var found = new Dictionary<Guid, Guid>();
        DbBatch batch = lane.Batch((sql.Begin, []), (sql.LockVersions, [keys]), (sql.FindBatches, [versions]));
        using (DbDataReader rows = batch.ExecuteReader())
        {
            SharedSql.ReadVersionRows(rows, stored);
            rows.NextResult();
            while (rows.Read())
            {
                found[rows.GetGuid(0)] = rows.GetGuid(1);
            }
        }

        if (changed.Exists(part =>
            !found.ContainsKey(part.Key.Key) && stored.GetValueOrDefault(part.Key.Key).Version > part.Value.Version))
        {
            // Others have made so many changes since then that the log has lost the one that would tell.
            throw new DatabaseException(
                ImmUnavailableReason.DatabaseUnreachable,
                "The connection was lost while the change was committed, for so long that the log does not tell the outcome any more. "
                + "The change may have been made.")
            {
                IsOutcomeUnknown = true,
            };
        }

        var missing = changed
            .Where(part => stored.GetValueOrDefault(part.Key.Key) == (part.Value.Version, part.Value.Batch)).ToList();
        if (missing.Count > 0)
        {
            lane.Batch((_block, [WriteEmpty(missing), newId()]), (sql.End, [])).ExecuteNonQuery();
        }
        else
        {
            lane.Execute(sql.Cancel);
        }

        foreach ((ScopeEntry entry, SharedPart part) in changed)
        {
            part.IsConfirmed = found.GetValueOrDefault(entry.Key) == batchId;
            part.IsResolved = true;
        }
    }

    /// <summary>
    /// Writes an empty batch, which takes the version of each part: what was sent before and may still arrive is refused then.
    /// </summary>
    private static string WriteEmpty(List<KeyValuePair<ScopeEntry, SharedPart>> parts)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, SharedRecords.WriterOptions))
        {
            json.WriteStartArray();
            foreach ((ScopeEntry entry, SharedPart part) in parts)
            {
                part.Write(json, entry.Key, part.Base, []);
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
