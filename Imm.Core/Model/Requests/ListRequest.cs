namespace Imm.Core;

/// <summary>The parameters that ListProjects and ListDatasets share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class ListRequest : ImmRequest
{
    private protected ListRequest()
    {
    }

    /// <summary>The most projects or datasets in the answer: 0 to 200, where 0 or null is 100.</summary>
    public int? MaxResults { get; set; }

    /// <summary>
    /// The place to go on from: <see cref="ProjectPage.NextToken"/> or <see cref="DatasetPage.NextToken"/> of the previous page. Null or
    /// empty: from the start. A token stays valid while projects or datasets are created and deleted.
    /// </summary>
    public string? NextToken { get; set; }

    /// <summary>
    /// The text that each listed name starts with, compared character for character: 0 to 128 characters (Unicode scalar values). Null or
    /// empty: all names.
    /// </summary>
    public string? Prefix { get; set; }
}
