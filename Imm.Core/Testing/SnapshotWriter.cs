using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>Writes snapshots as JSON.</summary>
internal static class SnapshotWriter
{
    public static string Write(SnapshotContent snapshot)
    {
        DocumentWriter document = DocumentWriter.BeginIndented();
        document.Json.WriteStartObject();
        document.WriteText("Format"u8, SnapshotDocument.CurrentFormat);
        document.WriteTime("Time"u8, snapshot.Time.UtcTicks);
        document.Json.WriteNumber("ProjectQuota"u8, snapshot.ProjectQuota);
        ScopeState[] scopes =
        [
            .. snapshot.Image.Values
                .OrderBy(state => state.Scope.AccountId, StringComparer.Ordinal)
                .ThenBy(state => state.Scope.RegionId, StringComparer.Ordinal),
        ];
        document.WriteArray("Scopes"u8, scopes, WriteScope);
        document.Json.WriteEndObject();
        return document.End();
    }

    private static void WriteScope(DocumentWriter document, ScopeState state)
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
        foreach (Project project in state.Projects.After(null))
        {
            WriteProject(document, project);
        }

        document.Json.WriteEndArray();
        document.Json.WriteEndObject();
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
