using System.Collections.Frozen;
using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>One action: reads its parameters, has the registry carry it out, and writes the answer.</summary>
internal delegate ValueTask<ImmApiResponse> WireAction(
    ProjectRegistry registry, WireParameters parameters, AnswerWriter writer, bool isSynchronous, CancellationToken cancellationToken);

/// <summary>The actions of the RPC endpoint, by name.</summary>
internal static class WireActions
{
    public static FrozenDictionary<string, WireAction> ByName { get; } = new Dictionary<string, WireAction>
    {
        ["CreateProject"] = Action(
            static (_, it) => OperationCall.CreateProject(ReadProject<CreateProjectRequest>(it)), static (it, answer) => it.Project(answer)),
        ["GetProject"] = Action(
            static (_, it) => OperationCall.GetProject(it.Text(nameof(Project.ProjectName)), CheckWithStatistics(it)),
            static (it, answer) => it.Project(answer)),
        ["UpdateProject"] = Action(
            static (_, it) => OperationCall.UpdateProject(ReadProject<UpdateProjectRequest>(it)), static (it, answer) => it.Project(answer)),
        ["ListProjects"] = Action(
            static (scope, it) => OperationCall.ListProjects(ReadList(it), scope), static (it, answer) => it.Projects(answer)),
        ["DeleteProject"] = Action(
            static (_, it) => OperationCall.DeleteProject(it.Text(nameof(Project.ProjectName))), static (it, _) => it.Done()),
        ["CreateDataset"] = Action(
            static (_, it) => OperationCall.CreateDataset(ReadDataset<CreateDatasetRequest>(it)), static (it, answer) => it.Dataset(answer)),
        ["GetDataset"] = Action(
            static (_, it) => OperationCall.GetDataset(ProjectName(it), DatasetName(it), CheckWithStatistics(it)),
            static (it, answer) => it.Dataset(answer)),
        ["UpdateDataset"] = Action(
            static (_, it) => OperationCall.UpdateDataset(ReadDataset<UpdateDatasetRequest>(it)), static (it, answer) => it.Dataset(answer)),
        ["ListDatasets"] = Action(
            static (scope, it) => OperationCall.ListDatasets(ReadListDatasets(it), scope), static (it, answer) => it.Datasets(answer)),
        ["DeleteDataset"] = Action(
            static (_, it) => OperationCall.DeleteDataset(ProjectName(it), DatasetName(it)), static (it, _) => it.Done()),
        ["CreateBinding"] = Action(
            static (_, it) => OperationCall.CreateBinding(ProjectName(it), DatasetName(it), Uri(it)),
            static (it, answer) => it.Binding(answer)),
        ["ListBindings"] = Action(
            static (_, it) => OperationCall.ListBindings(ProjectName(it), DatasetName(it)), static (it, answer) => it.Bindings(answer)),
        ["DeleteBinding"] = Action(
            static (_, it) => OperationCall.DeleteBinding(ProjectName(it), DatasetName(it), Uri(it)), static (it, _) => it.Done()),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static WireAction Action<TAnswer>(
        Func<Scope, WireParameters, OperationCall<TAnswer>> read, Func<AnswerWriter, TAnswer, string> write) =>
        async (registry, parameters, writer, isSynchronous, cancellationToken) =>
        {
            Outcome<TAnswer> outcome = await registry
                .RunAsync(read(registry.Scope, parameters), isSynchronous, cancellationToken)
                .ConfigureAwait(false);
            return outcome.TryGetAnswer(out TAnswer? answer, out Refusal? refusal)
                ? new ImmApiResponse(200, write(writer, answer))
                : writer.Error(refusal.Code, refusal.Message);
        };

    private static TRequest ReadProject<TRequest>(WireParameters parameters)
        where TRequest : ProjectRequest, new()
    {
        var request = new TRequest
        {
            ProjectName = parameters.Text(nameof(Project.ProjectName)),
            Description = parameters.Text(nameof(Project.Description)),
            ServiceRole = parameters.Text(nameof(Project.ServiceRole)),
            TemplateId = parameters.Text(nameof(Project.TemplateId)),
            Tag = parameters.Tags(),
        };
        ReadLimits(ref request.Limits, Limit.OfProject, parameters);
        request.Unreadable = parameters.Unreadable;
        return request;
    }

    private static TRequest ReadDataset<TRequest>(WireParameters parameters)
        where TRequest : DatasetRequest, new()
    {
        var request = new TRequest
        {
            ProjectName = parameters.Text(nameof(Dataset.ProjectName)),
            DatasetName = parameters.Text(nameof(Dataset.DatasetName)),
            Description = parameters.Text(nameof(Dataset.Description)),
            TemplateId = parameters.Text(nameof(Dataset.TemplateId)),
        };
        ReadLimits(ref request.Limits, Limit.OfDataset, parameters);
        request.Unreadable = parameters.Unreadable;
        return request;
    }

    private static void ReadLimits(ref LimitSet<long?> requested, ReadOnlySpan<Limit> limits, WireParameters parameters)
    {
        foreach (Limit limit in limits)
        {
            requested[limit] = parameters.Limit(limit);
        }
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
