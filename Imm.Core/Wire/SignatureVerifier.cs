using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Imm.Core.Wire;

/// <summary>
/// Verifies the signatures of requests: version 3, ACS3-HMAC-SHA256, and version 2 of the RPC style, HMAC-SHA1. Safe to use from many
/// threads.
/// </summary>
/// <remarks>
/// The checks come in this order: scheme, what is missing, method and version, format of the time, window of the time, key, token,
/// signature, nonce. A nonce is recorded only after the signature was found right, so that a refused request uses none up.
/// </remarks>
/// <param name="find">Finds a credential by its id; null where there is none.</param>
/// <param name="timeProvider">The clock of the server.</param>
/// <param name="maxNonces">The number of nonces that are kept at most.</param>
internal sealed class SignatureVerifier(Func<string, RamCredential?> find, TimeProvider timeProvider, int maxNonces)
{
    /// <summary>The difference that a request's time may have from the clock of the server, either way, and the life of a nonce.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private const string V3Algorithm = "ACS3-HMAC-SHA256";
    private const int MaxAuthorizationLength = 8192;
    private const int MaxNonceLength = 128;
    private const int MaxTokenLength = 8192;

    private readonly NonceWindow _nonces = new(maxNonces);

    public SignatureVerdict Verify(SignedRequest request)
    {
        if (request.Method is not ("GET" or "POST"))
        {
            return new(null, ImmWireErrorCode.UnsupportedHttpMethod, "This HTTP method is not supported.");
        }

        string authorization = request.Header("authorization") ?? "";
        if (authorization.StartsWith("ACS3-", StringComparison.Ordinal))
        {
            return VerifyV3(request, authorization);
        }

        if (request.Parameter("Signature") is { } signature)
        {
            return VerifyV2(request, signature);
        }

        return authorization.Length > 0
            || request.Header("x-acs-bearer-token") is not null
            || request.Parameter("SignatureType") is not null
            ? SignatureVerdict.InvalidMethod
            : SignatureVerdict.Missing(request.Parameter("AccessKeyId") is null ? "AccessKeyId" : "Signature");
    }

    private SignatureVerdict VerifyV3(SignedRequest request, string authorization)
    {
        int space = authorization.IndexOf(' ', StringComparison.Ordinal);
        if ((space < 0 ? authorization : authorization[..space]) is not V3Algorithm)
        {
            return SignatureVerdict.InvalidMethod;
        }

        if (space < 0 || authorization.Length > MaxAuthorizationLength || ReadAuthorization(authorization[space..]) is not { } parts)
        {
            return SignatureVerdict.Incomplete;
        }

        string? date = request.Header("x-acs-date");
        string? nonce = request.Header("x-acs-signature-nonce");
        string? missing = parts.Credential.Length == 0 ? "AccessKeyId"
            : parts.Signature.Length == 0 ? "Signature"
            : string.IsNullOrEmpty(nonce) ? "SignatureNonce"
            : string.IsNullOrEmpty(date) ? "Timestamp"
            : string.IsNullOrEmpty(request.Header("x-acs-action")) ? "Action"
            : string.IsNullOrEmpty(request.Header("x-acs-version")) ? "Version"
            : null;
        if (missing is not null)
        {
            return SignatureVerdict.Missing(missing);
        }

        string[] signed = parts.SignedHeaders.Split(';');
        if (!IsComplete(signed, request) || SignedRequest.IsAmbiguous(request.QueryParameters))
        {
            return SignatureVerdict.Incomplete;
        }

        return VerifyCommon(parts.Credential, date!, nonce!, request.Header("x-acs-security-token"), credential =>
        {
            string contentHash = Convert.ToHexStringLower(SHA256.HashData(request.Body.Span));
            var headers = new StringBuilder();
            foreach (string name in signed)
            {
                headers.Append(name).Append(':').Append(request.Header(name)).Append('\n');
            }

            string canonicalQuery = SignedRequest.Canonical(request.QueryParameters);
            string canonicalRequest =
                $"{request.Method}\n{request.Path}\n{canonicalQuery}\n{headers}\n{parts.SignedHeaders}\n{contentHash}";
            string stringToSign = $"{V3Algorithm}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonicalRequest)))}";
            var signature = new FixedTimeText(
                Convert.ToHexStringLower(HMACSHA256.HashData(credential.Secret, Encoding.UTF8.GetBytes(stringToSign))));
            bool matches = signature.Matches(parts.Signature) && contentHash == request.Header("x-acs-content-sha256");
            return matches ? null : SignatureVerdict.Mismatch(stringToSign, WithoutToken(canonicalRequest, request));
        });
    }

