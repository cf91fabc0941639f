using System.Diagnostics.CodeAnalysis;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core;

/// <summary>The projects of one account in one region.</summary>
/// <remarks>
/// <para>
/// Safe to use from many threads at once. Changes take place one after the other, each wholly or not at all, and are durable when the call returns;
/// a read sees the changes that were acknowledged before it began, and all its parts see the same moment.
/// </para>
/// <para>
/// Refusals are <see cref="ImmException"/>s, found in this order: the parameters in the order of the service's page, then the authorizer, then
/// throttling, then whether the store can be written, then whether what is asked for exists, then conflicts, then quotas.
/// </para>
/// <para>
/// The asynchronous members wait for the disk together with others, without a thread of their own. A token withdraws a change as long as it only
/// waits; once its turn has come the outcome is reported whatever the token says.
/// </para>
/// </remarks>
public sealed partial class ProjectRegistry
{
    private readonly ImmStore _store;
    private readonly ScopeHolder _scope;

    internal ProjectRegistry(ImmStore store, ScopeHolder scope)
    {
        _store = store;
        _scope = scope;
    }

    /// <summary>The account.</summary>
    public string AccountId => _scope.Scope.AccountId;

    /// <summary>The region.</summary>
    public string RegionId => _scope.Scope.RegionId;

    /// <summary>
    /// How many projects there may be: what <see cref="SetProjectQuota"/> has set here last, or else <see cref="ImmStoreOptions.ProjectQuota"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public int ProjectQuota => State.ProjectQuota;

    private ScopeState State => _store.Read(_scope);

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
    public Project Create(CreateProjectRequest request) => Wait(SubmitCreate(request, CancellationToken.None));

    /// <inheritdoc cref="Create"/>
    /// <param name="request">What to create; it is read before the call returns.</param>
    /// <param name="cancellationToken">Withdraws the change while it waits for its turn.</param>
    /// <exception cref="OperationCanceledException">The change was withdrawn; nothing was changed.</exception>
    public ValueTask<Project> CreateAsync(CreateProjectRequest request, CancellationToken cancellationToken = default) =>
        Await(SubmitCreate(request, cancellationToken));

    /// <summary>Gets a project, from memory.</summary>
    /// <param name="projectName">The name.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is none of the
    /// name. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in
    /// memory yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Project Get(string projectName)
    {
        ScopeState state = State;
        if (_store.Authorizer is null && projectName is not null && state.TryFind(projectName, out ProjectEntry? found))
        {
            return found.Project;
        }

        Throw(NameRule.Check(nameof(Project.ProjectName), projectName) ?? Authorize(ImmAction.GetProject, projectName!, TagSet.Empty, dataset: null));
        return state.TryFind(projectName!, out ProjectEntry? entry)
            ? entry.Project
            : throw Refusal.NotFound("project", nameof(Project.ProjectName)).ToException();
    }

    /// <summary>Gets a project if there is one, from memory.</summary>
    /// <param name="projectName">The name; null or malformed is a name that no project has.</param>
    /// <param name="project">The project, or null.</param>
    /// <returns>Whether there is a project of the name.</returns>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory
    /// yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public bool TryGet([NotNullWhen(true)] string? projectName, [NotNullWhen(true)] out Project? project)
    {
        ScopeState state = State;
        project = null;
        if (!NameRule.Holds(projectName))
        {
            return false;
        }

        Throw(Authorize(ImmAction.GetProject, projectName!, TagSet.Empty, dataset: null));
        project = state.TryFind(projectName!, out ProjectEntry? entry) ? entry.Project : null;
        return project is not null;
    }

    /// <summary>Changes the fields of a project that the request names; a field that is null stays as it is.</summary>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <returns>The whole project after the change.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule, or none but the name
    /// is given. <see cref="ImmErrorCode.ResourceNotFound"/>: there is none of the name. <see cref="ImmErrorCode.NoPermission"/>: the authorizer
    /// refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public Project Update(UpdateProjectRequest request) => Wait(SubmitUpdate(request, CancellationToken.None));

    /// <inheritdoc cref="Update"/>
    /// <param name="request">What to change; it is read before the call returns.</param>
    /// <param name="cancellationToken">Withdraws the change while it waits for its turn.</param>
    /// <exception cref="OperationCanceledException">The change was withdrawn; nothing was changed.</exception>
    public ValueTask<Project> UpdateAsync(UpdateProjectRequest request, CancellationToken cancellationToken = default) =>
        Await(SubmitUpdate(request, cancellationToken));

    /// <summary>Deletes a project that has no datasets. Its name is free at once.</summary>
    /// <param name="projectName">The name.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/>: the name is null or malformed. <see cref="ImmErrorCode.ResourceNotFound"/>: there is none of the
    /// name. <see cref="ImmErrorCode.StatusConflict"/>: the project has datasets. <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses.
    /// <see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Delete(string projectName) => Wait(SubmitDelete(projectName, CancellationToken.None));

    /// <inheritdoc cref="Delete"/>
    /// <param name="projectName">The name.</param>
    /// <param name="cancellationToken">Withdraws the change while it waits for its turn.</param>
    /// <exception cref="OperationCanceledException">The change was withdrawn; nothing was changed.</exception>
    public ValueTask DeleteAsync(string projectName, CancellationToken cancellationToken = default) =>
        AwaitDone(SubmitDelete(projectName, cancellationToken));

