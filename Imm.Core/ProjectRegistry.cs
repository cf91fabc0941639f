using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The projects of one account in one region.</summary>
/// <remarks>
/// <para>
/// Safe to use from many threads at once. Changes take place one after the other, each wholly or not at all, and are durable when the call
/// returns; a read sees the changes that were acknowledged before it began, and all its parts see the same moment.
/// </para>
/// <para>
/// Refusals are <see cref="ImmException"/>s, found in this order: the parameters in the order of the service's page, then the authorizer,
/// then throttling, then whether the store can be written, then whether what is asked for exists, then conflicts, then quotas.
/// </para>
/// <para>
/// The asynchronous members wait for the disk together with others, in one queue, and hold no thread while they do: changes that wait
/// together share one flush. A token cancels a change while it waits in the queue. Once its batch has begun the outcome is reported
/// whatever the token says. The synchronous members wait on the calling thread, need no thread of the pool, and may flush their change on
/// the calling thread itself. Await each <see cref="ValueTask"/> once: the object behind it is used again.
/// </para>
/// <para>
/// While <see cref="ImmStoreOptions.MaxWaitingWrites"/> changes wait, the next one that would have to is refused with
/// <see cref="ImmErrorCode.ThrottlingUser"/>: nothing was changed, and it may be tried again.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// (Project photos, bool isNew) = registry.GetOrCreate(new() { ProjectName = "photos", Tag = [new Tag("team", "media")] });
/// registry.Update(new() { ProjectName = photos.ProjectName, Description = "Of the summer" });
/// foreach (Project project in registry.ListAll(prefix: "photo"))
/// {
///     Console.WriteLine($"{project.ProjectName}: {project.FileCount} files");
/// }
///
/// if (!registry.TryCreate(new() { ProjectName = "photos" }, out Project? created, out ImmRefusal? refusal))
/// {
///     Console.WriteLine(refusal.Code);
/// }
/// </code>
/// </example>
public sealed partial class ProjectRegistry
{
    private readonly OperationPipeline _pipeline;
    private readonly ScopeView _scope;

    internal ProjectRegistry(OperationPipeline pipeline, ScopeView scope)
    {
        _pipeline = pipeline;
        _scope = scope;
    }

    /// <summary>The account.</summary>
    public string AccountId => _scope.Scope.AccountId;

    /// <summary>The region.</summary>
    public string RegionId => _scope.Scope.RegionId;

    /// <summary>
    /// The number of projects that there may be: the last that <see cref="SetProjectQuota"/> has set here, or else
    /// <see cref="ImmStoreOptions.ProjectQuota"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public int ProjectQuota => State.ProjectQuota;

    internal Scope Scope => _scope.Scope;

    internal TimeProvider TimeProvider => _pipeline.TimeProvider;

    /// <summary>The published state of the scope.</summary>
    internal ScopeState State
    {
        get
        {
            _pipeline.ThrowIfClosed();
            _pipeline.Confirm(_scope.Scope);
            return _scope.State;
        }
    }

    /// <summary>Creates a project.</summary>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <returns>The whole project.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.ResourceAlreadyExists"/>: the name is taken. <see cref="ImmErrorCode.LimitExceededError"/> with
    /// <see cref="ImmException.Used"/>: the project quota is used up. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Project Create(CreateProjectRequest request) => _pipeline.Run(OperationCall.CreateProject(request), _scope);

    /// <inheritdoc cref="Create"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Project> CreateAsync(CreateProjectRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.CreateProject(request), _scope, cancellationToken);

