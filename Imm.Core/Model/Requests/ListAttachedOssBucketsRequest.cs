namespace Imm.Core;

/// <summary>A list of the buckets that are attached to a project: the parameters of the service's ListAttachedOSSBuckets.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class ListAttachedOssBucketsRequest : PageRequest
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }
}
