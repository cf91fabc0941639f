namespace Imm.Core;

/// <summary>
/// The changes of a dataset: the parameters of the service's UpdateDataset, under its names. A field that is null stays as it is; at least
/// one besides the names is not null.
/// </summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class UpdateDatasetRequest : DatasetRequest
{
    /// <summary>
    /// The <see cref="Dataset.Revision"/> that the dataset must have: 1 to 2^63−1. Where it has another one, the change is refused with
    /// <see cref="ImmErrorCode.RevisionMismatch"/>. Null: no condition. It is no parameter of the service.
    /// </summary>
    public long? ExpectedRevision { get; set; }
}