    private SignatureVerdict VerifyV2(SignedRequest request, string given)
    {
        // Version 2 does not sign headers: an action that only a header names would be anybody's.
        string[] mandatory =
            ["AccessKeyId", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp", "Action", "Version"];
        if (Array.Find(mandatory, name => request.Parameter(name) is null) is { } missing)
        {
            return SignatureVerdict.Missing(missing);
        }

        if (request.Parameter("SignatureMethod") is not "HMAC-SHA1" || request.Parameter("SignatureType") is not null)
        {
            return SignatureVerdict.InvalidMethod;
        }

        if (request.Parameter("SignatureVersion") is not "1.0")
        {
            return SignatureVerdict.Invalid("SignatureVersion");
        }

        if (SignedRequest.IsAmbiguous(request.Parameters))
        {
            return SignatureVerdict.Incomplete;
        }

        return VerifyCommon(
            request.Parameter("AccessKeyId")!,
            request.Parameter("Timestamp")!,
            request.Parameter("SignatureNonce")!,
            request.Parameter("SecurityToken"),
            credential =>
            {
                string canonical = SignedRequest.Canonical(request.Parameters.Where(parameter => parameter.Key is not "Signature"));
                string stringToSign = $"{request.Method}&%2F&{SignedRequest.Encode(canonical)}";
                return SignV2(credential, stringToSign).Matches(given) ? null : SignatureVerdict.Mismatch(stringToSign, null);
            });
    }

    private SignatureVerdict VerifyCommon(
        string accessKeyId, string timestamp, string nonce, string? token, Func<RamCredential, SignatureVerdict?> check)
    {
        if (nonce.Length > MaxNonceLength)
        {
            return SignatureVerdict.Invalid("SignatureNonce");
        }

        if (!SignedRequest.TryReadTime(timestamp, out DateTimeOffset time))
        {
            return new(null, ImmWireErrorCode.InvalidTimeStampFormat, "Specified time stamp or date value is not well formatted.");
        }

        DateTimeOffset now = timeProvider.GetUtcNow();
        if ((now - time).Duration() > Window)
        {
            return new(null, ImmWireErrorCode.InvalidTimeStampExpired, "Specified time stamp or date value is expired.");
        }

        RamCredential? credential = accessKeyId.Length <= RamCredential.MaxIdLength ? find(accessKeyId) : null;
        if (credential is null)
        {
            return new(null, ImmWireErrorCode.InvalidAccessKeyIdNotFound, "Specified access key is not found.");
        }

        if (!credential.IsActive)
        {
            return new(null, ImmWireErrorCode.InvalidAccessKeyIdInactive, "Specified access key is disabled.");
        }

        // The time of the request may lie in the future by the window: the nonce is kept as long as the request could be repeated.
        return CheckToken(credential, token, now)
            ?? check(credential)
            ?? (_nonces.TryUse(accessKeyId, nonce, now, (time > now ? time : now) + Window)
                ? new(credential)
                : new(null, ImmWireErrorCode.SignatureNonceUsed, "Specified signature nonce was used already."));
    }

    private static SignatureVerdict? CheckToken(RamCredential credential, string? token, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(token))
        {
            return credential.SecurityToken is null && !credential.AccessKeyId.StartsWith("STS.", StringComparison.Ordinal)
                ? null
                : SignatureVerdict.Missing("SecurityToken");
        }

        return token.Length > MaxTokenLength || token.AsSpan().ContainsAnyExceptInRange('!', '~')
                ? new(null, ImmWireErrorCode.InvalidSecurityTokenMalformed, "Specified SecurityToken is malformed.")
            : credential.SecurityToken is null || !new FixedTimeText(credential.SecurityToken).Matches(token)
                ? new(null, ImmWireErrorCode.InvalidSecurityTokenMismatch, "Specified SecurityToken mismatch with the AccessKey.")
            : credential.Expires <= now
                ? new(null, ImmWireErrorCode.InvalidSecurityTokenExpired, "Specified SecurityToken is expired.")
            : null;
    }

    /// <summary>Reads <c>Credential=…,SignedHeaders=…,Signature=…</c>; null where it is of another form.</summary>
    private static (string Credential, string SignedHeaders, string Signature)? ReadAuthorization(string text)
    {
        string? credential = null;
        string? signedHeaders = null;
        string? signature = null;
        foreach (string part in text.Split(','))
        {
            string trimmed = part.Trim(' ');
            int equals = trimmed.IndexOf('=', StringComparison.Ordinal);
            string value = trimmed[(equals + 1)..];
            bool isRead = equals >= 0 && trimmed[..equals] switch
            {
                "Credential" => TrySet(ref credential, value),
                "SignedHeaders" => TrySet(ref signedHeaders, value),
                "Signature" => TrySet(ref signature, value),
                _ => false,
            };
            if (!isRead)
            {
                return null;
            }
        }

        return credential is null || signedHeaders is null || signature is null ? null : (credential, signedHeaders, signature);

        static bool TrySet(ref string? slot, string value)
        {
            bool isFirst = slot is null;
            slot = value;
            return isFirst;
        }
    }

    /// <summary>True if the list is sorted, names nothing twice, and holds every header that must not be exchanged on the way.</summary>
    private static bool IsComplete(string[] signed, SignedRequest request)
    {
        for (int i = 0; i < signed.Length; i++)
        {
            if (signed[i].Length == 0
                || signed[i].AsSpan().ContainsAnyExceptInRange('!', '~')
                || signed[i].Any(char.IsAsciiLetterUpper)
                || (i > 0 && string.CompareOrdinal(signed[i - 1], signed[i]) >= 0))
            {
                return false;
            }
        }

        string[] required = ["host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"];
        string[] whereSent = ["content-type", "x-acs-security-token"];
        return required.Concat(whereSent.Where(name => request.Header(name) is not null))
            .All(name => Array.BinarySearch(signed, name, StringComparer.Ordinal) >= 0);
    }

    [SuppressMessage(
        "Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "Version 2 of the signature is HMAC-SHA1.")]
    private static FixedTimeText SignV2(RamCredential credential, string stringToSign) => new(
        Convert.ToBase64String(HMACSHA1.HashData((byte[])[.. credential.Secret, (byte)'&'], Encoding.UTF8.GetBytes(stringToSign))));

    private static string WithoutToken(string canonicalRequest, SignedRequest request) =>
        request.Header("x-acs-security-token") is { Length: > 0 } token
            ? canonicalRequest.Replace(token, "(token)", StringComparison.Ordinal)
            : canonicalRequest;
}
