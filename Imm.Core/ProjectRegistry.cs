using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using CommunityToolkit.Diagnostics;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Telemetry;

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
/// The asynchronous members wait for their turn and for the disk together with others, and hold no thread while they do. Where nobody else
/// writes, the calling thread takes the change to the disk itself, which is quickest, and the call has ended when it returns; a thread that
/// begins many changes one after the other does so at most for the first, and the others go to the disk together. A token withdraws a
/// change as long as it only waits; once its turn has come the outcome is reported whatever the token says. The synchronous members wait on
/// the calling thread, and need no thread of the pool.
/// </para>
/// <para>
/// While <see cref="ImmStoreOptions.MaxWaitingWrites"/> changes wait, the next one that would have to is refused with
/// <see cref="ImmErrorCode.ThrottlingUser"/>: nothing was changed, and it may be tried again.
/// </para>
/// </remarks>
public sealed partial class ProjectRegistry
{
    private readonly ImmStore _store;
    private readonly Scope _scope;
    private readonly bool _waits;

    /// <summary>
    /// The holder of the scope where there was one when it was last looked for; as long as it has a state, that is the scope's.
    /// </summary>
    private ScopeHolder? _holder;

    /// <param name="store">The store.</param>
    /// <param name="scope">The account and region.</param>
    /// <param name="waits">True if the asynchronous members wait too, on the calling thread, so that what they return is completed.</param>
    internal ProjectRegistry(ImmStore store, Scope scope, bool waits = false)
    {
        _store = store;
        _scope = scope;
        _waits = waits;
    }

    /// <summary>The account.</summary>
    public string AccountId => _scope.AccountId;

    /// <summary>The region.</summary>
    public string RegionId => _scope.RegionId;

    /// <summary>
    /// The number of projects that there may be: the last that <see cref="SetProjectQuota"/> has set here, or else
    /// <see cref="ImmStoreOptions.ProjectQuota"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public int ProjectQuota => State.ProjectQuota;

    internal ScopeState State => _store.Read(_scope, ref _holder);

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
    public Project Create(CreateProjectRequest request) => SubmitCreate(request, CancellationToken.None).Wait();

    /// <inheritdoc cref="Create"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Project> CreateAsync(CreateProjectRequest request, CancellationToken cancellationToken = default) =>
        SubmitCreate(request, cancellationToken).AsValueTask();

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
        _store.ThrowIfDisposed();

        // Looked for before it is asked whether that was all there is to do: the answer comes while the search waits for memory.
        if (projectName is not null
            && _holder is { Published: { } state } holder
            && state.TryFind(projectName, out Project? found)
            && _store.IsDirect)
        {
            _store.Touch(holder);
            return found;
        }