    /// <summary>Creates a project, and gives a refusal as a value: no exception is thrown for it.</summary>
    /// <remarks>For a caller that expects refusals, such as one that fills a quota. The rules are those of <see cref="Create"/>.</remarks>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="project">The whole project; null where it was refused.</param>
    /// <param name="refusal">The refusal; null where the project was created.</param>
    /// <returns>True if the project was created.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public bool TryCreate(
        CreateProjectRequest request, [NotNullWhen(true)] out Project? project, [NotNullWhen(false)] out ImmRefusal? refusal) =>
        _pipeline.TryRun(OperationCall.CreateProject(request), _scope).TryGetAnswer(out project, out refusal);

    /// <summary>Creates a project, and gives a refusal as a value: no exception is thrown for it.</summary>
    /// <inheritdoc cref="TryCreate" path="/remarks"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <returns>The whole project, or the refusal.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<ImmOutcome<Project>> TryCreateAsync(CreateProjectRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.TryRunAsync(OperationCall.CreateProject(request), _scope, cancellationToken);

    /// <summary>Gets the project of a name, or creates it: one atomic step, in which one of many callers creates it.</summary>
    /// <remarks>
    /// <para>
    /// A project that exists is given as it is: of the request only its name counts, and the whole request must be well-formed. Nothing is
    /// written then, so that neither a full quota, a full queue nor a failed store refuses the call.
    /// </para>
    /// <para>
    /// The caller needs both permissions, whether or not the project exists, so that a refusal does not tell: <c>imm:GetProject</c>, which
    /// is asked for first because the call reads first, then <c>imm:CreateProject</c>. It is observed as one <c>imm:CreateProject</c>.
    /// </para>
    /// </remarks>
    /// <param name="request">What to create where there is no project of its name; it is read before the call returns.</param>
    /// <returns>The whole project, and true if the call has created it. It deconstructs into the two.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses one of the two. Where the project does not exist:
    /// <see cref="ImmErrorCode.LimitExceededError"/> with <see cref="ImmException.Used"/>: the project quota is used up.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed, or the scope cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public GetOrCreateResult<Project> GetOrCreate(CreateProjectRequest request) =>
        _pipeline.Run(OperationCall.GetOrCreateProject(request), _scope);

    /// <inheritdoc cref="GetOrCreate"/>
    /// <param name="request">What to create where there is no project of its name; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<GetOrCreateResult<Project>> GetOrCreateAsync(
        CreateProjectRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetOrCreateProject(request), _scope, cancellationToken);

    /// <summary>Gets a project, from memory.</summary>
    /// <param name="projectName">The name.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is
    /// none of the name. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>:
    /// the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Project Get(string projectName)
    {
        _pipeline.ThrowIfClosed();

        // Searched before IsDirect is asked: the answer comes while the search waits for memory.
        if (projectName is not null
            && _scope.TryGetLoaded(out ScopeState? state)
            && state.TryFind(projectName, out Project? found)
            && _pipeline.IsDirect)
        {
            _scope.NoteUse();
            return found;
        }

        return _pipeline.Run(OperationCall.GetProject(projectName), _scope);
    }

    /// <inheritdoc cref="Get"/>
    /// <inheritdoc cref="ListAsync" path="/remarks"/>
    /// <param name="projectName">The name.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<Project> GetAsync(string projectName, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.GetProject(projectName), _scope, cancellationToken);

    /// <summary>Gets a project if there is one, from memory.</summary>
    /// <param name="projectName">The name; null or malformed is a name that no project has.</param>
    /// <param name="project">The project, or null.</param>
    /// <returns>Whether there is a project of the name.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public bool TryGet([NotNullWhen(true)] string? projectName, [NotNullWhen(true)] out Project? project)
    {
        _pipeline.ThrowIfClosed();
        if (_scope.TryGetLoaded(out ScopeState? state))
        {
            _scope.NoteUse();
            project = projectName is not null && state.TryFind(projectName, out Project? found) ? found : null;
            if (_pipeline.IsDirect)
            {
                return project is not null;
            }
        }

        project = NameRule.Holds(projectName) ? _pipeline.Run(OperationCall.FindProject(projectName), _scope) : null;
        return project is not null;
    }

    /// <summary>Gets a project if there is one: the asynchronous form of <see cref="TryGet"/>.</summary>
    /// <inheritdoc cref="GetAsync" path="/remarks"/>
    /// <param name="projectName">The name; null or malformed is a name that no project has.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <returns>The project, or null.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<Project?> FindAsync(string? projectName, CancellationToken cancellationToken = default)
    {
        _pipeline.ThrowIfClosed();
        return NameRule.Holds(projectName)
            ? _pipeline.RunAsync(OperationCall.FindProject(projectName), _scope, cancellationToken)
            : new((Project?)null);
    }

    /// <summary>Changes the fields of a project that the request names; a field that is null stays as it is.</summary>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <returns>The whole project after the change.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule, or none
    /// but the name is given. <see cref="ImmErrorCode.ResourceNotFound"/>: there is none of the name.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Project Update(UpdateProjectRequest request) => _pipeline.Run(OperationCall.UpdateProject(request), _scope);

    /// <inheritdoc cref="Update"/>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Project> UpdateAsync(UpdateProjectRequest request, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.UpdateProject(request), _scope, cancellationToken);

    /// <summary>Deletes a project that has no datasets and no attached buckets. Its name is free at once.</summary>
    /// <param name="projectName">The name.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is
    /// none of the name. <see cref="ImmErrorCode.StatusConflict"/>: the project has datasets or attached buckets.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has
    /// failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Delete(string projectName) => _pipeline.Run(OperationCall.DeleteProject(projectName), _scope);

    /// <inheritdoc cref="Delete(string)"/>
    /// <param name="projectName">The name.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteAsync(string projectName, CancellationToken cancellationToken = default) =>
        WithoutAnswer(_pipeline.RunAsync(OperationCall.DeleteProject(projectName), _scope, cancellationToken));

    /// <summary>Deletes a project that has no datasets, if it is as the caller knows it.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="expectedRevision">The <see cref="Project.Revision"/> that it must have: 1 to 2^63−1.</param>
    /// <exception cref="ImmException">
    /// As for <see cref="Delete(string)"/>; and <see cref="ImmErrorCode.InvalidArgument"/>: the revision is below 1.
    /// <see cref="ImmErrorCode.RevisionMismatch"/>: the project has another revision.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Delete(string projectName, long expectedRevision) =>
        _pipeline.Run(OperationCall.DeleteProject(projectName, expectedRevision), _scope);

    /// <inheritdoc cref="Delete(string, long)"/>
    /// <param name="projectName">The name.</param>
    /// <param name="expectedRevision">The <see cref="Project.Revision"/> that it must have: 1 to 2^63−1.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteAsync(string projectName, long expectedRevision, CancellationToken cancellationToken = default) =>
        WithoutAnswer(_pipeline.RunAsync(OperationCall.DeleteProject(projectName, expectedRevision), _scope, cancellationToken));

    /// <summary>Lists one page of projects in ordinal order of their names, from memory.</summary>
    /// <remarks>
    /// A page has at most 200 projects, by default 100, and a <see cref="ProjectPage.NextToken"/> where there are more.
    /// <see cref="ListAll"/> lists all of them.
    /// </remarks>
    /// <param name="request">The page; null for the first 100 projects.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectPage List(ListProjectsRequest? request = null) =>
        _pipeline.Run(OperationCall.ListProjects(request, _scope.Scope), _scope);

    /// <inheritdoc cref="List"/>
    /// <remarks>
    /// A store in memory or in a file has the answer at once. The method is for code that is to work with a store elsewhere too.
    /// </remarks>
    /// <param name="request">The page; null for the first 100 projects.</param>
    /// <param name="cancellationToken">Cancels the read while it waits.</param>
    /// <exception cref="OperationCanceledException">The read was cancelled.</exception>
    public ValueTask<ProjectPage> ListAsync(ListProjectsRequest? request = null, CancellationToken cancellationToken = default) =>
        _pipeline.RunAsync(OperationCall.ListProjects(request, _scope.Scope), _scope, cancellationToken);

    /// <summary>Lists all projects in ordinal order of their names, from memory.</summary>
    /// <remarks>
    /// The projects are those of one moment, that of the call, however late and often they are read. Authorized and observed as one
    /// <see cref="List"/>, when the call is made. What is listed stays in memory until the result is let go.
    /// </remarks>
    /// <param name="prefix">The text that each listed name starts with, as <see cref="ListRequest.Prefix"/>; null for all names.</param>
    /// <param name="tags">The tags that each listed project has, as <see cref="ListProjectsRequest.Tag"/>; null for all projects.</param>
    /// <exception cref="ImmException">
    /// Thrown by the call, not by the enumeration. <see cref="ImmErrorCode.InvalidArgument"/> or
    /// <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule. <see cref="ImmErrorCode.NoPermission"/>: the authorizer
    /// refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public IEnumerable<Project> ListAll(string? prefix = null, IReadOnlyList<Tag>? tags = null) =>
        _pipeline.Run(OperationCall.ListAllProjects(prefix, tags, _scope.Scope), _scope);

    /// <inheritdoc cref="ListAll"/>
    /// <param name="prefix">The text that each listed name starts with, as <see cref="ListRequest.Prefix"/>; null for all names.</param>
    /// <param name="tags">The tags that each listed project has, as <see cref="ListProjectsRequest.Tag"/>; null for all projects.</param>
    /// <param name="cancellationToken">Cancels the read and the enumeration.</param>
    /// <exception cref="OperationCanceledException">The read or the enumeration was cancelled.</exception>
    public IAsyncEnumerable<Project> ListAllAsync(
        string? prefix = null, IReadOnlyList<Tag>? tags = null, CancellationToken cancellationToken = default) =>
        EachAsync(
            _pipeline.RunAsync(OperationCall.ListAllProjects(prefix, tags, _scope.Scope), _scope, cancellationToken), cancellationToken);

    /// <summary>
    /// Sets how many projects there may be, for this account and region and for good. Projects beyond it stay; new ones are refused.
    /// </summary>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="projectQuota"/> is below 0.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void SetProjectQuota(int projectQuota) => _pipeline.Run(OperationCall.SetProjectQuota(projectQuota), _scope);

    /// <inheritdoc cref="SetProjectQuota"/>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask SetProjectQuotaAsync(int projectQuota, CancellationToken cancellationToken = default) =>
        WithoutAnswer(_pipeline.RunAsync(OperationCall.SetProjectQuota(projectQuota), _scope, cancellationToken));

    /// <summary>Runs an operation for a caller that takes a refusal as a value.</summary>
    /// <param name="call">The operation.</param>
    /// <param name="isSynchronous">True if all of it must run on the calling thread, so that the task is completed.</param>
    /// <param name="cancellationToken">Cancels the operation while it waits.</param>
    internal ValueTask<ImmOutcome<TAnswer>> RunAsync<TAnswer>(
        in OperationCall<TAnswer> call, bool isSynchronous, CancellationToken cancellationToken) =>
        _pipeline.RunAsync(call, _scope, isSynchronous, cancellationToken);

    /// <summary>Makes the request in which an authorizer is asked about a call that has names and nothing else.</summary>
    internal AuthorizationRequest NewAuthorizationRequest(string action, string? projectName, string? datasetName) =>
        _pipeline.NewAuthorizationRequest(action, _scope, projectName, datasetName);

    /// <summary>Commits a command that is no action of the service: neither authorized nor observed.</summary>
    internal TAnswer Apply<TAnswer>(Command<TAnswer> command) => _pipeline.Run(OperationCall.Unlisted(command), _scope);

    private static ValueTask WithoutAnswer<TAnswer>(ValueTask<TAnswer> task) =>
        task.IsCompletedSuccessfully ? ValueTask.CompletedTask : new ValueTask(task.AsTask());

    /// <summary>Enumerates a list that is being read. What is refused by now is thrown by this call.</summary>
    private static IAsyncEnumerable<T> EachAsync<T>(ValueTask<IEnumerable<T>> list, CancellationToken cancellationToken)
    {
        Task<IEnumerable<T>> reading = list.AsTask();
        if (reading.IsCompleted)
        {
            reading.GetAwaiter().GetResult();
        }

        return Each(reading, cancellationToken);

        static async IAsyncEnumerable<T> Each(
            Task<IEnumerable<T>> reading, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (T item in await reading.WaitAsync(cancellationToken).ConfigureAwait(false))
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return item;
            }
        }
    }
}
