namespace Imm.Core.Model;

/// <summary>The figures that a store gives its scopes and projects: shown, or used where a scope has none of its own. Never stored.</summary>
internal sealed record ServiceFigures(int ProjectQuota, long ProjectQueriesPerSecond, long EngineConcurrency)
{
    /// <summary>Those of the figures that a project shows, and that so count when projects are compared.</summary>
    public ProjectFigures Project { get; } = new(ProjectQueriesPerSecond, EngineConcurrency);
}

/// <summary>The figures that a project shows.</summary>
internal sealed record ProjectFigures(long ProjectQueriesPerSecond, long EngineConcurrency);
