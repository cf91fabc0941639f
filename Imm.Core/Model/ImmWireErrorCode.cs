namespace Imm.Core;

/// <summary>
/// The error codes with which <see cref="ImmHttpMessageHandler"/>, and for the version <see cref="ImmApi"/>, refuse a request before it is
/// an operation. No <see cref="ImmException"/> has them. They and their HTTP status are API.
/// </summary>
/// <remarks>
/// The codes are those of the vendor's gateway and its pages on signatures. A parameter of a signature that is absent or empty is
/// <c>Missing</c> and its name, such as <c>MissingSignatureNonce</c>. One that is out of range is <c>Invalid</c> and its name, such as
/// <c>InvalidSignatureVersion</c>. Both have HTTP status 400.
/// </remarks>
public static class ImmWireErrorCode
{
    /// <summary>The version of the API is not 2020-09-30. HTTP status 404.</summary>
    public const string InvalidVersion = "InvalidVersion";

    /// <summary>The request is in no signature version that is verified here. HTTP status 400.</summary>
    public const string InvalidSignatureMethod = "InvalidSignatureMethod";

    /// <summary>
    /// The Authorization header is malformed, a header is not signed that must be, or a parameter has two values, whose order is not
    /// signed. HTTP status 400.
    /// </summary>
    public const string IncompleteSignature = "IncompleteSignature";

    /// <summary>The signature is not that of the request and the secret. HTTP status 400.</summary>
    public const string SignatureDoesNotMatch = "SignatureDoesNotMatch";

    /// <summary>The nonce was used within the last 15 minutes. HTTP status 400.</summary>
    public const string SignatureNonceUsed = "SignatureNonceUsed";

    /// <summary>The time of a signed request is not of the form <c>2026-11-26T12:29:11Z</c>. HTTP status 400.</summary>
    public const string InvalidTimeStampFormat = "InvalidTimeStamp.Format";

    /// <summary>
    /// The time of a signed request is more than 15 minutes from the clock of the store, either way. HTTP status 400.
    /// </summary>
    public const string InvalidTimeStampExpired = "InvalidTimeStamp.Expired";

    /// <summary>There is no such access key. HTTP status 404.</summary>
    public const string InvalidAccessKeyIdNotFound = "InvalidAccessKeyId.NotFound";

    /// <summary>The access key is disabled. HTTP status 400.</summary>
    public const string InvalidAccessKeyIdInactive = "InvalidAccessKeyId.Inactive";

    /// <summary>The security token cannot be one. HTTP status 400.</summary>
    public const string InvalidSecurityTokenMalformed = "InvalidSecurityToken.Malformed";

    /// <summary>The security token is not that of the access key. HTTP status 400.</summary>
    public const string InvalidSecurityTokenMismatch = "InvalidSecurityToken.MismatchWithAccessKey";

    /// <summary>The security token has expired. HTTP status 400.</summary>
    public const string InvalidSecurityTokenExpired = "InvalidSecurityToken.Expired";

    /// <summary>A signed request is neither a GET nor a POST. HTTP status 400.</summary>
    public const string UnsupportedHttpMethod = "UnsupportedHTTPMethod";
}
