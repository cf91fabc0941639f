using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The six limits of a project.</summary>
/// <remarks>
/// Equal where all six are equal. Immutable and thread-safe. Ranges and defaults are the vendor's, of the parameters of CreateProject.
/// </remarks>
public sealed record Quota
{
    private readonly LimitSet<long> _values;

    private Quota(in LimitSet<long> values)
    {
        _values = values;
        Dataset = DatasetQuota.Of(values);
    }

    /// <summary>The limits of a project whose request sets none.</summary>
    public static Quota Default { get; } = new(LimitSet.Defaults);

    /// <summary>The limits of a dataset of the project whose own request sets none.</summary>
    public DatasetQuota Dataset { get; }

    /// <summary>The most datasets in the project: 1 to 1,000,000,000, by default 1,000,000,000. Enforced.</summary>
    public long ProjectMaxDatasetCount => _values[Limit.ProjectMaxDatasetCount];

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

    internal long this[Limit limit] => _values[limit];

    /// <summary>Replaces the limits that a checked request sets. Defaults are one shared instance.</summary>
    internal Quota With(in LimitSet<long?> requested)
    {
        if (!requested.AnySet())
        {
            return this;
        }

        LimitSet<long> values = LimitSet.Replace(Limit.OfProject, _values, requested);
        return values.Equals(Default._values) ? Default : new Quota(values);
    }

    /// <summary>The limits that are not the defaults, for people.</summary>
    public override string ToString() => LimitSet.Describe(Limit.OfProject, _values);
}
