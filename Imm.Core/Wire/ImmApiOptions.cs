using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>How <see cref="ImmApi"/> answers. Read when it is constructed; a change made later has no effect on it.</summary>
public sealed class ImmApiOptions
{
    /// <summary>Gives each answer its RequestId; called once per call, by many threads at once. On the wire it is in upper case.</summary>
    /// <value>Not null; by default random.</value>
    public Func<Guid> RequestId { get; set; } = RandomGuid;

    /// <summary>The HostId of an error, in which each <c>{region}</c> stands for the region of the call.</summary>
    /// <value>Neither null, empty nor white space; by default <c>imm.{region}.aliyuncs.com</c>.</value>
    public string HostFormat { get; set; } = "imm.{region}.aliyuncs.com";

    /// <summary>The offset from UTC in which times are written. The moments are the same in any.</summary>
    /// <value>−14 to +14 hours (both inclusive), in whole minutes; null for <see cref="ImmStoreOptions.TimeOffset"/> of the store. By default null.</value>
    public TimeSpan? TimeOffset { get; set; }

    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "This is the id source; a test replaces it by the option.")]
    private static Guid RandomGuid() => Guid.NewGuid();
}