        return GetInFull(projectName).Wait();
    }

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
        _store.ThrowIfDisposed();
        if (_holder is { Published: { } state } holder)
        {
            _store.Touch(holder);
            project = projectName is not null && state.TryFind(projectName, out Project? found) ? found : null;
            if (_store.IsDirect)
            {
                return project is not null;
            }
        }

        project = NameRule.Holds(projectName) ? FindInFull(projectName).Wait() : null;
        return project is not null;
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
    public Project Update(UpdateProjectRequest request) => SubmitUpdate(request, CancellationToken.None).Wait();

    /// <inheritdoc cref="Update"/>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask<Project> UpdateAsync(UpdateProjectRequest request, CancellationToken cancellationToken = default) =>
        SubmitUpdate(request, cancellationToken).AsValueTask();

    /// <summary>Deletes a project that has no datasets. Its name is free at once.</summary>
    /// <param name="projectName">The name.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is
    /// none of the name. <see cref="ImmErrorCode.StatusConflict"/>: the project has datasets. <see cref="ImmErrorCode.NoPermission"/>: the
    /// authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Delete(string projectName) => SubmitDelete(projectName, CancellationToken.None).Wait();

    /// <inheritdoc cref="Delete"/>
    /// <param name="projectName">The name.</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask DeleteAsync(string projectName, CancellationToken cancellationToken = default) =>
        SubmitDelete(projectName, cancellationToken).AsDone();

    /// <summary>Lists projects in ordinal order of their names, page by page, from memory.</summary>
    /// <param name="request">Which; null for the first 100.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectPage List(ListProjectsRequest? request = null)
    {
        request = request?.Copy();
        Refusal? malformed = ListProjects.Parse(request, _scope, out ListProjects? query);
        return _store.IsDirect && malformed is null
            ? Run(query!, State).Wait()
            : ListInFull(malformed, query, request).Wait();
    }

    /// <summary>
    /// Sets how many projects there may be, for this account and region and for good. Projects beyond it stay; new ones are refused.
    /// </summary>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="projectQuota"/> is below 0.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void SetProjectQuota(int projectQuota) => SubmitProjectQuota(projectQuota, CancellationToken.None).Wait();

    /// <inheritdoc cref="SetProjectQuota"/>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <param name="cancellationToken">Cancels the change while it waits.</param>
    /// <exception cref="OperationCanceledException">The change was cancelled; nothing was changed.</exception>
    public ValueTask SetProjectQuotaAsync(int projectQuota, CancellationToken cancellationToken = default) =>
        SubmitProjectQuota(projectQuota, cancellationToken).AsDone();

    /// <summary><see cref="Get"/> that holds no thread where a hook takes its time.</summary>
    /// <param name="projectName">The name.</param>
    /// <param name="unreadable">A refusal of a parameter after the name; null where there is none.</param>
    /// <param name="cancellationToken">Gives up a hook that takes its time.</param>
    internal ValueTask<Project> GetAsync(string? projectName, Refusal? unreadable, CancellationToken cancellationToken) =>
        GetInFull(projectName, unreadable, cancellationToken).AsValueTask();

    /// <summary><see cref="List"/> that holds no thread where a hook takes its time.</summary>
    internal ValueTask<ProjectPage> ListAsync(ListProjectsRequest request, CancellationToken cancellationToken)
    {
        request = request.Copy();
        Refusal? malformed = ListProjects.Parse(request, _scope, out ListProjects? query);
        return ListInFull(malformed, query, request, cancellationToken).AsValueTask();
    }

    /// <summary>Carries out a command, without asking or telling anybody.</summary>
    internal TAnswer Apply<TAnswer>(Command<TAnswer> command) => Enqueue(command, CancellationToken.None).Wait();

    private Outcome<ProjectPage> ListInFull(
        Refusal? malformed, ListProjects? query, ListProjectsRequest? request, CancellationToken cancellationToken = default) => Read(
        malformed,
        ImmAction.ListProjects,
        "*",
        null,
        request,
        query?.Tags,
        state => Run(query!, state),
        cancellationToken);

    private Outcome<Project> GetInFull(
        string? projectName, Refusal? unreadable = null, CancellationToken cancellationToken = default) => Read(
        NameRule.Check(nameof(Project.ProjectName), projectName) ?? unreadable,
        ImmAction.GetProject,
        projectName,
        null,
        projectName,
        TagSet.Empty,
        state => Run(new GetProject(projectName!), state),
        cancellationToken);

    private Outcome<Project?> FindInFull(string? projectName) => Read(
        null,
        ImmAction.GetProject,
        projectName,
        null,
        projectName,
        TagSet.Empty,
        state => Run(new FindProject(projectName!), state));

    private Outcome<Project> SubmitCreate(CreateProjectRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        request = request.Copy();
        Refusal? malformed = CreateProject.TryRead(request, out CreateProject? command);
        return Submit(malformed, ImmAction.CreateProject, request.ProjectName, null, request, command?.Tags, command, cancellationToken);
    }

    private Outcome<Project> SubmitUpdate(UpdateProjectRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        request = request.Copy();
        Refusal? malformed = UpdateProject.TryRead(request, out UpdateProject? command);
        return Submit(malformed, ImmAction.UpdateProject, request.ProjectName, null, request, command?.Tags, command, cancellationToken);
    }

    private Outcome<Project> SubmitDelete(string projectName, CancellationToken cancellationToken) => Submit(
        NameRule.Check(nameof(Project.ProjectName), projectName),
        ImmAction.DeleteProject,
        projectName,
        null,
        projectName,
        TagSet.Empty,
        new DeleteProject(projectName),
        cancellationToken);

    private Outcome<int> SubmitProjectQuota(int projectQuota, CancellationToken cancellationToken)
    {
        // The account's operator sets it, not its user: it is no action of the service, and nobody is asked.
        Guard.IsGreaterThanOrEqualTo(projectQuota, 0, nameof(projectQuota));
        return Enqueue(new SetProjectQuota(projectQuota), cancellationToken);
    }

    /// <summary>The checks of every change before it waits, in the order of the contract.</summary>
    /// <param name="malformed">What the parameters break.</param>
    /// <param name="action">The RAM action.</param>
    /// <param name="projectName">The project as the caller named it.</param>
    /// <param name="datasetName">The dataset as the caller named it; null where the call is about no dataset.</param>
    /// <param name="request">What the caller gave.</param>
    /// <param name="tags">The tags of the request; only where it is well-formed.</param>
    /// <param name="command">The command; only where the request is well-formed.</param>
    /// <param name="cancellationToken">Withdraws the change.</param>
    private Outcome<TAnswer> Submit<TAnswer>(
        Refusal? malformed,
        string action,
        string? projectName,
        string? datasetName,
        object? request,
        TagSet? tags,
        Command<TAnswer>? command,
        CancellationToken cancellationToken)
    {
        if (!_store.IsDirect)
        {
            return SubmitWatched(malformed, action, projectName, datasetName, request, tags, command, cancellationToken);
        }

        _store.ThrowIfDisposed();
        return malformed is not null ? new(malformed.ToException()) : Enqueue(command!, cancellationToken);
    }

    // Apart, so that only a call that somebody is asked about or watches pays for what it captures.
    private Outcome<TAnswer> SubmitWatched<TAnswer>(
        Refusal? malformed,
        string action,
        string? projectName,
        string? datasetName,
        object? request,
        TagSet? tags,
        Command<TAnswer>? command,
        CancellationToken cancellationToken) =>
        Run(
            malformed,
            _store.Authorizer is null ? null : () => Authorize(action, projectName!, tags!, datasetName),
            action,
            projectName,
            datasetName,
            request,
            () => Enqueue(command!, cancellationToken),
            cancellationToken);

    private static Outcome<TAnswer> Run<TAnswer>(Query<TAnswer> query, ScopeState state) =>
        query.Run(state, out TAnswer? answer) is { } refusal ? new(refusal.ToException()) : new(answer!);

    /// <summary>The way of a read where there is an authorizer or a listener.</summary>
    private Outcome<TAnswer> Read<TAnswer>(
        Refusal? malformed,
        string action,
        string? projectName,
        string? datasetName,
        object? request,
        TagSet? tags,
        Func<ScopeState, Outcome<TAnswer>> read,
        CancellationToken cancellationToken = default) =>
        Run(
            malformed,
            _store.Authorizer is null ? null : () => Authorize(action, projectName!, tags!, datasetName),
            action,
            projectName,
            datasetName,
            request,
            () => read(State),
            cancellationToken);

    private Outcome<TAnswer> Run<TAnswer>(
        Refusal? malformed,
        Func<Refusal?>? authorize,
        string action,
        string? projectName,
        string? datasetName,
        object? request,
        Func<Outcome<TAnswer>> execute,
        CancellationToken cancellationToken)
    {
        _store.ThrowIfDisposed();
        return _store.Hooks.AreEnabled
                ? RunWatched(
                    malformed, authorize, new Operation(action, _scope, projectName, datasetName, request), execute, cancellationToken)
            : (malformed ?? authorize?.Invoke()) is { } refused ? new(refused.ToException())
            : execute();
    }

    // Apart, as above.
    private Outcome<TAnswer> RunWatched<TAnswer>(
        Refusal? malformed,
        Func<Refusal?>? authorize,
        Operation operation,
        Func<Outcome<TAnswer>> execute,
        CancellationToken cancellationToken) =>
        new(waits => _store.Hooks.RunAsync(operation, malformed, authorize, execute, waits || _waits, cancellationToken));

    private Outcome<TAnswer> Enqueue<TAnswer>(Command<TAnswer> command, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Cancelled<TAnswer>(cancellationToken);
        }

        if (_store.Committer.IsFull)
        {
            return new(Refusal.TooManyWaiting.ToException());
        }

        // A refusal that the present state decides needs neither the queue nor the disk.
        ScopeState state = State;
        if ((_store.Committer.Failure ?? command.Refuse(state)?.ToException()) is { } refused)
        {
            return new(refused);
        }

        if (command.IsEmpty)
        {
            return new(command.Decide(state, nowTicks: 0, edit: null).Answer!);
        }

        PendingWrite<TAnswer> write = _store.Committer.Submit(_scope, _holder, command, cancellationToken);
        return _waits ? new(write.Wait()) : new(write);
    }

    // Apart, so that only a change that is cancelled pays for what it captures.
    private static Outcome<TAnswer> Cancelled<TAnswer>(CancellationToken cancellationToken) =>
        new(_ => Task.FromCanceled<TAnswer>(cancellationToken));

    /// <summary>Asks the authorizer, which there is.</summary>
    private Refusal? Authorize(string action, string projectName, TagSet tags, string? datasetName)
    {
        // An authorizer may use the store, and is asked about that in turn. One that never comes to an end must not take the process down.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        string resource = datasetName is null ? _scope.ProjectArn(projectName) : _scope.DatasetArn(projectName, datasetName);
        AuthorizationDecision decision = _store.Authorizer!.Authorize(
            new AuthorizationRequest(action, resource, AccountId, RegionId, tags));
        return decision.IsAllowed ? null : Refusal.NoPermission(decision.Reason);
    }
}
