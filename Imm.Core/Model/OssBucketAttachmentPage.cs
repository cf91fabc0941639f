namespace Imm.Core;

/// <summary>One page of a list of attached buckets, all of one committed moment.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class OssBucketAttachmentPage
{
    internal OssBucketAttachmentPage(OssBucketAttachment[] attachments, string? nextToken)
    {
        AttachedOssBuckets = Array.AsReadOnly(attachments);
        NextToken = nextToken;
    }

    /// <summary>The attachments, in ordinal order of their buckets; may be empty.</summary>
    public IReadOnlyList<OssBucketAttachment> AttachedOssBuckets { get; }

    /// <summary>The token of the next page; null on the last page.</summary>
    public string? NextToken { get; }
}
