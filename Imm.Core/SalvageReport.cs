namespace Imm.Core;

/// <summary>The result of a salvage: the things that were recovered of a damaged store, and those that are missing.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class SalvageReport
{
    internal SalvageReport(
        int scopeCount, long projectCount, long datasetCount, IReadOnlyList<long> damagedPages, IReadOnlyList<string> problems)
    {
        (ScopeCount, ProjectCount, DatasetCount) = (scopeCount, projectCount, datasetCount);
        DamagedPages = Array.AsReadOnly([.. damagedPages]);
        Problems = Array.AsReadOnly([.. problems]);
    }

    /// <summary>The number of accounts in regions that were recovered.</summary>
    public int ScopeCount { get; }

    /// <summary>The number of projects that were recovered.</summary>
    public long ProjectCount { get; }

    /// <summary>The number of datasets that were recovered.</summary>
    public long DatasetCount { get; }

    /// <summary>The numbers of the damaged or missing pages of the data file, from 0, each of 8,192 bytes.</summary>
    public IReadOnlyList<long> DamagedPages { get; }

    /// <summary>
    /// Everything that was found damaged or missing, one text each: pages, documents of several projects, logs and batches, and the names
    /// of what is lost as far as they are known.
    /// </summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>True if no problem was found: then everything was recovered.</summary>
    public bool IsComplete => Problems.Count == 0;
}
