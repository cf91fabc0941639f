namespace Imm.Core.Model;

/// <summary>The figures that a store gives its scopes and projects: shown, or used where a scope has none of its own. Never stored.</summary>
internal sealed record ServiceFigures(int ProjectQuota, long ProjectQueriesPerSecond, long EngineConcurrency);
