using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A list of datasets to ask for: the parameters of the service's ListDatasets, under its names.</summary>
/// <remarks>Not safe to change while a call that was given it has not returned.</remarks>
public sealed class ListDatasetsRequest
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }

    /// <summary>The most datasets in the answer: 0 to 200, where 0 or null is 100.</summary>
    public int? MaxResults { get; set; }

    /// <summary>
    /// The place to go on from: <see cref="DatasetPage.NextToken"/> of the page before. Null or empty: at the beginning. A token stays good
    /// while datasets are created and deleted.
    /// </summary>
    public string? NextToken { get; set; }

    /// <summary>
    /// Only datasets whose name starts so, character for character: 0 to 128 characters (Unicode scalar values). Null or empty: all.
    /// </summary>
    public string? Prefix { get; set; }

    /// <summary>The texts in a text form of the request that are no values of their types, by parameter.</summary>
    internal UnreadableParameters? Unreadable { get; set; }

    /// <summary>
    /// Copies the request, reading each property once: all that is done for a call is done from the copy, whatever the caller changes
    /// meanwhile.
    /// </summary>
    internal ListDatasetsRequest Copy() => (ListDatasetsRequest)MemberwiseClone();
}
