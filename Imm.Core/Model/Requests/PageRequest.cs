namespace Imm.Core;

/// <summary>The parameters that all lists share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class PageRequest : ImmRequest
{
    private protected PageRequest()
    {
    }

    /// <summary>The most entries in the answer: 0 to 200, where 0 or null is 100.</summary>
    public int? MaxResults { get; set; }

    /// <summary>
    /// The place to go on from: the <c>NextToken</c> of the previous page. Null or empty: from the start. A token stays valid while entries
    /// of the list are created and deleted.
    /// </summary>
    public string? NextToken { get; set; }
}
