using CommunityToolkit.Diagnostics;
using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>One call of a registry: the description for authorizer and observers, and the command or query that carries it out.</summary>
internal readonly struct OperationCall<TAnswer>
{
    public OperationCall(string? action, string? projectName, string? datasetName, object? request, ImmRefusal? malformed)
    {
        Action = action;
        ProjectName = projectName;
        DatasetName = datasetName;
        Request = request;
        Malformed = malformed;
    }

    /// <summary>
    /// The RAM action, one of <see cref="ImmAction"/>; null for a change that is no action of the service: neither authorized nor observed.
    /// </summary>
    public string? Action { get; }

    /// <summary>
    /// The RAM action of the read that an operation begins with, which must be allowed too and is asked for first; null for none.
    /// </summary>
    public string? ReadAction { get; init; }

    /// <summary>The project as the caller named it; <c>*</c> for all of them; null where the call names none, or several.</summary>
    public string? ProjectName { get; }

    /// <summary>The dataset as the caller named it; <c>*</c> for all of them; null where the call is about none, or several.</summary>
    public string? DatasetName { get; }

    /// <summary>The parameters of the caller, for observers.</summary>
    public object? Request { get; }

    /// <summary>The refusal of the parameters; null where they are well-formed.</summary>
    public ImmRefusal? Malformed { get; }

    /// <summary>The tags of the request; null for none.</summary>
    public TagSet? Tags { get; init; }

    /// <summary>The change; only where the request is well-formed and changes something.</summary>
    public Command<TAnswer>? Command { get; init; }

    /// <summary>
    /// The read; only where the request is well-formed and reads something. Beside a command: the command follows where it is refused.
    /// </summary>
    public Query<TAnswer>? Query { get; init; }

    /// <summary>The datasets of a call that names several, each to be authorized.</summary>
    public ChangeFiles? Files { get; init; }
}

/// <summary>The calls of a registry, one method an operation: a copy of the request, its parse, and its description.</summary>
internal static class OperationCall
{
    public static OperationCall<Project> CreateProject(CreateProjectRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.CreateProject.Parse(request, out CreateProject? command);
        return new(ImmAction.CreateProject, request.ProjectName, null, request, malformed) { Tags = command?.Tags, Command = command };
    }

    /// <summary>The call that gets a project, or creates it.</summary>
    /// <remarks>
    /// Both actions are asked for whether or not the project is there: who may call it, and which refusal comes, then does not tell.
    /// </remarks>
    public static OperationCall<GetOrCreateResult<Project>> GetOrCreateProject(CreateProjectRequest request)
    {
        OperationCall<Project> create = CreateProject(request);
        return GetOrCreate(create, ImmAction.GetProject, new GetProject(create.ProjectName!));
    }

    /// <param name="projectName">The project.</param>
    /// <param name="malformed">A refusal of a parameter after the name; null for none.</param>
    public static OperationCall<Project> GetProject(string? projectName, ImmRefusal? malformed = null) =>
        new(ImmAction.GetProject, projectName, null, projectName, CheckName(projectName) ?? malformed)
        {
            Query = new GetProject(projectName!),
        };

    public static OperationCall<Project?> FindProject(string? projectName) =>
        new(ImmAction.GetProject, projectName, null, projectName, null) { Query = new FindProject(projectName!) };

    public static OperationCall<Project> UpdateProject(UpdateProjectRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.UpdateProject.Parse(request, out UpdateProject? command);
        return new(ImmAction.UpdateProject, request.ProjectName, null, request, malformed) { Tags = command?.Tags, Command = command };
    }

    public static OperationCall<Project> DeleteProject(string? projectName, long? expectedRevision = null)
    {
        ExpectedRevision expected = default;
        ImmRefusal? malformed = CheckName(projectName) ?? ExpectedRevision.Parse(expectedRevision, out expected);
        return new(ImmAction.DeleteProject, projectName, null, projectName, malformed)
        {
            Command = new DeleteProject(projectName!, expected),
        };
    }

    public static OperationCall<ProjectPage> ListProjects(ListProjectsRequest? request, Scope scope)
    {
        request = request is null ? null : ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.ListProjects.Parse(request, scope, out ListProjects? query);
        return new(ImmAction.ListProjects, "*", null, request, malformed) { Tags = query?.Tags, Query = query };
    }

