using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The five limits of a dataset.</summary>
/// <remarks>
/// Equal where all five are equal. Immutable and thread-safe. Ranges and defaults are the vendor's, of the parameters of CreateProject and
/// CreateDataset. Where the page of CreateProject contradicts itself (<see cref="DatasetMaxFileCount"/>), the range decides.
/// </remarks>
public sealed record DatasetQuota
{
    private readonly LimitSet<long> _values;

    private DatasetQuota(in LimitSet<long> values) => _values = values;

    /// <summary>The limits where neither the project nor the dataset sets any.</summary>
    public static DatasetQuota Default { get; } = new(LimitSet.Replace(Limit.OfDataset, LimitSet.Defaults, default));

    /// <summary>The most bindings in a dataset: 1 to 10, by default 10. Enforced.</summary>
    public long DatasetMaxBindCount => _values[Limit.DatasetMaxBindCount];

    /// <summary>The most files in a dataset: 1 to 100,000,000, by default 100,000,000. Enforced.</summary>
    public long DatasetMaxFileCount => _values[Limit.DatasetMaxFileCount];

    /// <summary>
    /// The most metadata entities in a dataset: 1 to 2^63−1, by default 10,000,000,000. Stored, not enforced, as the service does.
    /// </summary>
    public long DatasetMaxEntityCount => _values[Limit.DatasetMaxEntityCount];

    /// <summary>
    /// The most metadata relations in a dataset: 1 to 2^63−1, by default 100,000,000,000. Stored, not enforced, as the service does.
    /// </summary>
    public long DatasetMaxRelationCount => _values[Limit.DatasetMaxRelationCount];

    /// <summary>The most bytes in the files of a dataset: 1 to 2^63−1, by default 90,000,000,000,000,000. Enforced.</summary>
    public long DatasetMaxTotalFileSize => _values[Limit.DatasetMaxTotalFileSize];

    internal long this[Limit limit] => _values[limit];

    /// <summary>Takes the limits of a dataset out of those of a project.</summary>
    internal static DatasetQuota Of(in LimitSet<long> values) => Create(values, default);

    /// <summary>Replaces the limits that a checked request sets. Defaults are one shared instance.</summary>
    internal DatasetQuota With(in LimitSet<long?> requested) => requested.AnySet() ? Create(_values, requested) : this;

    private static DatasetQuota Create(in LimitSet<long> values, in LimitSet<long?> requested)
    {
        LimitSet<long> next = LimitSet.Replace(Limit.OfDataset, values, requested);
        return next.Equals(Default._values) ? Default : new DatasetQuota(next);
    }

    /// <summary>The limits that are not the defaults, for people.</summary>
    public override string ToString() => LimitSet.Describe(Limit.OfDataset, _values);
}
