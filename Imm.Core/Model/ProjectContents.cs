using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// The datasets and attached buckets of a project, and the sums over the datasets. Most projects have none, and share one object.
/// </summary>
internal sealed record ProjectContents
{
    public static readonly ProjectContents None = new();

    private ProjectContents()
    {
    }

    public long DatasetCount { get; init; }

    public long FileCount { get; init; }

    public long TotalFileSize { get; init; }

    public NameTree<DatasetEntry> Datasets { get; init; } = NameTree<DatasetEntry>.Empty;

    public NameTree<OssBucketAttachment> Attachments { get; init; } = NameTree<OssBucketAttachment>.Empty;
}
