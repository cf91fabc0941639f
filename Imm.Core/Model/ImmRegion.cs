namespace Imm.Core;

/// <summary>A region of the service, with its name in a language.</summary>
/// <remarks>Equal where both fields are equal. Immutable and thread-safe.</remarks>
public sealed record ImmRegion
{
    internal ImmRegion(string regionId, string localName)
    {
        RegionId = regionId;
        LocalName = localName;
    }

    /// <summary>The region, such as <c>cn-hangzhou</c>.</summary>
    public string RegionId { get; }

    /// <summary>Its name, such as <c>China (Hangzhou)</c>.</summary>
    public string LocalName { get; }
}
