namespace Imm.Core.Model;

/// <summary>The defaults of a store: the project quota of a scope that has none of its own, and the capacity of every project.</summary>
/// <remarks>Never stored: they follow the options at each open.</remarks>
internal sealed record ServiceDefaults(int ProjectQuota, long ProjectQueriesPerSecond, long EngineConcurrency)
{
    public ProjectCapacity Capacity { get; } = new(ProjectQueriesPerSecond, EngineConcurrency);
}
