using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>Describes requests in the record of calls.</summary>
internal static class RequestText
{
    /// <summary>Lists the fields of a request that are set, except for the names of project and dataset.</summary>
    public static string Describe(ImmOperation operation, object? request) => string.Join(
        ", ",
        Fields(operation, request).Where(field => field.Value is not null).Select(field => $"{field.Name}: {DescribeValue(field.Value!)}"));

    private static IEnumerable<(string Name, object? Value)> Fields(ImmOperation operation, object? request) => request switch
    {
        ProjectRequest project =>
        [
            ("Description", project.Description), ("ServiceRole", project.ServiceRole), ("TemplateId", project.TemplateId),
            .. Limits(project.Limits, Limit.OfProject), ("Tag", project.Tag),
            ("ExpectedRevision", (project as UpdateProjectRequest)?.ExpectedRevision),
        ],
        DatasetRequest dataset =>
        [
            ("Description", dataset.Description), ("TemplateId", dataset.TemplateId), .. Limits(dataset.Limits, Limit.OfDataset),
            ("ExpectedRevision", (dataset as UpdateDatasetRequest)?.ExpectedRevision),
        ],
        ListProjectsRequest list =>
            [("MaxResults", list.MaxResults), ("NextToken", list.NextToken), ("Prefix", list.Prefix), ("Tag", list.Tag)],
        ListDatasetsRequest list => [("MaxResults", list.MaxResults), ("NextToken", list.NextToken), ("Prefix", list.Prefix)],
        ListBindingsRequest list => [("MaxResults", list.MaxResults), ("NextToken", list.NextToken), ("Name", list.Name)],
        IReadOnlyList<FileChange> changes => changes.Select(change => (Name(change, changes.Count), (object?)Files(change))),
        AttachOssBucketRequest attach => [("OSSBucket", attach.OssBucket), ("Description", attach.Description)],
        ListAttachedOssBucketsRequest list => [("MaxResults", list.MaxResults), ("NextToken", list.NextToken)],
        string text => [(NameOfText(operation), text)],
        _ => [],
    };

    private static string NameOfText(ImmOperation operation) => operation switch
    {
        ImmOperation.DetachOssBucket or ImmOperation.GetOssBucketAttachment => OssBucketAttachment.BucketParameter,
        ImmOperation.ListRegions => ListRegions.Parameter,
        _ => Binding.UriParameter,
    };

    private static (string Name, object? Value)[] Limits(in LimitSet<long?> requested, ReadOnlySpan<Limit> limits)
    {
        var fields = new (string, object?)[limits.Length];
        for (int i = 0; i < fields.Length; i++)
        {
            fields[i] = (limits[i].Name, requested[limits[i]]);
        }

        return fields;
    }

    private static string Name(FileChange? change, int count) => count == 1 ? "Files" : $"{change?.ProjectName}/{change?.DatasetName}";

    private static string[] Files(FileChange? change) => change is null
        ? []
        :
        [
            string.Create(CultureInfo.InvariantCulture, $"{change.FileCount} files"),
            string.Create(CultureInfo.InvariantCulture, $"{change.TotalFileSize} bytes"),
        ];

    private static string DescribeValue(object value) => value switch
    {
        string text => $"\"{text}\"",
        IReadOnlyList<object?> list => $"[{string.Join(", ", list)}]",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
