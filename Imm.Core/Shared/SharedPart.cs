using System.Text.Json;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>The part of a batch in one scope.</summary>
/// <param name="state">The state that was decided on.</param>
/// <param name="version">Its version.</param>
/// <param name="batch">The batch that made that version.</param>
internal sealed class SharedPart(ScopeState state, long version, Guid batch)
{
    public ScopeState Base => state;

    public long Version => version;

    public Guid Batch => batch;

    /// <summary>The state after the batch; null where it changes nothing in the scope.</summary>
    public ScopeState? Next { get; set; }

    public List<Change> Changes { get; } = [];

    /// <summary>True if the version was found in the database, and what was changed is committed.</summary>
    public bool IsConfirmed { get; set; }

    /// <summary>True if it is known for good, after a doubt, whether the part was committed.</summary>
    public bool IsResolved { get; set; }

    /// <summary>The failure for which the part was not committed, so that its writes are refused; null for none.</summary>
    public DatabaseException? Failure { get; private set; }

    /// <summary>Notes the failure of parts, those excepted that are committed.</summary>
    public static void Fail(IEnumerable<SharedPart> parts, DatabaseException failure)
    {
        foreach (SharedPart part in parts)
        {
            part.Failure = part.IsConfirmed ? null : failure;
        }
    }

    /// <summary>Writes what a commit makes of the scope.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="key">The key of the scope.</param>
    /// <param name="next">The state after it; null where it only confirms the version.</param>
    /// <param name="changes">The changes to that state.</param>
    /// <returns>The effects on the records.</returns>
    public SharedEffects Write(Utf8JsonWriter json, Guid key, ScopeState? next, List<Change> changes)
    {
        var effects = SharedEffects.None;
        json.WriteStartObject();
        json.WriteString("scope"u8, key);
        json.WriteNumber("version"u8, version);
        json.WriteString("batch"u8, batch);
        if (next is not null)
        {
            json.WriteNumber("revision"u8, next.Revision);
            if (next.OwnProjectQuota is { } quota)
            {
                json.WriteNumber("quota"u8, quota);
            }

            json.WriteNumber("projects"u8, next.ProjectCount);
            json.WritePropertyName("changes"u8);
            effects = SharedBatch.Write(json, changes);
        }

        json.WriteEndObject();
        return effects;
    }
}
