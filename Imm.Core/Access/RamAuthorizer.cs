using CommunityToolkit.Diagnostics;
using Imm.Core.Access;

namespace Imm.Core;

/// <summary>
/// Decides operations by RAM policies. Safe to use from many threads at once; the policies can be replaced at any time, and each operation
/// is decided by one set of them.
/// </summary>
/// <example>
/// <code>
/// RamPrincipal alice = RamPrincipal.User("1234567890", "alice");
/// RamAccess access = RamAccess.Empty.Attach(alice, RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess"));
/// var authorizer = new RamAuthorizer(access, AuthorizationMode.Strict);
/// using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = "projects.db", Authorizer = authorizer });
/// ProjectRegistry projects = store.Registry("1234567890", "cn-hangzhou", alice);
/// </code>
/// </example>
public sealed class RamAuthorizer : IImmAuthorizer
{
    private RamAccess _access;

    /// <summary>Makes an authorizer.</summary>
    /// <param name="access">The policies.</param>
    /// <param name="mode">The effect of the decisions.</param>
    /// <param name="usesTags">
    /// True to fill <c>acs:RequestTag/…</c> from the tags that CreateProject or UpdateProject sets, and <c>acs:ResourceTag/…</c> from those
    /// of the existing project. The tags that a list filters by do not count. IMM's pages list no condition key, so the default value is
    /// false: a condition on a tag is not met.
    /// </param>
    /// <param name="requiresPassRole">
    /// True to require <c>ram:PassRole</c> on the role too, where a request sets <see cref="ProjectRequest.ServiceRole"/>, with the
    /// condition value <c>acs:Service</c> = <c>imm.aliyuncs.com</c>. IMM's pages list no dependent action, so the default value is false.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="access"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="mode"/> is none of the three modes.</exception>
    public RamAuthorizer(RamAccess access, AuthorizationMode mode, bool usesTags = false, bool requiresPassRole = false)
    {
        Guard.IsNotNull(access, nameof(access));
        if (!Enum.IsDefined(mode))
        {
            throw new ArgumentOutOfRangeException(nameof(mode), mode, "The mode is Off, Soft or Strict.");
        }

        _access = access;
        Mode = mode;
        UsesTags = usesTags;
        RequiresPassRole = requiresPassRole;
    }

    /// <inheritdoc/>
    public AuthorizationMode Mode { get; }

    /// <summary>True if conditions on the tags of requests and projects are filled.</summary>
    public bool UsesTags { get; }

    /// <summary>True if a request that sets a role is to be allowed <c>ram:PassRole</c> on it too.</summary>
    public bool RequiresPassRole { get; }

    /// <summary>The policies that decide now.</summary>
    public RamAccess Access => Volatile.Read(ref _access);

    /// <summary>Replaces the policies, for all decisions that begin afterwards.</summary>
    /// <param name="access">The policies.</param>
    /// <exception cref="ArgumentNullException"><paramref name="access"/> is null.</exception>
    public void Replace(RamAccess access)
    {
        Guard.IsNotNull(access, nameof(access));
        Volatile.Write(ref _access, access);
    }

    /// <summary>Changes the policies. If several threads do so at the same time, no change is lost.</summary>
    /// <param name="change">
    /// Makes the new policies from the present ones. Called again if another thread has changed them meanwhile. An exception that it throws
    /// is passed on, and nothing is changed.
    /// </param>
    /// <exception cref="ArgumentNullException"><paramref name="change"/> or its result is null.</exception>
    public void Change(Func<RamAccess, RamAccess> change)
    {
        Guard.IsNotNull(change, nameof(change));
        RamAccess before;
        RamAccess after;
        do
        {
            before = Access;
            after = change(before);
            Guard.IsNotNull(after, nameof(change));
        }
        while (Interlocked.CompareExchange(ref _access, after, before) != before);
    }

    /// <inheritdoc/>
    public AuthorizationDecision Authorize(AuthorizationRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        return Mode == AuthorizationMode.Off
            ? AuthorizationDecision.Allow
            : AuthorizationDecision.Of(Decide(request), Mode == AuthorizationMode.Strict);
    }

    /// <summary>Decides a request by the policies, whatever the <see cref="Mode"/>.</summary>
    /// <param name="request">The request.</param>
    /// <exception cref="ArgumentNullException"><paramref name="request"/> is null.</exception>
    public RamDecision Decide(AuthorizationRequest request)
    {
        Guard.IsNotNull(request, nameof(request));
        RamAccess access = Access;
        IReadOnlyDictionary<string, string> values = UsesTags ? request.TagConditionValues : request.ConditionValues;
        RamDecision decision = access.Decide(request.Principal, request.AccountId, request.Action, request.Resource, values);
        return RequiresPassRole && request.ServiceRole is { Length: > 0 } role && decision.IsAllowed
            ? access.Decide(
                request.Principal,
                request.AccountId,
                "ram:PassRole",
                $"acs:ram::{request.AccountId}:role/{role}",
                new PassRoleValues(values))
            : decision;
    }
}
