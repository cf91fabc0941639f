namespace Imm.Core;

/// <summary>A dataset to create: the parameters of the service's CreateDataset, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class CreateDatasetRequest : DatasetRequest;
