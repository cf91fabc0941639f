using System.Text.Json;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>Writes snapshots as JSON.</summary>
internal static class SnapshotWriter
{
    public const string Format = "imm-core-snapshot/1";

    public static string Write(ImmSnapshot snapshot) => JsonSerializer.Serialize(
        new SnapshotDocument
        {
            Format = Format,
            Time = WireTime.Write(snapshot.Time.UtcTicks, TimeSpan.Zero),
            ProjectQuota = snapshot.ProjectQuota,
            Scopes =
            [
                .. snapshot.Image.Values
                    .OrderBy(state => state.Scope.AccountId, StringComparer.Ordinal)
                    .ThenBy(state => state.Scope.RegionId, StringComparer.Ordinal)
                    .Select(ToDocument),
            ],
        },
        SnapshotJsonContext.Instance.SnapshotDocument);

    private static ScopeDocument ToDocument(ScopeState state)
    {
        var projects = new List<ProjectWithDatasets>(state.ProjectCount);
        foreach (Project project in state.Projects.After(null))
        {
            projects.Add(ToDocument(project));
        }

        return new ScopeDocument
        {
            AccountId = state.Scope.AccountId,
            RegionId = state.Scope.RegionId,
            ProjectQuota = state.OwnProjectQuota,
            Projects = [.. projects],
        };
    }

    private static ProjectWithDatasets ToDocument(Project project)
    {
        var document = new ProjectWithDatasets();
        ProjectReader.Fill(document, project, TimeSpan.Zero);
        var datasets = new List<DatasetDocument>(project.Datasets.Count);
        foreach (DatasetEntry dataset in project.Datasets.After(null))
        {
            datasets.Add(ToDocument(dataset));
        }

        document.Datasets = [.. datasets];
        return document;
    }

    private static DatasetDocument ToDocument(DatasetEntry entry) => new()
    {
        DatasetName = entry.Dataset.DatasetName,
        TemplateId = entry.Dataset.TemplateId,
        CreateTime = WireTime.Write(entry.Dataset.CreateTicks, TimeSpan.Zero),
        UpdateTime = WireTime.Write(entry.Dataset.UpdateTicks, TimeSpan.Zero),
        Description = entry.Dataset.Description,
        DatasetMaxBindCount = entry.Dataset.DatasetMaxBindCount,
        DatasetMaxFileCount = entry.Dataset.DatasetMaxFileCount,
        DatasetMaxEntityCount = entry.Dataset.DatasetMaxEntityCount,
        DatasetMaxRelationCount = entry.Dataset.DatasetMaxRelationCount,
        DatasetMaxTotalFileSize = entry.Dataset.DatasetMaxTotalFileSize,
        BindCount = entry.Dataset.BindCount,
        FileCount = entry.Dataset.FileCount,
        TotalFileSize = entry.Dataset.TotalFileSize,
        Bindings =
        [
            .. entry.Bindings.Select(binding => new BindingDocument
            {
                Uri = binding.Uri,
                CreateTime = WireTime.Write(binding.CreateTicks, TimeSpan.Zero),
            }),
        ],
    };
}
