using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>Writes the content of a store as JSON: the form of snapshots, exports and imports.</summary>
internal static class SnapshotWriter
{
    /// <summary>The format, the value of the first field.</summary>
    public const string Format = "imm-core-snapshot/1";

    private const int BytesAtOnce = 1 << 16;

    /// <summary>Writes a snapshot to a stream, piece by piece.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="projectQuota">The project quota of the scopes that have none of their own.</param>
    /// <param name="utcTicks">The time on the clock of the store.</param>
    /// <param name="scopes">The scopes, enumerated once.</param>
    /// <param name="cancellationToken">Cancels the writing.</param>
    public static async Task WriteAsync(
        Stream stream, int projectQuota, long utcTicks, IEnumerable<ScopeState> scopes, CancellationToken cancellationToken)
    {
        DocumentWriter document = DocumentWriter.BeginIndented();
        foreach (bool isEnd in Write(document, projectQuota, utcTicks, scopes))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (isEnd || document.WaitingBytes >= BytesAtOnce)
            {
                await document.WriteToAsync(stream, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Writes a snapshot as a text.</summary>
    /// <inheritdoc cref="WriteAsync" path="/param"/>
    public static string Write(int projectQuota, long utcTicks, IEnumerable<ScopeState> scopes)
    {
        DocumentWriter document = DocumentWriter.BeginIndented();
        foreach (bool _ in Write(document, projectQuota, utcTicks, scopes))
        {
        }

        return document.End();
    }

    /// <summary>Sorts scopes in the order in which they are written: ordinally by account, then region.</summary>
    public static ScopeState[] Sort(IEnumerable<ScopeState> scopes) => [.. scopes.OrderBy(static state => state.Scope, Scope.Order)];

    /// <summary>Writes the document in steps of one project; true at the end.</summary>
    private static IEnumerable<bool> Write(DocumentWriter document, int projectQuota, long utcTicks, IEnumerable<ScopeState> scopes)
    {
        document.Json.WriteStartObject();
        document.WriteText("Format"u8, Format);
        document.WriteTime("Time"u8, utcTicks);
        document.Json.WriteNumber("ProjectQuota"u8, projectQuota);
        document.Json.WriteStartArray("Scopes"u8);
        foreach (ScopeState state in scopes)
        {
            WriteHead(document, state);
            foreach (Project project in state.Projects.After(null))
            {
                WriteProject(document, project);
                yield return false;
            }

            document.Json.WriteEndArray();
            document.Json.WriteEndObject();
        }

        document.Json.WriteEndArray();
        document.Json.WriteEndObject();
        yield return true;
    }

    private static void WriteHead(DocumentWriter document, ScopeState state)
    {
        document.Json.WriteStartObject();
        document.WriteText("AccountId"u8, state.Scope.AccountId);
        document.WriteText("RegionId"u8, state.Scope.RegionId);
        if (state.OwnProjectQuota is { } quota)
        {
            document.Json.WriteNumber("ProjectQuota"u8, quota);
        }

        document.Json.WriteNumber("Revision"u8, state.Revision);
        document.Json.WriteStartArray("Projects"u8);
    }

    private static void WriteProject(DocumentWriter document, Project project)
    {
        document.Json.WriteStartObject();
        document.WriteFields(project);
        document.Json.WriteNumber("Revision"u8, project.Revision);
        document.Json.WriteStartArray("Datasets"u8);
        foreach (DatasetEntry entry in project.Datasets.After(null))
        {
            document.Json.WriteStartObject();
            document.WriteFields(entry.Dataset);
            document.Json.WriteNumber("Revision"u8, entry.Dataset.Revision);
            document.WriteArray("Bindings"u8, entry.Bindings, WriteBinding);
            document.Json.WriteEndObject();
        }

        document.Json.WriteEndArray();
        if (project.Attachments.Count > 0)
        {
            document.Json.WriteStartArray("AttachedOSSBuckets"u8);
            foreach (OssBucketAttachment attachment in project.Attachments.After(null))
            {
                document.Json.WriteStartObject();
                document.WriteText("OSSBucket"u8, attachment.OssBucket);
                document.WriteText("Description"u8, attachment.Description);
                document.WriteTime("CreateTime"u8, attachment.CreateTicks);
                document.Json.WriteEndObject();
            }

            document.Json.WriteEndArray();
        }

        document.Json.WriteEndObject();
    }

    private static void WriteBinding(DocumentWriter document, Binding binding)
    {
        document.Json.WriteStartObject();
        document.WriteText("URI"u8, binding.Uri);
        document.WriteTime("CreateTime"u8, binding.CreateTicks);
        document.Json.WriteEndObject();
    }
}
