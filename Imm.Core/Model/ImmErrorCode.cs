using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>
/// The service's error codes, and two of this library. <see cref="ImmException.Code"/> is always one of these; a code and its HTTP status
/// are API, the text of a message is not.
/// </summary>
/// <remarks>The codes and their meaning are those of the vendor's "Error codes" page for IMM 2020-09-30.</remarks>
public static class ImmErrorCode
{
    /// <summary>A parameter is missing, malformed, too long, below its minimum, or breaks a tag rule. HTTP status 400.</summary>
    public const string InvalidArgument = "InvalidArgument";

    /// <summary>
    /// A number is above its maximum, there are more than 20 tags, or a resource count would pass its limit. HTTP status 400.
    /// </summary>
    [SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "The vendor's code ends so.")]
    public const string LimitExceededError = "LimitExceededError";

    /// <summary>The name is taken. HTTP status 400.</summary>
    public const string ResourceAlreadyExists = "ResourceAlreadyExists";

    /// <summary>The resource does not exist. HTTP status 404.</summary>
    public const string ResourceNotFound = "ResourceNotFound";

    /// <summary>A resource cannot be deleted while it has sub-resources. HTTP status 400.</summary>
    public const string StatusConflict = "StatusConflict";

    /// <summary>The RPC endpoint has no action of that name. HTTP status 404.</summary>
    public const string InvalidActionNotFound = "InvalidAction.NotFound";

    /// <summary>The authorizer refused. HTTP status 403.</summary>
    public const string NoPermission = "NoPermission";

    /// <summary>The store has failed or cannot be opened, or the disk has no room for the change. HTTP status 503.</summary>
    public const string ServiceUnavailable = "ServiceUnavailable";

    /// <summary>
    /// The commit queue is full: the store's option <c>MaxWaitingWrites</c> is its length. Nothing was changed; the call can be repeated.
    /// In a fixture only faults refuse with this code. HTTP status 400.
    /// </summary>
    public const string ThrottlingUser = "Throttling.User";

    /// <summary>
    /// A conditional change expects another revision than the resource has. Nothing was changed. A code of this library, which the service
    /// does not have. HTTP status 409.
    /// </summary>
    public const string RevisionMismatch = "RevisionMismatch";

    /// <summary>
    /// The changes after a revision are not kept any more, or the store has never had the revision: list again and watch from there. A code
    /// of this library, which the service does not have. HTTP status 410.
    /// </summary>
    public const string RevisionGone = "RevisionGone";

    /// <summary>Gets the HTTP status of a code.</summary>
    internal static int HttpStatus(string code) => code switch
    {
        ResourceNotFound or InvalidActionNotFound
            or ImmWireErrorCode.InvalidAccessKeyIdNotFound or ImmWireErrorCode.InvalidVersion => 404,
        NoPermission => 403,
        RevisionMismatch => 409,
        RevisionGone => 410,
        ServiceUnavailable => 503,
        _ => 400,
    };
}