    /// <summary>Lists projects in ordinal order of their names, page by page, from memory.</summary>
    /// <param name="request">Which; null for the first 100.</param>
    /// <exception cref="ImmException">
    /// <see cref="ImmErrorCode.InvalidArgument"/> or <see cref="ImmErrorCode.LimitExceededError"/>: a parameter breaks its rule.
    /// <see cref="ImmErrorCode.NoPermission"/>: the authorizer refuses. <see cref="ImmErrorCode.ServiceUnavailable"/>: the scope was not in memory
    /// yet and cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ProjectPage List(ListProjectsRequest? request = null)
    {
        ScopeState state = State;
        Throw(ProjectQuery.TryRead(request, _scope.Scope, out ProjectQuery? query) ?? Authorize(ImmAction.ListProjects, "*", query!.Tags, dataset: null));
        return query!.Run(state);
    }

    /// <summary>Sets how many projects there may be, for this account and region and for good. Projects beyond it stay; new ones are refused.</summary>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="projectQuota"/> is below 0.</exception>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store has failed.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void SetProjectQuota(int projectQuota) => Wait(SubmitProjectQuota(projectQuota, CancellationToken.None));

    /// <inheritdoc cref="SetProjectQuota"/>
    /// <param name="projectQuota">0 to 2,147,483,647 (both inclusive).</param>
    /// <param name="cancellationToken">Withdraws the change while it waits for its turn.</param>
    /// <exception cref="OperationCanceledException">The change was withdrawn; nothing was changed.</exception>
    public ValueTask SetProjectQuotaAsync(int projectQuota, CancellationToken cancellationToken = default) =>
        AwaitDone(SubmitProjectQuota(projectQuota, cancellationToken));

    private Outcome<Project> SubmitCreate(CreateProjectRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        Refusal? malformed = CreateProject.TryRead(request, out CreateProject? command);
        return Submit(malformed, command, ImmAction.CreateProject, command?.Name, command?.Tags, cancellationToken);
    }

    private Outcome<Project> SubmitUpdate(UpdateProjectRequest request, CancellationToken cancellationToken)
    {
        Guard.IsNotNull(request, nameof(request));
        Refusal? malformed = UpdateProject.TryRead(request, out UpdateProject? command);
        return Submit(malformed, command, ImmAction.UpdateProject, command?.Name, command?.Tags, cancellationToken);
    }

    private Outcome<Project> SubmitDelete(string projectName, CancellationToken cancellationToken) => Submit(
        NameRule.Check(nameof(Project.ProjectName), projectName), new DeleteProject(projectName), ImmAction.DeleteProject, projectName, TagSet.Empty, cancellationToken);

    private Outcome<int> SubmitProjectQuota(int projectQuota, CancellationToken cancellationToken)
    {
        Guard.IsGreaterThanOrEqualTo(projectQuota, 0, nameof(projectQuota));
        return Enqueue(State, new SetProjectQuota(projectQuota), cancellationToken);
    }

    /// <summary>What every change of a project goes through before it waits for its turn, in the order of the contract.</summary>
    private Outcome<TAnswer> Submit<TAnswer>(
        Refusal? malformed, Command<TAnswer>? command, string action, string? projectName, TagSet? tags, CancellationToken cancellationToken, string? dataset = null)
    {
        ScopeState state = State;
        return (malformed ?? Authorize(action, projectName!, tags!, dataset)) is { } refusal
            ? new(refusal.ToException())
            : Enqueue(state, command!, cancellationToken);
    }

    private Outcome<TAnswer> Enqueue<TAnswer>(ScopeState state, Command<TAnswer> command, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested ? new(Task.FromCanceled<TAnswer>(cancellationToken))
        : _store.Committer.Failure is { } failure ? new(failure)
        : command.Refuse(state) is { } refusal ? new(refusal.ToException())
        : new(_store.Committer.Submit(_scope, command, cancellationToken));

    private Refusal? Authorize(string action, string projectName, TagSet tags, string? dataset)
    {
        if (_store.Authorizer is not { } authorizer)
        {
            return null;
        }

        string resource = dataset is null ? _scope.Scope.ProjectArn(projectName) : _scope.Scope.DatasetArn(projectName, dataset);
        AuthorizationDecision decision = authorizer.Authorize(new AuthorizationRequest(action, resource, AccountId, RegionId, tags));
        return decision.IsAllowed ? null : Refusal.NoPermission(decision.Reason);
    }

    private static void Throw(Refusal? refusal)
    {
        if (refusal is not null)
        {
            throw refusal.ToException();
        }
    }

    private static TAnswer Wait<TAnswer>(Outcome<TAnswer> outcome) =>
        outcome.Refused is { } exception ? throw exception : outcome.Task!.GetAwaiter().GetResult();

    private static ValueTask<TAnswer> Await<TAnswer>(Outcome<TAnswer> outcome) =>
        outcome.Refused is { } exception ? ValueTask.FromException<TAnswer>(exception) : new(outcome.Task!);

    private static ValueTask AwaitDone<TAnswer>(Outcome<TAnswer> outcome) =>
        outcome.Refused is { } exception ? ValueTask.FromException(exception) : new(outcome.Task!);

    /// <summary>A change that was refused at once, or is on its way.</summary>
    private readonly struct Outcome<TAnswer>
    {
        public Outcome(ImmException refused) => Refused = refused;

        public Outcome(Task<TAnswer> task) => Task = task;

        public ImmException? Refused { get; }

        public Task<TAnswer>? Task { get; }
    }
}
