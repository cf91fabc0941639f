using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>Reads projects from documents, under the rules of a request.</summary>
internal static class DocumentReader
{
    private static readonly ProjectCapacity DefaultCapacity = new(100, 100);

    /// <param name="document">The document.</param>
    /// <param name="place">The place of the document.</param>
    /// <param name="absentTime">The creation time of a document that has none; null where times are required.</param>
    /// <exception cref="FormatException">A field is missing or breaks a rule.</exception>
    public static Project ReadProject(ProjectDocument document, DocumentPlace place, long? absentTime = null)
    {
        // A null entry and an empty key are left for the tag rules, which have messages for them.
        var request = new CreateProjectRequest
        {
            ProjectName = document.ProjectName,
            Description = document.Description,
            ServiceRole = document.ServiceRole,
            TemplateId = document.TemplateId,
            ProjectMaxDatasetCount = document.ProjectMaxDatasetCount,
            Tag = document.Tags is null
                ? null
                : [.. document.Tags.Select(tag => tag is null ? null! : new Tag(tag.TagKey ?? "", tag.TagValue))],
        };
        CopyLimits(document, ref request.Limits);
        if (ProjectFields.Parse(request, out ProjectFields fields, isAnswer: true) is { } refusal)
        {
            throw place.Wrong(refusal.Parameter is nameof(request.Tag) ? nameof(document.Tags) : refusal.Parameter!, refusal.Message);
        }

        (long createTicks, long updateTicks) = ReadTimes(place, document, absentTime, requiresUpdateTime: absentTime is null);
        return new Project(
            document.ProjectName!,
            fields.Description ?? "",
            fields.ServiceRole ?? ProjectFields.DefaultServiceRole,
            fields.TemplateId ?? "",
            Quota.Default.With(fields.Limits),
            fields.Tags ?? TagSet.Empty,
            createTicks,
            updateTicks,
            new ProjectCapacity(
                place.Number(
                    nameof(document.ProjectQueriesPerSecond), document.ProjectQueriesPerSecond, DefaultCapacity.ProjectQueriesPerSecond),
                place.Number(nameof(document.EngineConcurrency), document.EngineConcurrency, DefaultCapacity.EngineConcurrency)))
        {
            DatasetCount = place.Number(nameof(document.DatasetCount), document.DatasetCount, 0),
            FileCount = place.Number(nameof(document.FileCount), document.FileCount, 0),
            TotalFileSize = place.Number(nameof(document.TotalFileSize), document.TotalFileSize, 0),
        };
    }

    /// <param name="document">The document.</param>
    /// <param name="place">The place of the document.</param>
    /// <exception cref="FormatException">A field is missing or breaks a rule.</exception>
    public static Dataset ReadDataset(DatasetStructureDocument document, DocumentPlace place)
    {
        var request = new CreateDatasetRequest
        {
            ProjectName = document.ProjectName,
            DatasetName = document.DatasetName,
            Description = document.Description,
            TemplateId = document.TemplateId,
        };
        CopyLimits(document, ref request.Limits);
        if (DatasetFields.Parse(request, out DatasetFields fields) is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        (long createTicks, long updateTicks) = ReadTimes(place, document, absentTime: null, requiresUpdateTime: true);
        return new Dataset(
            ProjectName.Parse(document.ProjectName!),
            document.DatasetName!,
            fields.Description ?? "",
            fields.TemplateId ?? "",
            DatasetQuota.Default.With(fields.Limits),
            createTicks,
            updateTicks)
        {
            BindCount = place.Number(nameof(document.BindCount), document.BindCount, 0),
            FileCount = place.Number(nameof(document.FileCount), document.FileCount, 0),
            TotalFileSize = place.Number(nameof(document.TotalFileSize), document.TotalFileSize, 0),
        };
    }

    /// <summary>Copies the limits that a project and a dataset have in common.</summary>
    public static void CopyLimits(ResourceDocument document, ref LimitSet<long?> limits)
    {
        limits[Limit.DatasetMaxBindCount] = document.DatasetMaxBindCount;
        limits[Limit.DatasetMaxFileCount] = document.DatasetMaxFileCount;
        limits[Limit.DatasetMaxEntityCount] = document.DatasetMaxEntityCount;
        limits[Limit.DatasetMaxRelationCount] = document.DatasetMaxRelationCount;
        limits[Limit.DatasetMaxTotalFileSize] = document.DatasetMaxTotalFileSize;
    }

    /// <summary>Reads the times of a project or dataset.</summary>
    /// <param name="place">The place of the document.</param>
    /// <param name="document">The document.</param>
    /// <param name="absentTime">The creation time of a document that has none; null where it is required.</param>
    /// <param name="requiresUpdateTime">True if the update time is required; otherwise an absent one is the creation time.</param>
    /// <exception cref="FormatException">A time is missing or wrong, or the update is before the creation.</exception>
    public static (long CreateTicks, long UpdateTicks) ReadTimes(
        DocumentPlace place, ResourceDocument document, long? absentTime, bool requiresUpdateTime)
    {
        long createTicks = place.Time(nameof(document.CreateTime), document.CreateTime, absentTime);
        long updateTicks = place.Time(nameof(document.UpdateTime), document.UpdateTime, requiresUpdateTime ? null : createTicks);
        return updateTicks >= createTicks
            ? (createTicks, updateTicks)
            : throw place.Wrong(nameof(document.UpdateTime), "It is before CreateTime.");
    }
}
