using System.Text;
using CommunityToolkit.Diagnostics;

namespace Imm.Core;

/// <summary>
/// An access key: an id, its secret, and the principal that signs with them. Immutable and thread-safe. The secret and the token are never
/// shown or logged.
/// </summary>
public sealed class RamCredential
{
    /// <summary>The greatest length of an access key id: 128 characters.</summary>
    internal const int MaxIdLength = 128;

    /// <summary>Makes an access key.</summary>
    /// <param name="accessKeyId">
    /// The id: 1 to 128 characters. One that begins with <c>STS.</c> is of a temporary key, which needs a <see cref="SecurityToken"/>.
    /// </param>
    /// <param name="accessKeySecret">The secret: 1 or more characters.</param>
    /// <param name="principal">The principal that signs with the key.</param>
    /// <exception cref="ArgumentException">An argument is null or empty, or the id is too long.</exception>
    public RamCredential(string accessKeyId, string accessKeySecret, RamPrincipal principal)
    {
        Guard.IsNotNullOrEmpty(accessKeyId, nameof(accessKeyId));
        Guard.HasSizeLessThanOrEqualTo(accessKeyId, MaxIdLength, nameof(accessKeyId));
        Guard.IsNotNullOrEmpty(accessKeySecret, nameof(accessKeySecret));
        Guard.IsNotNull(principal, nameof(principal));
        AccessKeyId = accessKeyId;
        Secret = Encoding.UTF8.GetBytes(accessKeySecret);
        Principal = principal;
    }

    /// <summary>The id, which is no secret.</summary>
    public string AccessKeyId { get; }

    /// <summary>The principal that signs with the key. A request is carried out in the account of the principal only.</summary>
    public RamPrincipal Principal { get; }

    /// <summary>False for a key that is disabled. The default value is true.</summary>
    public bool IsActive { get; init; } = true;

    /// <summary>The token that a request must carry beside the signature of a temporary key.</summary>
    /// <value>
    /// 1 to 8,192 of the ASCII characters <c>!</c> to <c>~</c>; a request with any other token is refused. The default value is null: none.
    /// </value>
    public string? SecurityToken { internal get; init; }

    /// <summary>The moment from which on the <see cref="SecurityToken"/> is not accepted.</summary>
    /// <value>Without a token it has no effect. The default value is null: never.</value>
    public DateTimeOffset? Expires { get; init; }

    /// <summary>The secret, as UTF-8.</summary>
    internal byte[] Secret { get; }

    /// <summary><see cref="AccessKeyId"/> and <see cref="Principal"/>.</summary>
    public override string ToString() => $"{AccessKeyId} of {Principal}";
}
