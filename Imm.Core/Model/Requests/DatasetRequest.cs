namespace Imm.Core;

/// <summary>The parameters that CreateDataset and UpdateDataset share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class DatasetRequest : ResourceRequest
{
    private protected DatasetRequest()
    {
    }

    /// <summary>
    /// The name of the dataset. Required; 1 to 128 of the ASCII letters, digits, <c>-</c> and <c>_</c>, the first a letter or <c>_</c>. An
    /// update cannot change it.
    /// </summary>
    public string? DatasetName { get; set; }
}
