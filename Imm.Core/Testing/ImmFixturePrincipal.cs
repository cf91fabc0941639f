using CommunityToolkit.Diagnostics;

namespace Imm.Core.Testing;

/// <summary>
/// A RAM user or a role session of a fixture: its policies, its keys, and the view that it has of the store. Thread-safe.
/// </summary>
public sealed class ImmFixturePrincipal
{
    private readonly FixtureAccess _access;

    internal ImmFixturePrincipal(FixtureAccess access, RamPrincipal principal)
    {
        _access = access;
        Principal = principal;
    }

    /// <summary>The principal.</summary>
    public RamPrincipal Principal { get; }

    /// <summary>
    /// The registry of <see cref="ImmFixture.AccountId"/> in <see cref="ImmFixture.RegionId"/>, to give to code that is tested as this
    /// principal.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ProjectRegistry Registry => _access.Store.Registry(_access.AccountId, _access.RegionId, Principal);

    /// <summary>Attaches policies to the user, or to the role of the session.</summary>
    /// <param name="policies">The policies.</param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="policies"/> or one of them is null.</exception>
    public ImmFixturePrincipal Attach(params RamPolicy[] policies)
    {
        _access.Authorizer.Change(access => access.Attach(Principal, policies));
        return this;
    }

    /// <summary>Attaches a policy: a document, or the name of a system policy.</summary>
    /// <param name="jsonOrName">
    /// The JSON of a policy, or <c>AliyunIMMFullAccess</c>, <c>AliyunIMMReadOnlyAccess</c> or <c>AdministratorAccess</c>.
    /// </param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentException"><paramref name="jsonOrName"/> is null, or a name that no system policy has.</exception>
    /// <exception cref="FormatException">The document breaks a rule; the message begins with the JSON path and names the rule.</exception>
    public ImmFixturePrincipal Attach(string jsonOrName)
    {
        Guard.IsNotNull(jsonOrName, nameof(jsonOrName));
        return Attach(jsonOrName.AsSpan().TrimStart() is ['{', ..] ? RamPolicy.Parse(jsonOrName) : RamPolicy.SystemPolicy(jsonOrName));
    }

    /// <summary>Adds the user to a group (<see cref="ImmFixtureRam.AttachToGroup"/>).</summary>
    /// <param name="groupName">The group: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentException">The name is null or malformed, or this is a role session.</exception>
    public ImmFixturePrincipal InGroup(string groupName)
    {
        _access.Authorizer.Change(access => access.AddToGroup(Principal, groupName));
        return this;
    }

    /// <summary>
    /// Gives the principal an access key, with which requests through <see cref="ImmFixtureRam.HttpHandler"/> are signed.
    /// </summary>
    /// <param name="accessKeyId">The id: 1 to 128 characters. A key of that id is replaced.</param>
    /// <param name="accessKeySecret">The secret; not empty.</param>
    /// <param name="securityToken">The token of a temporary key; null for none.</param>
    /// <param name="expires">The moment from which the token is not accepted; null for never.</param>
    /// <param name="isActive">False for a key that is disabled.</param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentException">The id or the secret is null or empty, or the id is too long.</exception>
    public ImmFixturePrincipal Key(
        string accessKeyId, string accessKeySecret, string? securityToken = null, DateTimeOffset? expires = null, bool isActive = true)
    {
        var credential = new RamCredential(accessKeyId, accessKeySecret, Principal)
        {
            SecurityToken = securityToken,
            Expires = expires,
            IsActive = isActive,
        };
        _access.Credentials[credential.AccessKeyId] = credential;
        return this;
    }

    /// <summary>
    /// Decides an operation by the policies and the tags of the project as they are now, without calling it: as a call of
    /// <see cref="Registry"/> whose request sets neither tags nor a role.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="projectName">
    /// The project, which need not exist. Not looked at for <see cref="ImmOperation.ListProjects"/> and operations on no project.
    /// </param>
    /// <param name="datasetName">
    /// The dataset, which need not exist. Not looked at for operations on projects and <see cref="ImmOperation.ListDatasets"/>.
    /// </param>
    /// <exception cref="ArgumentException">
    /// <paramref name="operation"/> is not an operation, or a name that it needs is null.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public RamDecision Decide(ImmOperation operation, string? projectName = null, string? datasetName = null)
    {
        string action = ImmOperations.ActionOf(ImmOperations.Checked(operation, nameof(operation)));
        ImmResourceKind kind = ImmOperations.ResourceOf(operation);
        if (projectName is null && kind is not (ImmResourceKind.Everything or ImmResourceKind.AllProjects))
        {
            throw new ArgumentException($"{operation} is authorized for a project. Give its name.", nameof(projectName));
        }

        if (datasetName is null && kind == ImmResourceKind.Dataset)
        {
            throw new ArgumentException($"{operation} is authorized for a dataset. Give its name.", nameof(datasetName));
        }

        (string? project, string? dataset) = kind switch
        {
            ImmResourceKind.Everything => (null, null),
            ImmResourceKind.AllProjects => ("*", null),
            ImmResourceKind.Project => (projectName, null),
            ImmResourceKind.AllDatasets => (projectName, "*"),
            _ => (projectName, datasetName),
        };
        return _access.Authorizer.Decide(Registry.NewAuthorizationRequest(action, project, dataset));
    }

    /// <summary>Asserts that an operation is allowed.</summary>
    /// <inheritdoc cref="Decide" path="/param|/exception"/>
    /// <returns>The decision.</returns>
    /// <exception cref="ImmAssertionException">It is refused; the message says why.</exception>
    public RamDecision MustBeAllowed(ImmOperation operation, string? projectName = null, string? datasetName = null)
    {
        RamDecision decision = Decide(operation, projectName, datasetName);
        return decision.IsAllowed
            ? decision
            : throw new ImmAssertionException($"Expected that {Principal} may {operation}, but it is an {decision}");
    }

    /// <summary>Asserts that an operation is refused.</summary>
    /// <inheritdoc cref="Decide" path="/param|/exception"/>
    /// <returns>The decision.</returns>
    /// <exception cref="ImmAssertionException">It is allowed; the message says by which statement.</exception>
    public RamDecision MustBeDenied(ImmOperation operation, string? projectName = null, string? datasetName = null)
    {
        RamDecision decision = Decide(operation, projectName, datasetName);
        return decision.IsAllowed
            ? throw new ImmAssertionException($"Expected that {Principal} may not {operation}, but it may. {decision.Reason}")
            : decision;
    }
}