    public static OperationCall<IEnumerable<Project>> ListAllProjects(string? prefix, IReadOnlyList<Tag>? tags, Scope scope)
    {
        ListProjectsRequest request = ImmRequest.Copy(new ListProjectsRequest { Prefix = prefix, Tag = tags });
        ImmRefusal? malformed = Model.ListProjects.Parse(request, scope, out ListProjects? list);
        return new(ImmAction.ListProjects, "*", null, request, malformed)
        {
            Tags = list?.Tags,
            Query = list is null ? null : new ListAllProjects(list),
        };
    }

    /// <summary>The begin of a watch, which reads the same as a list.</summary>
    public static OperationCall<ProjectPage> Watch(ScopeView scope, long afterRevision) =>
        new(ImmAction.ListProjects, "*", null, null, null) { Query = new BeginWatch(scope.Changes, afterRevision) };

    public static OperationCall<Dataset> CreateDataset(CreateDatasetRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.CreateDataset.Parse(request, out CreateDataset? command);
        return new(ImmAction.CreateDataset, request.ProjectName, request.DatasetName, request, malformed) { Command = command };
    }

    /// <summary>The call that gets a dataset, or creates it.</summary>
    public static OperationCall<GetOrCreateResult<Dataset>> GetOrCreateDataset(CreateDatasetRequest request)
    {
        OperationCall<Dataset> create = CreateDataset(request);
        return GetOrCreate(create, ImmAction.GetDataset, new GetDataset(create.ProjectName!, create.DatasetName!));
    }

    /// <param name="projectName">The project.</param>
    /// <param name="datasetName">The dataset.</param>
    /// <param name="malformed">A refusal of a parameter after the names; null for none.</param>
    public static OperationCall<Dataset> GetDataset(string? projectName, string? datasetName, ImmRefusal? malformed = null) =>
        new(ImmAction.GetDataset, projectName, datasetName, null, NameRule.CheckNames(projectName, datasetName) ?? malformed)
        {
            Query = new GetDataset(projectName!, datasetName!),
        };

    public static OperationCall<Dataset?> FindDataset(string? projectName, string? datasetName) =>
        new(ImmAction.GetDataset, projectName, datasetName, null, null) { Query = new FindDataset(projectName!, datasetName!) };

    public static OperationCall<Dataset> UpdateDataset(UpdateDatasetRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.UpdateDataset.Parse(request, out UpdateDataset? command);
        return new(ImmAction.UpdateDataset, request.ProjectName, request.DatasetName, request, malformed) { Command = command };
    }

    public static OperationCall<Dataset> DeleteDataset(string? projectName, string? datasetName, long? expectedRevision = null)
    {
        ExpectedRevision expected = default;
        ImmRefusal? malformed = NameRule.CheckNames(projectName, datasetName)
            ?? ExpectedRevision.Parse(expectedRevision, out expected);
        return new(ImmAction.DeleteDataset, projectName, datasetName, null, malformed)
        {
            Command = new DeleteDataset(projectName!, datasetName!, expected),
        };
    }

