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
            answer.Project(await registry.CreateAsync(ReadProject<CreateProjectRequest>(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["GetProject"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Project(await registry
                .GetAsync(parameters.Text(nameof(Project.ProjectName)), CheckWithStatistics(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["UpdateProject"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Project(await registry.UpdateAsync(ReadProject<UpdateProjectRequest>(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["ListProjects"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Projects(await registry.ListAsync(ReadList(parameters), cancellationToken).ConfigureAwait(false)),
        ["DeleteProject"] = async (registry, parameters, answer, cancellationToken) =>
        {
            await registry.DeleteAsync(parameters.Text(nameof(Project.ProjectName))!, cancellationToken).ConfigureAwait(false);
            return answer.Done();
        },
        ["CreateDataset"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Dataset(await registry.CreateDatasetAsync(ReadDataset<CreateDatasetRequest>(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["GetDataset"] = async (registry, parameters, answer, cancellationToken) => answer.Dataset(await registry
            .GetDatasetAsync(ProjectName(parameters), DatasetName(parameters), CheckWithStatistics(parameters), cancellationToken)
            .ConfigureAwait(false)),
        ["UpdateDataset"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Dataset(await registry.UpdateDatasetAsync(ReadDataset<UpdateDatasetRequest>(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["ListDatasets"] = async (registry, parameters, answer, cancellationToken) =>
            answer.Datasets(await registry.ListDatasetsAsync(ReadListDatasets(parameters), cancellationToken).ConfigureAwait(false)),
        ["DeleteDataset"] = async (registry, parameters, answer, cancellationToken) =>
        {
            await registry.DeleteDatasetAsync(ProjectName(parameters), DatasetName(parameters), cancellationToken).ConfigureAwait(false);
            return answer.Done();
        },
        ["CreateBinding"] = async (registry, parameters, answer, cancellationToken) => answer.Binding(
            await registry.CreateBindingAsync(ProjectName(parameters), DatasetName(parameters), Uri(parameters), cancellationToken)
                .ConfigureAwait(false)),
        ["ListBindings"] = async (registry, parameters, answer, cancellationToken) => answer.Bindings(
            await registry.ListBindingsAsync(ProjectName(parameters), DatasetName(parameters), cancellationToken).ConfigureAwait(false)),
        ["DeleteBinding"] = async (registry, parameters, answer, cancellationToken) =>
        {
            await registry.DeleteBindingAsync(ProjectName(parameters), DatasetName(parameters), Uri(parameters), cancellationToken)
                .ConfigureAwait(false);
            return answer.Done();
        },
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static TRequest ReadProject<TRequest>(WireParameters parameters)
        where TRequest : IRequestedProject, new()
    {
        var request = new TRequest
        {
            ProjectName = parameters.Text(nameof(Project.ProjectName)),
            Description = parameters.Text(nameof(Project.Description)),
            ServiceRole = parameters.Text(nameof(Project.ServiceRole)),
            TemplateId = parameters.Text(nameof(Project.TemplateId)),
            ProjectMaxDatasetCount = parameters.Limit(Quota.ProjectMaxDatasetCountRange),
            Tag = parameters.Tags(),
        };
        ReadLimits(request, parameters);
        return request;
    }

    private static TRequest ReadDataset<TRequest>(WireParameters parameters)
        where TRequest : IRequestedDataset, new()
    {
        var request = new TRequest
        {
            ProjectName = parameters.Text(nameof(Dataset.ProjectName)),
            DatasetName = parameters.Text(nameof(Dataset.DatasetName)),
            Description = parameters.Text(nameof(Dataset.Description)),
            TemplateId = parameters.Text(nameof(Dataset.TemplateId)),
        };
        ReadLimits(request, parameters);
        return request;
    }

    private static void ReadLimits(IRequestedLimits request, WireParameters parameters)
    {
        request.DatasetMaxBindCount = parameters.Limit(DatasetQuota.BindCountRange);
        request.DatasetMaxFileCount = parameters.Limit(DatasetQuota.FileCountRange);
        request.DatasetMaxEntityCount = parameters.Limit(DatasetQuota.EntityCountRange);
        request.DatasetMaxRelationCount = parameters.Limit(DatasetQuota.RelationCountRange);
        request.DatasetMaxTotalFileSize = parameters.Limit(DatasetQuota.TotalFileSizeRange);
        request.Unreadable = parameters.Unreadable;
    }

    /// <summary>
    /// WithStatistics is checked and has no effect: counts are always exact. The registry refuses it in its place, after the names.
    /// </summary>
    private static Refusal? CheckWithStatistics(WireParameters parameters) => parameters.CheckBoolean("WithStatistics");

    // A name that is absent is refused by the registry, in its place.
    private static string ProjectName(WireParameters parameters) => parameters.Text(nameof(Dataset.ProjectName))!;

    private static string DatasetName(WireParameters parameters) => parameters.Text(nameof(Dataset.DatasetName))!;

    private static string Uri(WireParameters parameters) => parameters.Text("URI")!;

    private static ListDatasetsRequest ReadListDatasets(WireParameters parameters)
    {
        var request = new ListDatasetsRequest
        {
            ProjectName = ProjectName(parameters),
            MaxResults = parameters.MaxResults(),
            NextToken = parameters.Text(nameof(ListDatasetsRequest.NextToken)),
            Prefix = parameters.Text(nameof(ListDatasetsRequest.Prefix)),
        };
        request.Unreadable = parameters.Unreadable;
        return request;
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
