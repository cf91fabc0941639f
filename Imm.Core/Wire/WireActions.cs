using System.Collections.Frozen;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>One action: reads its parameters, has the registry carry it out, and writes the answer.</summary>
internal delegate ValueTask<string> WireAction(
    ProjectRegistry registry, WireParameters parameters, AnswerWriter answer, CancellationToken cancellationToken);

/// <summary>The actions of the RPC face, by name.</summary>
internal static class WireActions
{
    public static FrozenDictionary<string, WireAction> ByName { get; } = new Dictionary<string, WireAction>
    {
        ["CreateProject"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Project(await registry.CreateAsync(ReadCreate(parameters), cancellationToken).ConfigureAwait(false)),
        ["GetProject"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Project(await registry.GetAsync(ReadGet(parameters), cancellationToken).ConfigureAwait(false)),
        ["UpdateProject"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Project(await registry.UpdateAsync(ReadUpdate(parameters), cancellationToken).ConfigureAwait(false)),
        ["ListProjects"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Projects(await registry.ListAsync(ReadList(parameters), cancellationToken).ConfigureAwait(false)),
        ["DeleteProject"] = async (registry, parameters, answer, cancellationToken) =>
        {
            await registry.DeleteAsync(parameters.Text(nameof(Project.ProjectName))!, cancellationToken).ConfigureAwait(false);
            return answer.Done();
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static CreateProjectRequest ReadCreate(WireParameters parameters)
    {
        var request = new CreateProjectRequest
        {
            ProjectName = parameters.Text(nameof(CreateProjectRequest.ProjectName)),
            Description = parameters.Text(nameof(CreateProjectRequest.Description)),
            ServiceRole = parameters.Text(nameof(CreateProjectRequest.ServiceRole)),
            TemplateId = parameters.Text(nameof(CreateProjectRequest.TemplateId)),
            ProjectMaxDatasetCount = parameters.Limit(Quota.ProjectMaxDatasetCountRange),
            DatasetMaxBindCount = parameters.Limit(DatasetQuota.BindCountRange),
            DatasetMaxFileCount = parameters.Limit(DatasetQuota.FileCountRange),
            DatasetMaxEntityCount = parameters.Limit(DatasetQuota.EntityCountRange),
            DatasetMaxRelationCount = parameters.Limit(DatasetQuota.RelationCountRange),
            DatasetMaxTotalFileSize = parameters.Limit(DatasetQuota.TotalFileSizeRange),
            Tag = parameters.Tags(),
        };
        request.Unreadable = parameters.Unreadable;
        return request;
    }

    private static UpdateProjectRequest ReadUpdate(WireParameters parameters)
    {
        var request = new UpdateProjectRequest
        {
            ProjectName = parameters.Text(nameof(UpdateProjectRequest.ProjectName)),
            Description = parameters.Text(nameof(UpdateProjectRequest.Description)),
            ServiceRole = parameters.Text(nameof(UpdateProjectRequest.ServiceRole)),
            TemplateId = parameters.Text(nameof(UpdateProjectRequest.TemplateId)),
            ProjectMaxDatasetCount = parameters.Limit(Quota.ProjectMaxDatasetCountRange),
            DatasetMaxBindCount = parameters.Limit(DatasetQuota.BindCountRange),
            DatasetMaxFileCount = parameters.Limit(DatasetQuota.FileCountRange),
            DatasetMaxEntityCount = parameters.Limit(DatasetQuota.EntityCountRange),
            DatasetMaxRelationCount = parameters.Limit(DatasetQuota.RelationCountRange),
            DatasetMaxTotalFileSize = parameters.Limit(DatasetQuota.TotalFileSizeRange),
            Tag = parameters.Tags(),
        };
        request.Unreadable = parameters.Unreadable;
        return request;
    }

    /// <summary>The name; WithStatistics is checked, in its place after the name, and has no effect: counts are always exact.</summary>
    private static string ReadGet(WireParameters parameters)
    {
        string? name = parameters.Text(nameof(Project.ProjectName));
        return (NameRule.Check(nameof(Project.ProjectName), name) ?? parameters.CheckBoolean("WithStatistics")) is { } refusal
            ? throw refusal.ToException()
            : name!;
    }

    private static ListProjectsRequest ReadList(WireParameters parameters)
    {
        var request = new ListProjectsRequest
        {
            MaxResults = parameters.MaxResults(),
            NextToken = parameters.Text(nameof(ListProjectsRequest.NextToken)),
            Prefix = parameters.Text(nameof(ListProjectsRequest.Prefix)),
            Tag = parameters.Tags(),
        };
        request.Unreadable = parameters.Unreadable;
        return request;
    }
}
