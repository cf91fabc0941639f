using System.Collections.Frozen;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Wire;

/// <summary>Reads the parameters of an action, carries out its operation, and writes the answer.</summary>
internal delegate ValueTask<ImmApiResponse> WireAction(
    ProjectRegistry registry, WireParameters parameters, AnswerWriter writer, bool isSynchronous, CancellationToken cancellationToken);

/// <summary>The actions of the RPC endpoint, by name.</summary>
internal static class WireActions
{
    public static FrozenDictionary<string, WireAction> ByName { get; } = new Dictionary<string, WireAction>
    {
        ["CreateProject"] = Action(
            static (parameters, _) => OperationCall.CreateProject(ReadProject<CreateProjectRequest>(parameters)), WriteProject),
        ["GetProject"] = Action(
            static (parameters, _) => OperationCall.GetProject(ProjectName(parameters), CheckWithStatistics(parameters)), WriteProject),
        ["UpdateProject"] = Action(
            static (parameters, _) => OperationCall.UpdateProject(ReadProject<UpdateProjectRequest>(parameters)), WriteProject),
        ["ListProjects"] = Action(
            static (parameters, registry) => OperationCall.ListProjects(
                ReadList(new ListProjectsRequest { Tag = parameters.Tags() }, parameters), registry.Scope),
            static (document, page) => document.WriteFields(page)),
        ["DeleteProject"] = Action(static (parameters, _) => OperationCall.DeleteProject(ProjectName(parameters)), WriteNothing),
        ["CreateDataset"] = Action(
            static (parameters, _) => OperationCall.CreateDataset(ReadDataset<CreateDatasetRequest>(parameters)), WriteDataset),
        ["GetDataset"] = Action(
            static (parameters, _) => OperationCall.GetDataset(
                ProjectName(parameters), DatasetName(parameters), CheckWithStatistics(parameters)),
            WriteDataset),
        ["UpdateDataset"] = Action(
            static (parameters, _) => OperationCall.UpdateDataset(ReadDataset<UpdateDatasetRequest>(parameters)), WriteDataset),
        ["ListDatasets"] = Action(
            static (parameters, registry) => OperationCall.ListDatasets(
                ReadList(new ListDatasetsRequest { ProjectName = ProjectName(parameters) }, parameters), registry.Scope),
            static (document, page) => document.WriteFields(page)),
        ["DeleteDataset"] = Action(
            static (parameters, _) => OperationCall.DeleteDataset(ProjectName(parameters), DatasetName(parameters)), WriteNothing),
        ["CreateBinding"] = Action(
            static (parameters, _) => OperationCall.CreateBinding(ProjectName(parameters), DatasetName(parameters), Uri(parameters)),
            WriteBinding),
        ["GetBinding"] = Action(
            static (parameters, registry) => OperationCall.GetBinding(
                ProjectName(parameters), DatasetName(parameters), Uri(parameters), registry.TimeProvider),
            WriteBinding),
        ["ListBindings"] = Action(
            static (parameters, registry) => OperationCall.ListBindings(
                ReadPage(
                    new ListBindingsRequest
                    {
                        ProjectName = ProjectName(parameters),
                        DatasetName = DatasetName(parameters),
                        Name = parameters.Text(nameof(ListBindingsRequest.Name)),
                    },
                    parameters),
                registry.TimeProvider),
            static (document, page) =>
            {
                document.WriteNextToken(page.NextToken);
                document.WriteArray("Bindings"u8, page.Bindings, static (document, binding) => document.WriteBinding(binding));
            }),
        ["DeleteBinding"] = Action(
            static (parameters, _) => OperationCall.DeleteBinding(ProjectName(parameters), DatasetName(parameters), Uri(parameters)),
            WriteNothing),
        ["AttachOSSBucket"] = Action(
            static (parameters, _) => OperationCall.AttachOssBucket(new AttachOssBucketRequest
            {
                ProjectName = ProjectName(parameters),
                OssBucket = Bucket(parameters),
                Description = parameters.Text(nameof(AttachOssBucketRequest.Description)),
            }),
            WriteNothing),
        ["DetachOSSBucket"] = Action(static (parameters, _) => OperationCall.DetachOssBucket(Bucket(parameters)), WriteNothing),
        ["GetOSSBucketAttachment"] = Action(
            static (parameters, _) => OperationCall.GetOssBucketAttachment(Bucket(parameters)),
            static (document, attachment) => document.WriteFields(attachment)),
        ["ListAttachedOSSBuckets"] = Action(
            static (parameters, registry) => OperationCall.ListAttachedOssBuckets(
                ReadPage(new ListAttachedOssBucketsRequest { ProjectName = ProjectName(parameters) }, parameters), registry.Scope),
            static (document, page) =>
            {
                document.WriteNextToken(page.NextToken);
                document.WriteArray(
                    "AttachedOSSBuckets"u8,
                    page.AttachedOssBuckets,
                    static (document, attachment) => document.WriteAttachment(attachment));
            }),
        ["ListRegions"] = Action(
            static (parameters, _) => OperationCall.ListRegions(parameters.Text(ListRegions.Parameter)),
            static (document, regions) =>
                document.WriteArray("Regions"u8, regions, static (document, region) => document.WriteRegion(region))),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static WireAction Action<TAnswer>(
        Func<WireParameters, ProjectRegistry, OperationCall<TAnswer>> read, Action<DocumentWriter, TAnswer> write) =>
        async (registry, parameters, writer, isSynchronous, cancellationToken) =>
        {
            ImmOutcome<TAnswer> outcome = await registry
                .RunAsync(read(parameters, registry), isSynchronous, cancellationToken)
                .ConfigureAwait(false);
            return outcome.TryGetAnswer(out TAnswer? answer, out ImmRefusal? refusal)
                ? writer.Success(answer, write)
                : writer.Error(refusal, registry.TimeProvider);
        };

    private static TRequest ReadProject<TRequest>(WireParameters parameters)
        where TRequest : ProjectRequest, new()
    {
        var request = new TRequest
        {
            ProjectName = ProjectName(parameters),
            Description = parameters.Text(nameof(ProjectRequest.Description)),
            ServiceRole = parameters.Text(nameof(ProjectRequest.ServiceRole)),
            TemplateId = parameters.Text(nameof(ProjectRequest.TemplateId)),
            Tag = parameters.Tags(),
        };
        ReadLimits(ref request.Limits, Limit.OfProject, parameters);
        return ReadRest(request, parameters);
    }

    private static TRequest ReadDataset<TRequest>(WireParameters parameters)
        where TRequest : DatasetRequest, new()
    {
        var request = new TRequest
        {
            ProjectName = ProjectName(parameters),
            DatasetName = DatasetName(parameters),
            Description = parameters.Text(nameof(DatasetRequest.Description)),
            TemplateId = parameters.Text(nameof(DatasetRequest.TemplateId)),
        };
        ReadLimits(ref request.Limits, Limit.OfDataset, parameters);
        return ReadRest(request, parameters);
    }

    private static TRequest ReadRest<TRequest>(TRequest request, WireParameters parameters)
        where TRequest : ResourceRequest
    {
        request.Unreadable = parameters.Unreadable;
        request.HasIgnoredParameter = parameters.HasAny("WorkflowParameters", "DatasetConfig");
        return request;
    }

    private static void ReadLimits(ref LimitSet<long?> requested, ReadOnlySpan<Limit> limits, WireParameters parameters)
    {
        foreach (Limit limit in limits)
        {
            requested[limit] = parameters.Limit(limit);
        }
    }

    private static TRequest ReadList<TRequest>(TRequest request, WireParameters parameters)
        where TRequest : ListRequest
    {
        request.Prefix = parameters.Text(nameof(request.Prefix));
        return ReadPage(request, parameters);
    }

    private static TRequest ReadPage<TRequest>(TRequest request, WireParameters parameters)
        where TRequest : PageRequest
    {
        request.MaxResults = parameters.MaxResults();
        request.NextToken = parameters.Text(nameof(request.NextToken));
        request.Unreadable = parameters.Unreadable;
        return request;
    }

    /// <summary>
    /// Checks WithStatistics, which has no effect: counts are always exact. It is refused in its place, after the names.
    /// </summary>
    private static ImmRefusal? CheckWithStatistics(WireParameters parameters) => parameters.CheckBoolean("WithStatistics");

    private static string? ProjectName(WireParameters parameters) => parameters.Text(nameof(ProjectRequest.ProjectName));

    private static string? DatasetName(WireParameters parameters) => parameters.Text(nameof(DatasetRequest.DatasetName));

    private static string? Bucket(WireParameters parameters) => parameters.Text(OssBucketAttachment.BucketParameter);

    private static string? Uri(WireParameters parameters) => parameters.Text("URI");

    private static void WriteProject(DocumentWriter document, Project project)
    {
        document.Json.WritePropertyName("Project"u8);
        document.WriteProject(project);
    }

    private static void WriteDataset(DocumentWriter document, Dataset dataset)
    {
        document.Json.WritePropertyName("Dataset"u8);
        document.WriteDataset(dataset);
    }

    private static void WriteBinding(DocumentWriter document, Binding binding)
    {
        document.Json.WritePropertyName("Binding"u8);
        document.WriteBinding(binding);
    }

    private static void WriteNothing<TAnswer>(DocumentWriter document, TAnswer answer)
    {
    }
}
