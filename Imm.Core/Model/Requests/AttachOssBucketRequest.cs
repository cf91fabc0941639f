namespace Imm.Core;

/// <summary>A bucket to attach to a project: the parameters of the service's AttachOSSBucket.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class AttachOssBucketRequest : ImmRequest
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }

    /// <summary>The bucket. Required; 1 to 63 of the lower-case ASCII letters, digits and <c>-</c>.</summary>
    public string? OssBucket { get; set; }

    /// <summary>
    /// The description: at most 128 characters (Unicode scalar values), kept exactly as given. Null or empty: none.
    /// </summary>
    public string? Description { get; set; }
}
