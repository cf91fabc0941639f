namespace Imm.Core.Model;

/// <summary>
/// The defaults of a store: the project quota of a scope that has none of its own, the capacity of every project, and the times of every
/// binding.
/// </summary>
/// <remarks>Never stored: they follow the options at each open.</remarks>
internal sealed record ServiceDefaults(int ProjectQuota, long ProjectQueriesPerSecond, long EngineConcurrency)
{
    public ProjectCapacity Capacity { get; } = new(ProjectQueriesPerSecond, EngineConcurrency);

    public BindingTimes BindingTimes { get; init; }
}

/// <summary>The ages at which a binding is shown to run, and to be scanned.</summary>
internal readonly record struct BindingTimes(TimeSpan RunsAfter, TimeSpan IsScannedAfter);