    public static OperationCall<DatasetPage> ListDatasets(ListDatasetsRequest request, Scope scope)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.ListDatasets.Parse(request, scope, out ListDatasets? query);
        return new(ImmAction.ListDatasets, request.ProjectName, "*", request, malformed) { Query = query };
    }

    public static OperationCall<IEnumerable<Dataset>> ListAllDatasets(string? projectName, string? prefix, Scope scope)
    {
        var request = new ListDatasetsRequest { ProjectName = projectName, Prefix = prefix };
        ImmRefusal? malformed = Model.ListDatasets.Parse(request, scope, out ListDatasets? list);
        return new(ImmAction.ListDatasets, projectName, "*", request, malformed)
        {
            Query = list is null ? null : new ListAllDatasets(list),
        };
    }

    public static OperationCall<Binding> CreateBinding(string? projectName, string? datasetName, string? uri) =>
        new(ImmAction.CreateBinding, projectName, datasetName, uri, NameRule.CheckNames(projectName, datasetName) ?? Binding.Check(uri))
        {
            Command = new CreateBinding(projectName!, datasetName!, uri!),
        };

    public static OperationCall<Binding> GetBinding(string? projectName, string? datasetName, string? uri, TimeProvider timeProvider) =>
        new(ImmAction.GetBinding, projectName, datasetName, uri, NameRule.CheckNames(projectName, datasetName) ?? Binding.Check(uri))
        {
            Query = new GetBinding(projectName!, datasetName!, uri!, timeProvider),
        };

    public static OperationCall<BindingPage> ListBindings(ListBindingsRequest request, TimeProvider timeProvider)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.ListBindings.Parse(request, timeProvider, out ListBindings? query);
        return new(ImmAction.ListBindings, request.ProjectName, request.DatasetName, request, malformed) { Query = query };
    }

    public static OperationCall<Binding> DeleteBinding(string? projectName, string? datasetName, string? uri) =>
        new(ImmAction.DeleteBinding, projectName, datasetName, uri, NameRule.CheckNames(projectName, datasetName) ?? Binding.Check(uri))
        {
            Command = new DeleteBinding(projectName!, datasetName!, uri!),
        };

    public static OperationCall<OssBucketAttachment> AttachOssBucket(AttachOssBucketRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.AttachOssBucket.Parse(request, out AttachOssBucket? command);
        return new(ImmAction.AttachOssBucket, request.ProjectName, null, request, malformed) { Command = command };
    }

    // The page has all resources, and not a project, as the resource of this action and of the next.
    public static OperationCall<OssBucketAttachment> DetachOssBucket(string? bucket) =>
        new(ImmAction.DetachOssBucket, null, null, bucket, OssBucketAttachment.CheckBucket(bucket))
        {
            Command = new DetachOssBucket(bucket!),
        };

    public static OperationCall<OssBucketAttachment> GetOssBucketAttachment(string? bucket) =>
        new(ImmAction.GetOssBucketAttachment, null, null, bucket, OssBucketAttachment.CheckBucket(bucket))
        {
            Query = new GetOssBucketAttachment(bucket!),
        };

    public static OperationCall<OssBucketAttachmentPage> ListAttachedOssBuckets(ListAttachedOssBucketsRequest request, Scope scope)
    {
        Guard.IsNotNull(request, nameof(request));
        request = ImmRequest.Copy(request);
        ImmRefusal? malformed = Model.ListAttachedOssBuckets.Parse(request, scope, out ListAttachedOssBuckets? query);
        return new(ImmAction.ListAttachedOssBuckets, request.ProjectName, null, request, malformed) { Query = query };
    }

    public static OperationCall<IReadOnlyList<ImmRegion>> ListRegions(string? acceptLanguage)
    {
        ImmRefusal? malformed = Model.ListRegions.Parse(acceptLanguage, out ListRegions? query);
        return new(ImmAction.ListRegions, null, null, acceptLanguage, malformed) { Query = query };
    }

    public static OperationCall<IReadOnlyList<Dataset>> AddFiles(IEnumerable<FileChange> changes) =>
        ChangeFiles(ImmAction.AddFiles, Copy(changes), adds: true);

    public static OperationCall<IReadOnlyList<Dataset>> AddFiles(FileChange change) =>
        ChangeFiles(ImmAction.AddFiles, [change], adds: true);

    public static OperationCall<IReadOnlyList<Dataset>> RemoveFiles(IEnumerable<FileChange> changes) =>
        ChangeFiles(ImmAction.RemoveFiles, Copy(changes), adds: false);

    public static OperationCall<IReadOnlyList<Dataset>> RemoveFiles(FileChange change) =>
        ChangeFiles(ImmAction.RemoveFiles, [change], adds: false);

    // The operator sets the quota, not a user of the service.
    public static OperationCall<int> SetProjectQuota(int projectQuota)
    {
        Guard.IsGreaterThanOrEqualTo(projectQuota, 0, nameof(projectQuota));
        return Unlisted(new SetProjectQuota(projectQuota));
    }

    /// <summary>A change that is no action of the service.</summary>
    public static OperationCall<TAnswer> Unlisted<TAnswer>(Command<TAnswer> command) =>
        new(null, null, null, null, null) { Command = command };

    private static OperationCall<GetOrCreateResult<T>> GetOrCreate<T>(in OperationCall<T> create, string readAction, Query<T> get)
        where T : class => new(create.Action, create.ProjectName, create.DatasetName, create.Request, create.Malformed)
        {
            ReadAction = readAction,
            Tags = create.Tags,
            Query = new GetExisting<T>(get),
            Command = create.Command is { } command ? new GetOrCreate<T>(get, command) : null,
        };

    private static FileChange[] Copy(IEnumerable<FileChange> changes)
    {
        Guard.IsNotNull(changes, nameof(changes));
        return [.. changes];
    }

    private static OperationCall<IReadOnlyList<Dataset>> ChangeFiles(string action, FileChange[] changes, bool adds)
    {
        ImmRefusal? malformed = Model.ChangeFiles.Parse(changes, adds, out ChangeFiles? command);
        FileChange? only = changes.Length == 1 ? changes[0] : null;
        return new(action, only?.ProjectName, only?.DatasetName, changes, malformed) { Command = command, Files = command };
    }

    private static ImmRefusal? CheckName(string? projectName) => NameRule.Check(nameof(Project.ProjectName), projectName);
}
