using System.Text.Json.Serialization;

namespace Imm.Core;

/// <summary>One page of a list of datasets, all of one committed moment.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
[JsonConverter(typeof(ImmJsonConverter))]
public sealed class DatasetPage
{
    internal DatasetPage(Dataset[] datasets, string? nextToken)
    {
        Datasets = Array.AsReadOnly(datasets);
        NextToken = nextToken;
    }

    /// <summary>The datasets, in ordinal order of their names; may be empty.</summary>
    public IReadOnlyList<Dataset> Datasets { get; }

    /// <summary>The token of the next page; null on the last page.</summary>
    public string? NextToken { get; }

    /// <summary>The number of datasets, and the next token, for people.</summary>
    public override string ToString() => FormattableString.Invariant($"datasets: {Datasets.Count}, next token: {NextToken ?? "none"}");
}
