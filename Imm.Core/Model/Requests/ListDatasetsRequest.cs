namespace Imm.Core;

/// <summary>A list of the datasets of a project: the parameters of the service's ListDatasets, under its names.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public sealed class ListDatasetsRequest : ListRequest
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }
}
