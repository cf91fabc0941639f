using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>The options of <see cref="ImmApi"/>. They are read when it is constructed; later changes have no effect.</summary>
public sealed class ImmApiOptions
{
    /// <summary>
    /// Makes the RequestId of an answer. Called once per call, by many threads at once. The answer shows it in upper case.
    /// </summary>
    /// <value>Not null. The default value makes random ids.</value>
    public Func<Guid> RequestId { get; set; } = RandomGuid;

    /// <summary>The HostId of an error. Each <c>{region}</c> in it is replaced by the region of the call.</summary>
    /// <value>Neither null, empty nor white space. The default value is <c>imm.{region}.aliyuncs.com</c>.</value>
    public string HostFormat { get; set; } = "imm.{region}.aliyuncs.com";

    /// <summary>The offset from UTC in which times are written.</summary>
    /// <value>
    /// −14 to +14 hours (both inclusive), in whole minutes; null for <see cref="ImmStoreOptions.TimeOffset"/> of the store. The default
    /// value is null.
    /// </value>
    public TimeSpan? TimeOffset { get; set; }

    /// <summary>
    /// Finds the access key of an id, to verify the signatures of HTTP requests (<see cref="ImmHttpMessageHandler"/>), of version 3
    /// (<c>ACS3-HMAC-SHA256</c>) and version 2 (<c>HMAC-SHA1</c>). Called at most once per request, by many threads at once. An exception
    /// that it throws is passed on to the caller.
    /// </summary>
    /// <value>
    /// A function that returns null for an unknown id; null to verify nothing and believe every request. The default value is null. Where
    /// signatures are verified, no unsigned request is carried out, and the account is that of the key.
    /// </value>
    public Func<string, RamCredential?>? Credentials { get; set; }

    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The source of ids, which the option replaces.")]
    private static Guid RandomGuid() => Guid.NewGuid();
}
