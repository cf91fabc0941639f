using System.Globalization;

namespace Imm.Core.Testing;

/// <summary>Shows requests in the line of a call.</summary>
internal static class RequestText
{
    /// <summary>The fields of a request that are set, but for the names of project and dataset.</summary>
    public static string Describe(object? request) => string.Join(", ", (request switch
    {
        CreateProjectRequest create => Project(
            create.Description, create.ServiceRole, create.TemplateId, create.ProjectMaxDatasetCount, create.DatasetMaxBindCount,
            create.DatasetMaxFileCount, create.DatasetMaxEntityCount, create.DatasetMaxRelationCount,
            create.DatasetMaxTotalFileSize, create.Tag),
        UpdateProjectRequest update => Project(
            update.Description, update.ServiceRole, update.TemplateId, update.ProjectMaxDatasetCount, update.DatasetMaxBindCount,
            update.DatasetMaxFileCount, update.DatasetMaxEntityCount, update.DatasetMaxRelationCount,
            update.DatasetMaxTotalFileSize, update.Tag),
        CreateDatasetRequest create => Dataset(
            create.Description, create.TemplateId, create.DatasetMaxBindCount, create.DatasetMaxFileCount, create.DatasetMaxEntityCount,
            create.DatasetMaxRelationCount, create.DatasetMaxTotalFileSize),
        UpdateDatasetRequest update => Dataset(
            update.Description, update.TemplateId, update.DatasetMaxBindCount, update.DatasetMaxFileCount, update.DatasetMaxEntityCount,
            update.DatasetMaxRelationCount, update.DatasetMaxTotalFileSize),
        ListProjectsRequest list =>
            [("MaxResults", list.MaxResults), ("NextToken", list.NextToken), ("Prefix", list.Prefix), ("Tag", list.Tag)],
        ListDatasetsRequest list => [("MaxResults", list.MaxResults), ("NextToken", list.NextToken), ("Prefix", list.Prefix)],
        IReadOnlyList<FileChange> changes => changes.Select(change => (Name(change, changes.Count), (object?)Files(change))),
        string uri => [("URI", uri)],
        _ => Enumerable.Empty<(string, object?)>(),
    }).Where(field => field.Item2 is not null).Select(field => $"{field.Item1}: {Show(field.Item2!)}"));

    private static (string Name, object? Value)[] Project(
        string? description,
        string? serviceRole,
        string? templateId,
        long? datasets,
        long? bindings,
        long? files,
        long? entities,
        long? relations,
        long? bytes,
        IReadOnlyList<Tag>? tags) =>
    [
        ("Description", description), ("ServiceRole", serviceRole), ("TemplateId", templateId), ("ProjectMaxDatasetCount", datasets),
        .. Limits(bindings, files, entities, relations, bytes), ("Tag", tags),
    ];

    private static (string Name, object? Value)[] Dataset(
        string? description, string? templateId, long? bindings, long? files, long? entities, long? relations, long? bytes) =>
        [("Description", description), ("TemplateId", templateId), .. Limits(bindings, files, entities, relations, bytes)];

    private static (string Name, object? Value)[] Limits(long? bindings, long? files, long? entities, long? relations, long? bytes) =>
    [
        ("DatasetMaxBindCount", bindings), ("DatasetMaxFileCount", files), ("DatasetMaxEntityCount", entities),
        ("DatasetMaxRelationCount", relations), ("DatasetMaxTotalFileSize", bytes),
    ];

    private static string Name(FileChange? change, int count) => count == 1 ? "Files" : $"{change?.ProjectName}/{change?.DatasetName}";

    private static IReadOnlyList<object> Files(FileChange? change) =>
        change is null
            ? []
            :
            [
                string.Create(CultureInfo.InvariantCulture, $"{change.FileCount} files"),
                string.Create(CultureInfo.InvariantCulture, $"{change.TotalFileSize} bytes"),
            ];

    private static string Show(object value) => value switch
    {
        string text => $"\"{text}\"",
        IReadOnlyList<object?> list => $"[{string.Join(", ", list)}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
