using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The six limits of a project.</summary>
/// <remarks>
/// Equal where all six are equal. Immutable. Ranges and defaults are the vendor's, of the parameters of CreateProject.
/// </remarks>
public sealed record Quota
{
    internal static readonly LimitRange ProjectMaxDatasetCountRange = new(nameof(ProjectMaxDatasetCount), 1_000_000_000, 1_000_000_000);

    private Quota(long projectMaxDatasetCount, DatasetQuota dataset)
    {
        ProjectMaxDatasetCount = projectMaxDatasetCount;
        Dataset = dataset;
    }

    /// <summary>The limits of a project whose request names none.</summary>
    public static Quota Default { get; } = new(ProjectMaxDatasetCountRange.Default, DatasetQuota.Default);

    /// <summary>The most datasets in the project: 1 to 1,000,000,000, by default 1,000,000,000. Enforced.</summary>
    public long ProjectMaxDatasetCount { get; }

    /// <summary>The limits that a dataset of the project gets where its own request names none.</summary>
    public DatasetQuota Dataset { get; }

    /// <inheritdoc cref="DatasetQuota.DatasetMaxBindCount"/>
    public long DatasetMaxBindCount => Dataset.DatasetMaxBindCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxFileCount"/>
    public long DatasetMaxFileCount => Dataset.DatasetMaxFileCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxEntityCount"/>
    public long DatasetMaxEntityCount => Dataset.DatasetMaxEntityCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxRelationCount"/>
    public long DatasetMaxRelationCount => Dataset.DatasetMaxRelationCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxTotalFileSize"/>
    public long DatasetMaxTotalFileSize => Dataset.DatasetMaxTotalFileSize;

    /// <summary>Whether a request's limits are in range; first failure first, in the order of the service's page.</summary>
    internal static Refusal? Check(in RequestedQuota requested) =>
        ProjectMaxDatasetCountRange.Check(requested.ProjectMaxDatasetCount) ?? DatasetQuota.Check(requested.Dataset);

    /// <summary>These limits with those that a request names in their place; the request has passed <see cref="Check"/>.</summary>
    internal Quota With(in RequestedQuota requested) => requested.Any
        ? Create(requested.ProjectMaxDatasetCount.Value ?? ProjectMaxDatasetCount, Dataset.With(requested.Dataset))
        : this;

    /// <summary>Limits that are known to be in range; where all are the defaults, the one shared instance.</summary>
    internal static Quota Create(long projectMaxDatasetCount, DatasetQuota dataset)
    {
        Invariant.Holds(ProjectMaxDatasetCountRange.Contains(projectMaxDatasetCount), "the limits of a project are in range");
        var quota = new Quota(projectMaxDatasetCount, dataset);
        return quota == Default ? Default : quota;
    }
}
