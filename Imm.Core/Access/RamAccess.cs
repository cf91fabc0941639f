using System.Collections.Immutable;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// The policies of users, groups, roles and resource directories. Immutable and safe to use from many threads at once; each method gives
/// another instance.
/// </summary>
/// <remarks>A user or role that is not known here may do nothing. The account itself may do everything; no policy changes that.</remarks>
public sealed class RamAccess
{
    private static readonly RamPolicy[] None = [];

    private readonly ImmutableDictionary<string, RamPolicy[]> _attached;
    private readonly ImmutableDictionary<string, ImmutableHashSet<string>> _groups;
    private readonly ImmutableDictionary<string, RamPolicy[]> _control;

    // What a decision reads: the own policies of a user and those of its groups, by the ARN of the user.
    private readonly Lazy<Dictionary<string, RamPolicy[]>> _effective;

    private RamAccess(
        ImmutableDictionary<string, RamPolicy[]> attached,
        ImmutableDictionary<string, ImmutableHashSet<string>> groups,
        ImmutableDictionary<string, RamPolicy[]> control)
    {
        _attached = attached;
        _groups = groups;
        _control = control;
        _effective = new(Flatten);
    }

    /// <summary>No policies: only accounts themselves may do anything.</summary>
    public static RamAccess Empty { get; } = new(
        ImmutableDictionary<string, RamPolicy[]>.Empty,
        ImmutableDictionary<string, ImmutableHashSet<string>>.Empty,
        ImmutableDictionary<string, RamPolicy[]>.Empty);

    /// <summary>Attaches policies to a user or to the role of a session.</summary>
    /// <param name="principal">The user, or any session of the role.</param>
    /// <param name="policies">The policies, added to those attached before; may be empty.</param>
    /// <exception cref="ArgumentNullException">An argument or a policy is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="principal"/> is the account itself, which no policy restricts.</exception>
    public RamAccess Attach(RamPrincipal principal, params RamPolicy[] policies)
    {
        Guard.IsNotNull(principal, nameof(principal));
        if (principal.Kind == RamPrincipalKind.Root)
        {
            throw new ArgumentException(
                "The account itself is not restricted by policies; attach them to a user or a role.", nameof(principal));
        }

        return new(Add(_attached, principal.Arn, policies), _groups, _control);
    }

    /// <summary>Attaches policies to a group, for all users that are or will be added to it.</summary>
    /// <param name="accountId">The account of the group: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.</param>
    /// <param name="groupName">The group: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <param name="policies">The policies, added to those attached before; may be empty.</param>
    /// <exception cref="ArgumentException">
    /// An argument or a policy is null, or the account or the group's name is malformed.
    /// </exception>
    public RamAccess AttachToGroup(string accountId, string groupName, params RamPolicy[] policies) =>
        new(Add(_attached, Group(accountId, groupName), policies), _groups, _control);

    /// <summary>Adds a user to a group of its account.</summary>
    /// <param name="user">The user.</param>
    /// <param name="groupName">The group: 1 to 64 ASCII letters, digits, <c>.</c>, <c>-</c>, <c>_</c> and <c>@</c>.</param>
    /// <exception cref="ArgumentException">
    /// An argument is null, <paramref name="user"/> is not a RAM user, or the group's name is malformed.
    /// </exception>
    public RamAccess AddToGroup(RamPrincipal user, string groupName)
    {
        Guard.IsNotNull(user, nameof(user));
        if (user.Kind != RamPrincipalKind.User)
        {
            throw new ArgumentException("Only RAM users can be in a group.", nameof(user));
        }

        ImmutableHashSet<string> groups = _groups.GetValueOrDefault(user.Arn, []);
        return new(_attached, _groups.SetItem(user.Arn, groups.Add(Group(user.AccountId, groupName))), _control);
    }

    /// <summary>Attaches control policies of a resource directory to an account: a set by itself that must allow every operation.</summary>
    /// <param name="accountId">
    /// The account whose users and roles they restrict: 1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>.
    /// </param>
    /// <param name="policies">The policies, added to those attached before. An empty set allows nothing.</param>
    /// <exception cref="ArgumentException">An argument or a policy is null, or the account is malformed.</exception>
    public RamAccess AttachControl(string accountId, params RamPolicy[] policies)
    {
        Scope.ThrowIfMalformedAccount(accountId);
        return new(_attached, _groups, Add(_control, accountId, policies));
    }

    /// <summary>
    /// Decides a request. The control policies must allow it, then the session policy, then the policies of the user or role. The first of
    /// them that does not allow it decides.
    /// </summary>
    /// <param name="principal">The caller.</param>
    /// <param name="accountId">The account that the resource belongs to; a principal of another is refused.</param>
    /// <param name="action">The action, such as <c>imm:CreateProject</c>.</param>
    /// <param name="resource">The resource, such as <c>acs:imm:cn-hangzhou:1234567890:project/photos</c>, or <c>*</c>.</param>
    /// <param name="conditionValues">The values of condition keys, in a dictionary that compares keys with case.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public RamDecision Decide(
        RamPrincipal principal, string accountId, string action, string resource, IReadOnlyDictionary<string, string> conditionValues)
    {
        Guard.IsNotNull(principal, nameof(principal));
        Guard.IsNotNull(accountId, nameof(accountId));
        Guard.IsNotNull(action, nameof(action));
        Guard.IsNotNull(resource, nameof(resource));
        Guard.IsNotNull(conditionValues, nameof(conditionValues));
        if (principal.AccountId != accountId)
        {
            return RamDecision.Refused(action, resource, $"{principal} is of another account than the resource.");
        }

        if (principal.Kind == RamPrincipalKind.Root)
        {
            return RamDecision.Unrestricted;
        }

        if (_control.TryGetValue(accountId, out RamPolicy[]? control)
            && RamPolicy.Evaluate(control, action, resource, conditionValues) is { IsAllowed: false } controlled)
        {
            return controlled.WithPolicyType(RamPolicyType.ControlPolicy);
        }

        if (principal.SessionPolicies is { } session
            && RamPolicy.Evaluate(session, action, resource, conditionValues) is { IsAllowed: false } narrowed)
        {
            return narrowed.WithPolicyType(RamPolicyType.SessionPolicy);
        }

        return _effective.Value.TryGetValue(principal.Arn, out RamPolicy[]? policies)
            ? RamPolicy.Evaluate(policies, action, resource, conditionValues)
            : RamDecision.Refused(action, resource, $"{principal} has no policies.");
    }

    private static string Group(string accountId, string groupName)
    {
        Scope.ThrowIfMalformedAccount(accountId);
        RamPrincipal.CheckName(groupName, nameof(groupName));
        return $"acs:ram::{accountId}:group/{groupName}";
    }

    private static ImmutableDictionary<string, RamPolicy[]> Add(
        ImmutableDictionary<string, RamPolicy[]> all, string key, RamPolicy[] policies)
    {
        Guard.IsNotNull(policies, nameof(policies));
        foreach (RamPolicy policy in policies)
        {
            Guard.IsNotNull(policy, nameof(policies));
        }

        return all.SetItem(key, [.. all.GetValueOrDefault(key, None), .. policies]);
    }

    private Dictionary<string, RamPolicy[]> Flatten() => _attached.Keys.Concat(_groups.Keys).Distinct().ToDictionary(
        arn => arn,
        arn => _groups.GetValueOrDefault(arn, [])
            .SelectMany(group => _attached.GetValueOrDefault(group, None))
            .Concat(_attached.GetValueOrDefault(arn, None))
            .ToArray(),
        StringComparer.Ordinal);
}
