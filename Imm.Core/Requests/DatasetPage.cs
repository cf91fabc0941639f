namespace Imm.Core;

/// <summary>One page of a list of datasets, all of one committed moment.</summary>
/// <remarks>Immutable, and so safe to share between threads.</remarks>
public sealed class DatasetPage
{
    internal DatasetPage(IReadOnlyList<Dataset> datasets, string? nextToken)
    {
        Datasets = datasets;
        NextToken = nextToken;
    }

    /// <summary>The datasets, in ordinal order of their names; may be empty.</summary>
    public IReadOnlyList<Dataset> Datasets { get; }

    /// <summary>Where the next page goes on; null where no more matches.</summary>
    public string? NextToken { get; }
}
