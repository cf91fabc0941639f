namespace Imm.Core;

/// <summary>
/// The changes of a dataset: the parameters of the service's UpdateDataset, under its names. A field that is null stays as it is; at least
/// one besides the names is not null.
/// </summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class UpdateDatasetRequest : DatasetRequest;
