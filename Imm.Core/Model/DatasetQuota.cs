using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The five limits of a dataset.</summary>
/// <remarks>
/// Equal where all five are equal. Immutable. Ranges and defaults are the vendor's, of the parameters of CreateProject and CreateDataset; where
/// the page of CreateProject contradicts itself (<see cref="DatasetMaxFileCount"/>), the range decides.
/// </remarks>
public sealed record DatasetQuota
{
    internal static readonly LimitRange BindCountRange = new(nameof(DatasetMaxBindCount), 10, 10);
    internal static readonly LimitRange FileCountRange = new(nameof(DatasetMaxFileCount), 100_000_000, 100_000_000);
    internal static readonly LimitRange EntityCountRange = new(nameof(DatasetMaxEntityCount), long.MaxValue, 10_000_000_000);
    internal static readonly LimitRange RelationCountRange = new(nameof(DatasetMaxRelationCount), long.MaxValue, 100_000_000_000);
    internal static readonly LimitRange TotalFileSizeRange = new(nameof(DatasetMaxTotalFileSize), long.MaxValue, 90_000_000_000_000_000);

    private DatasetQuota(long bindCount, long fileCount, long entityCount, long relationCount, long totalFileSize)
    {
        DatasetMaxBindCount = bindCount;
        DatasetMaxFileCount = fileCount;
        DatasetMaxEntityCount = entityCount;
        DatasetMaxRelationCount = relationCount;
        DatasetMaxTotalFileSize = totalFileSize;
    }

    /// <summary>The limits where neither the project nor the dataset names any.</summary>
    public static DatasetQuota Default { get; } =
        new(BindCountRange.Default, FileCountRange.Default, EntityCountRange.Default, RelationCountRange.Default, TotalFileSizeRange.Default);

    /// <summary>The most bindings in a dataset: 1 to 10, by default 10. Enforced.</summary>
    public long DatasetMaxBindCount { get; }

    /// <summary>The most files in a dataset: 1 to 100,000,000, by default 100,000,000. Enforced.</summary>
    public long DatasetMaxFileCount { get; }

    /// <summary>The most metadata entities in a dataset: 1 to 2^63−1, by default 10,000,000,000. Stored, not enforced, as the service does.</summary>
    public long DatasetMaxEntityCount { get; }

    /// <summary>The most metadata relations in a dataset: 1 to 2^63−1, by default 100,000,000,000. Stored, not enforced, as the service does.</summary>
    public long DatasetMaxRelationCount { get; }

    /// <summary>The most bytes in the files of a dataset: 1 to 2^63−1, by default 90,000,000,000,000,000. Enforced.</summary>
    public long DatasetMaxTotalFileSize { get; }

    /// <summary>Whether a request's limits are in range; first failure first, in the order of the service's page.</summary>
    internal static Refusal? Check(in RequestedDatasetQuota requested) =>
        BindCountRange.Check(requested.DatasetMaxBindCount)
        ?? FileCountRange.Check(requested.DatasetMaxFileCount)
        ?? EntityCountRange.Check(requested.DatasetMaxEntityCount)
        ?? RelationCountRange.Check(requested.DatasetMaxRelationCount)
        ?? TotalFileSizeRange.Check(requested.DatasetMaxTotalFileSize);

    /// <summary>These limits with those that a request names in their place; the request has passed <see cref="Check"/>.</summary>
    internal DatasetQuota With(in RequestedDatasetQuota requested) => requested.Any
        ? Create(
            requested.DatasetMaxBindCount.Value ?? DatasetMaxBindCount,
            requested.DatasetMaxFileCount.Value ?? DatasetMaxFileCount,
            requested.DatasetMaxEntityCount.Value ?? DatasetMaxEntityCount,
            requested.DatasetMaxRelationCount.Value ?? DatasetMaxRelationCount,
            requested.DatasetMaxTotalFileSize.Value ?? DatasetMaxTotalFileSize)
        : this;

    /// <summary>Limits that are known to be in range; where all are the defaults, the one shared instance.</summary>
    internal static DatasetQuota Create(long bindCount, long fileCount, long entityCount, long relationCount, long totalFileSize)
    {
        Invariant.Holds(BindCountRange.Contains(bindCount) && FileCountRange.Contains(fileCount) && EntityCountRange.Contains(entityCount)
            && RelationCountRange.Contains(relationCount) && TotalFileSizeRange.Contains(totalFileSize), "the limits of a dataset are in range");
        var quota = new DatasetQuota(bindCount, fileCount, entityCount, relationCount, totalFileSize);
        return quota == Default ? Default : quota;
    }
}
