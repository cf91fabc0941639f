namespace Imm.Core.Testing;

/// <summary>The users, roles, policies and access keys of a fixture, whose decisions are enforced. Thread-safe.</summary>
/// <remarks>
/// <see cref="ImmFixture.Registry"/> and <see cref="ImmFixture.HttpHandler"/> are those of the account itself, which may do everything.
/// </remarks>
/// <example>
/// <code>
/// using var fixture = new ImmFixture();
/// ImmFixturePrincipal role = fixture.Ram.Role("photo-service").Attach("AliyunIMMReadOnlyAccess");
/// role.MustBeDenied(ImmOperation.DeleteProject, "photos");
/// IEnumerable&lt;Project&gt; projects = role.Registry.ListAll();
/// </code>
/// </example>
public sealed class ImmFixtureRam
{
    private readonly Lazy<ImmApi> _verifyingApi;

    internal ImmFixtureRam(FixtureAccess access, Func<Guid> requestId)
    {
        Access = access;
        _verifyingApi = new(() => new ImmApi(
            access.Store, new ImmApiOptions { RequestId = requestId, Credentials = id => access.Credentials.GetValueOrDefault(id) }));
    }

    /// <summary>The authorizer of the fixture, to replace or read its policies.</summary>
    public RamAuthorizer Authorizer => Access.Authorizer;

    internal FixtureAccess Access { get; }

    /// <summary>A RAM user of <see cref="ImmFixture.AccountId"/>, known or new. A new one may do nothing.</summary>
    /// <param name="userName">The user: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <exception cref="ArgumentException"><paramref name="userName"/> is null or malformed.</exception>
    public ImmFixturePrincipal User(string userName) => new(Access, RamPrincipal.User(Access.AccountId, userName));

    /// <summary>A session of a RAM role of <see cref="ImmFixture.AccountId"/>, known or new. A new role may do nothing.</summary>
    /// <param name="roleName">The role: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <param name="sessionName">The session, in the same form.</param>
    /// <param name="sessionPolicy">A policy that must allow an operation too; null for none.</param>
    /// <exception cref="ArgumentException">A name is null or malformed.</exception>
    public ImmFixturePrincipal Role(string roleName, string sessionName = "session", RamPolicy? sessionPolicy = null) =>
        new(Access, RamPrincipal.RoleSession(Access.AccountId, roleName, sessionName, sessionPolicy));

    /// <summary>Attaches policies to a group of <see cref="ImmFixture.AccountId"/>.</summary>
    /// <param name="groupName">The group: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <param name="policies">The policies.</param>
    /// <returns>This.</returns>
    /// <exception cref="ArgumentException">An argument or a policy is null, or the group's name is malformed.</exception>
    public ImmFixtureRam AttachToGroup(string groupName, params RamPolicy[] policies)
    {
        Authorizer.Change(access => access.AttachToGroup(Access.AccountId, groupName, policies));
        return this;
    }

    /// <summary>
    /// Makes a handler through which an <see cref="HttpClient"/> calls the fixture without a socket, and which refuses a request that no
    /// key of <see cref="ImmFixturePrincipal.Key"/> has signed.
    /// </summary>
    public ImmHttpMessageHandler HttpHandler() => new(_verifyingApi.Value, Access.AccountId, Access.RegionId);
}
