using Imm.Core.Access;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>Authorizes the operations of a store, as RAM does for the service.</summary>
/// <remarks>
/// <para>
/// Every operation of a registry calls it, after the request was parsed and before anything is looked up. The exception is setting the
/// project quota, which is not an action of the service. A call that adds or removes files of several datasets calls it once for each
/// dataset; one refusal refuses the whole call. Many threads call it at the same time. An exception that it throws goes to the caller of
/// the operation, and nothing is changed.
/// </para>
/// <para>
/// A store is opened with its authorizer. So an authorizer from a container must not take the <see cref="ImmStore"/>,
/// <see cref="ProjectRegistry"/> or <see cref="ImmApi"/> in its constructor: opening the store throws
/// <see cref="InvalidOperationException"/>. It can take the <see cref="IServiceProvider"/> and resolve the store when it is called. Its own
/// operations on that store call it again; it must decide these without using the store.
/// </para>
/// </remarks>
public interface IImmAuthorizer
{
    /// <summary>Decides one operation.</summary>
    /// <param name="request">The operation.</param>
    /// <returns><see cref="AuthorizationDecision.Allow"/>, or a refusal made by <see cref="AuthorizationDecision.Deny"/>.</returns>
    AuthorizationDecision Authorize(AuthorizationRequest request);

    /// <summary>The effect of the decisions, which the store shows in its status and in its log when it is opened.</summary>
    /// <value>By default <see cref="AuthorizationMode.Strict"/>: a refusal refuses.</value>
    AuthorizationMode Mode => AuthorizationMode.Strict;
}

/// <summary>The effect that the decisions of an authorizer have.</summary>
public enum AuthorizationMode
{
    /// <summary>Nothing is decided, everything is allowed.</summary>
    Off,

    /// <summary>Decisions are made, recorded and logged, and everything is allowed.</summary>
    Soft,

    /// <summary>Decisions are made and enforced.</summary>
    Strict,
}

/// <summary>An operation for an authorizer to decide. Immutable.</summary>
public sealed class AuthorizationRequest
{
    /// <param name="action">The RAM action.</param>
    /// <param name="resource">The ARN of the resource.</param>
    /// <param name="scope">The account and region of the registry.</param>
    /// <param name="tags">The tags of the request.</param>
    /// <param name="principal">The principal of the caller.</param>
    /// <param name="timeProvider">The clock of the store.</param>
    /// <param name="hostValues">The condition values that the host gives; null for none.</param>
    /// <param name="tagsOfProject">Finds the tags of a project, for <c>acs:ResourceTag/</c>; null for none.</param>
    /// <param name="projectName">The project whose tags those are.</param>
    internal AuthorizationRequest(
        string action,
        string resource,
        Scope scope,
        IReadOnlyList<Tag> tags,
        RamPrincipal principal,
        TimeProvider timeProvider,
        IReadOnlyDictionary<string, string>? hostValues = null,
        Func<string, IReadOnlyList<Tag>>? tagsOfProject = null,
        string? projectName = null)
    {
        Action = action;
        Resource = resource;
        AccountId = scope.AccountId;
        RegionId = scope.RegionId;
        Tags = tags;
        Principal = principal;
        ConditionValues = new ConditionValues(principal, timeProvider, hostValues);

        // The tags that a list filters by are none that the request sets.
        IReadOnlyList<Tag>? requestTags = action is ImmAction.CreateProject or ImmAction.UpdateProject ? tags : null;
        TagConditionValues = new ConditionValues(principal, timeProvider, hostValues, requestTags, tagsOfProject, projectName);
    }

    /// <summary>The RAM action, such as <c>imm:CreateProject</c>.</summary>
    public string Action { get; }

    /// <summary>
    /// The ARN of the resource, such as <c>acs:imm:cn-hangzhou:1234567890:project/photos</c>. It ends in <c>project/photos/dataset/raw</c>
    /// for a dataset, in <c>project/*</c> where projects are listed, and in <c>project/photos/dataset/*</c> where datasets are listed. It
    /// is <c>*</c> where regions are listed, and where a bucket is detached or its attachment looked up.
    /// </summary>
    public string Resource { get; }

    /// <summary>The account of the registry.</summary>
    public string AccountId { get; }

    /// <summary>The region of the registry.</summary>
    public string RegionId { get; }

    /// <summary>The tags of the request, to set or to filter by; empty if it has none.</summary>
    public IReadOnlyList<Tag> Tags { get; }

    /// <summary>The principal of the registry or of the credential, else the account itself.</summary>
    public RamPrincipal Principal { get; }

    /// <summary>
    /// The values of condition keys: <c>acs:CurrentTime</c> from the store's clock, <c>acs:PrincipalARN</c>, <c>acs:SecureTransport</c>
    /// (<c>true</c> in process), <c>acs:MFAPresent</c> (<c>false</c>), and those that the host gives, which come before these. Keys are
    /// compared with case.
    /// </summary>
    public IReadOnlyDictionary<string, string> ConditionValues { get; }

    /// <summary><see cref="ConditionValues"/>, and <c>acs:RequestTag/</c> and <c>acs:ResourceTag/</c> with the keys of tags.</summary>
    internal ConditionValues TagConditionValues { get; }

    /// <summary>The role that the request sets; null or empty where it sets none.</summary>
    internal string? ServiceRole { get; init; }
}

/// <summary>The decision of an authorizer. Immutable; the default value is a refusal without a reason.</summary>
public readonly record struct AuthorizationDecision
{
    private AuthorizationDecision(bool isAllowed, string? reason, RamDecision? ram = null)
    {
        IsAllowed = isAllowed;
        Reason = reason;
        Ram = ram;
    }

    /// <summary>The decision that allows the operation.</summary>
    public static AuthorizationDecision Allow { get; } = new(true, null);

    /// <summary>True if the operation is allowed.</summary>
    public bool IsAllowed { get; }

    /// <summary>The reason of a refusal, which becomes part of its message; null if none was given.</summary>
    public string? Reason { get; }

    /// <summary>The decision by policies, with the statement that made it; null where the authorizer decides by other means.</summary>
    /// <remarks>In <see cref="AuthorizationMode.Soft"/> it may be a refusal although <see cref="IsAllowed"/> is true.</remarks>
    public RamDecision? Ram { get; }

    /// <summary>Makes a decision that refuses the operation with <see cref="ImmErrorCode.NoPermission"/>.</summary>
    /// <param name="reason">The reason, for the message; null for none.</param>
    public static AuthorizationDecision Deny(string? reason = null) => new(false, reason);

    /// <summary>The decision of policies; one that is not enforced allows.</summary>
    internal static AuthorizationDecision Of(RamDecision decision, bool isEnforced) =>
        new(decision.IsAllowed || !isEnforced, decision.IsAllowed || !isEnforced ? null : decision.Reason, decision);
}
