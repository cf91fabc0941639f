namespace Imm.Core;

/// <summary>Decides whether an operation is allowed, as RAM does for the service.</summary>
/// <remarks>
/// It is asked after the request was found well-formed and before anything is looked up, by many threads at once: once per call, and for
/// files once for each dataset of the call, where one refusal refuses all. Every operation of a registry asks, except that the project
/// quota is set by whoever runs the store, by no action of the service. An exception that the authorizer throws goes to the caller of the
/// operation, and nothing is changed.
/// <para>
/// A store is opened with its authorizer, so one that comes from a container may not take the <see cref="ImmStore"/>,
/// <see cref="ProjectRegistry"/> or <see cref="ImmApi"/> in its constructor: opening the store throws
/// <see cref="InvalidOperationException"/>. It may take the <see cref="IServiceProvider"/> and ask for the store when it is asked itself.
/// It is asked about each use that it makes of that store, and must answer this without using the store again.
/// </para>
/// </remarks>
public interface IImmAuthorizer
{
    /// <summary>Decides one operation.</summary>
    /// <param name="request">What is asked.</param>
    /// <returns><see cref="AuthorizationDecision.Allow"/>, or a refusal made by <see cref="AuthorizationDecision.Deny"/>.</returns>
    AuthorizationDecision Authorize(AuthorizationRequest request);
}

/// <summary>An operation that an authorizer decides. Immutable.</summary>
public sealed class AuthorizationRequest
{
    internal AuthorizationRequest(string action, string resource, string accountId, string regionId, IReadOnlyList<Tag> tags)
    {
        Action = action;
        Resource = resource;
        AccountId = accountId;
        RegionId = regionId;
        Tags = tags;
    }

    /// <summary>The RAM action, such as <c>imm:CreateProject</c>.</summary>
    public string Action { get; }

    /// <summary>
    /// The resource, such as <c>acs:imm:cn-hangzhou:1234567890:project/photos</c>; it ends in <c>project/photos/dataset/raw</c> for a
    /// dataset, in <c>project/*</c> when projects are listed and in <c>project/photos/dataset/*</c> when datasets are.
    /// </summary>
    public string Resource { get; }

    /// <summary>The account in whose registry the operation takes place.</summary>
    public string AccountId { get; }

    /// <summary>The region in whose registry the operation takes place.</summary>
    public string RegionId { get; }

    /// <summary>The tags that the request carries, to set or to filter by; empty where it carries none.</summary>
    public IReadOnlyList<Tag> Tags { get; }
}

/// <summary>The decision of an authorizer. Immutable; the default value is a refusal without a reason.</summary>
public readonly record struct AuthorizationDecision
{
    private AuthorizationDecision(bool isAllowed, string? reason)
    {
        IsAllowed = isAllowed;
        Reason = reason;
    }

    /// <summary>The operation may go on.</summary>
    public static AuthorizationDecision Allow { get; } = new(true, null);

    /// <summary>True if the operation may go on.</summary>
    public bool IsAllowed { get; }

    /// <summary>Why it may not; it becomes part of the message. Null where no reason was given.</summary>
    public string? Reason { get; }

    /// <summary>The operation is refused, with <see cref="ImmErrorCode.NoPermission"/>.</summary>
    /// <param name="reason">Why, for the message; null for none.</param>
    public static AuthorizationDecision Deny(string? reason = null) => new(false, reason);
}
