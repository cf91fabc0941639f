using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>Turns a project into its document and back, through the checks that a request passes.</summary>
internal static class ProjectReader
{
    private static readonly ProjectCapacity DefaultCapacity = new(100, 100);

    public static ProjectDocument ToDocument(Project project, TimeSpan timeOffset)
    {
        var document = new ProjectDocument();
        Fill(document, project, timeOffset);
        return document;
    }

    public static void Fill(ProjectDocument document, Project project, TimeSpan timeOffset)
    {
        document.ProjectName = project.ProjectName.Value;
        document.ServiceRole = project.ServiceRole;
        document.TemplateId = project.TemplateId;
        document.CreateTime = WireTime.Write(project.CreateTicks, timeOffset);
        document.UpdateTime = WireTime.Write(project.UpdateTicks, timeOffset);
        document.Description = project.Description;
        document.ProjectQueriesPerSecond = project.ProjectQueriesPerSecond;
        document.EngineConcurrency = project.EngineConcurrency;
        document.ProjectMaxDatasetCount = project.ProjectMaxDatasetCount;
        document.DatasetMaxBindCount = project.DatasetMaxBindCount;
        document.DatasetMaxFileCount = project.DatasetMaxFileCount;
        document.DatasetMaxEntityCount = project.DatasetMaxEntityCount;
        document.DatasetMaxRelationCount = project.DatasetMaxRelationCount;
        document.DatasetMaxTotalFileSize = project.DatasetMaxTotalFileSize;
        document.DatasetCount = project.DatasetCount;
        document.FileCount = project.FileCount;
        document.TotalFileSize = project.TotalFileSize;
        document.Tags = [.. project.Tags.Select(tag => new TagDocument { TagKey = tag.Key, TagValue = tag.Value })];
    }

    /// <exception cref="FormatException">A field is missing or breaks a rule.</exception>
    public static Project ToProject(ProjectDocument document)
    {
        // A null entry and an empty key are left for the tag rules, which know what to say of them.
        var request = new CreateProjectRequest
        {
            ProjectName = document.ProjectName,
            Description = document.Description,
            ServiceRole = document.ServiceRole,
            TemplateId = document.TemplateId,
            ProjectMaxDatasetCount = document.ProjectMaxDatasetCount,
            DatasetMaxBindCount = document.DatasetMaxBindCount,
            DatasetMaxFileCount = document.DatasetMaxFileCount,
            DatasetMaxEntityCount = document.DatasetMaxEntityCount,
            DatasetMaxRelationCount = document.DatasetMaxRelationCount,
            DatasetMaxTotalFileSize = document.DatasetMaxTotalFileSize,
            Tag = document.Tags is null
                ? null
                : [.. document.Tags.Select(tag => tag is null ? null! : new Tag(tag.TagKey ?? "", tag.TagValue))],
        };
        if (ProjectFields.Parse(request, out ProjectFields fields, isAnswer: true) is { } refusal)
        {
            string field = refusal.Parameter is nameof(request.Tag) ? nameof(document.Tags) : refusal.Parameter!;
            throw Wrong(field, refusal.Message);
        }

        long createTicks = Time(nameof(document.CreateTime), document.CreateTime);
        long updateTicks = Time(nameof(document.UpdateTime), document.UpdateTime);
        if (updateTicks < createTicks)
        {
            throw Wrong(nameof(document.UpdateTime), "It is before CreateTime.");
        }

        return new Project(
            ProjectName.Parse(document.ProjectName!),
            fields.Description ?? "",
            fields.ServiceRole ?? ProjectFields.DefaultServiceRole,
            fields.TemplateId ?? "",
            Quota.Default.With(fields.Limits),
            fields.Tags ?? TagSet.Empty,
            createTicks,
            updateTicks,
            new ProjectCapacity(
                Count(nameof(document.ProjectQueriesPerSecond), document.ProjectQueriesPerSecond, DefaultCapacity.ProjectQueriesPerSecond),
                Count(nameof(document.EngineConcurrency), document.EngineConcurrency, DefaultCapacity.EngineConcurrency)))
        {
            DatasetCount = Count(nameof(document.DatasetCount), document.DatasetCount, 0),
            FileCount = Count(nameof(document.FileCount), document.FileCount, 0),
            TotalFileSize = Count(nameof(document.TotalFileSize), document.TotalFileSize, 0),
        };
    }

    private static long Time(string field, string? text) =>
        text is null ? throw Wrong(field, "It is missing.")
        : WireTime.TryRead(text, out long ticks) ? ticks
        : throw Wrong(field, "A time looks like 2021-06-29T14:50:13.011643600+08:00, with 0 to 9 fraction digits.");

    private static long Count(string field, long? number, long absent) =>
        number is < 0 ? throw Wrong(field, "It is below 0.") : number ?? absent;

    private static FormatException Wrong(string field, string problem) => new($"The field {field} of the project is wrong. {problem}");
}
