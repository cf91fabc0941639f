using System.Buffers;
using System.Text;
using System.Text.Json;
using Imm.Core.Commit;

namespace Imm.Core.Shared;

/// <summary>Makes the statements that commit batches. One thread uses it at a time.</summary>
internal sealed class SharedStatements : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);
    private readonly Utf8JsonWriter _json;
    private readonly string _addScopes;
    private readonly string[] _commits;
    private readonly string[] _lockingCommits;
    private readonly string[] _commitsOfOne;

    /// <param name="sql">The statements.</param>
    public SharedStatements(SharedSql sql)
    {
        const SharedEffects All = SharedEffects.Updates | SharedEffects.Deletes;
        SharedEffects[] effects = [.. Enumerable.Range(0, (int)All + 1).Select(static effects => (SharedEffects)effects)];
        _json = new Utf8JsonWriter(_buffer, SharedRecords.WriterOptions);
        _addScopes = sql.AddScopes;
        _commits = Array.ConvertAll(effects, one => sql.Commit(one, locks: false));
        _lockingCommits = Array.ConvertAll(effects, one => sql.Commit(one, locks: true));
        _commitsOfOne = Array.ConvertAll(effects, sql.CommitOne);
    }

    /// <summary>Makes the statement that commits a batch.</summary>
    /// <param name="parts">The parts of the batch.</param>
    /// <param name="batchId">The id of the batch.</param>
    /// <param name="areLocked">True if the scopes are locked already.</param>
    public (string Sql, object[] Values) Commit(Dictionary<ScopeEntry, SharedPart> parts, Guid batchId, bool areLocked)
    {
        if (parts.Count == 1 && parts.Single() is { Value: { Next: { } next } only } one)
        {
            var ofOne = SharedEffects.None;
            string changes = Write(() => ofOne = SharedBatch.Write(_json, only.Changes));
            return (
                _commitsOfOne[(int)ofOne],
                [
                    one.Key.Key, only.Version, only.Batch, batchId,
                    next.Revision, next.OwnProjectQuota ?? SharedSql.NoQuota, next.ProjectCount, changes,
                ]);
        }

        (SharedEffects effects, int changed) = (SharedEffects.None, 0);
        string text = Write(() =>
        {
            _json.WriteStartArray();
            foreach ((ScopeEntry entry, SharedPart part) in parts)
            {
                effects |= part.Write(_json, entry.Key, part.Next, part.Changes);
                changed += part.Next is null ? 0 : 1;
            }

            _json.WriteEndArray();
        });
        return ((changed > 1 && !areLocked ? _lockingCommits : _commits)[(int)effects], [text, batchId]);
    }

    /// <summary>Makes the statement that makes the rows of scopes that may have none.</summary>
    public (string Sql, object[] Values) AddScopes(IEnumerable<ScopeEntry> entries) => (_addScopes,
    [
        Write(() =>
        {
            _json.WriteStartArray();
            foreach (ScopeEntry entry in entries)
            {
                _json.WriteStartObject();
                _json.WriteString("scope"u8, entry.Key);
                _json.WriteString("account"u8, entry.Scope.AccountId);
                _json.WriteString("region"u8, entry.Scope.RegionId);
                _json.WriteEndObject();
            }

            _json.WriteEndArray();
        }),
    ]);

    public void Dispose() => _json.Dispose();

    private string Write(Action write)
    {
        _buffer.ResetWrittenCount();
        _json.Reset();
        write();
        _json.Flush();
        return Encoding.UTF8.GetString(_buffer.WrittenSpan);
    }
}
