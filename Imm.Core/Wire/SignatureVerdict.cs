namespace Imm.Core.Wire;

/// <summary>The outcome of verifying a signature: the credential that signed, or the refusal.</summary>
/// <param name="Credential">The credential; null where the request is refused.</param>
/// <param name="Code">The error code of a refusal.</param>
/// <param name="Message">The message of a refusal.</param>
/// <param name="CanonicalRequest">
/// The text that was hashed, for the log, without the security token; null where the calculation did not come so far.
/// </param>
internal sealed record SignatureVerdict(RamCredential? Credential, string Code = "", string Message = "", string? CanonicalRequest = null)
{
    public static SignatureVerdict InvalidMethod { get; } =
        new(null, ImmWireErrorCode.InvalidSignatureMethod, "Specified signature method is not valid.");

    public static SignatureVerdict Incomplete { get; } =
        new(null, ImmWireErrorCode.IncompleteSignature, "The request signature does not conform to Aliyun standards.");

    public static SignatureVerdict Missing(string parameter) => new(
        null, $"Missing{parameter}", $"{parameter} is mandatory for this action.");

    public static SignatureVerdict Invalid(string parameter) =>
        new(null, $"Invalid{parameter}", $"Specified parameter {parameter} is not valid.");

    /// <summary>
    /// A signature that differs. Clients of the vendor compare the text behind this exact prefix with their own, and report a wrong secret
    /// where it is the same.
    /// </summary>
    public static SignatureVerdict Mismatch(string stringToSign, string? canonicalRequest) => new(
        null,
        ImmWireErrorCode.SignatureDoesNotMatch,
        $"Specified signature is not matched with our calculation. server string to sign is:{stringToSign}",
        canonicalRequest);
}
