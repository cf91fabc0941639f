namespace Imm.Core.Model;

/// <summary>The capacity that a project shows. Informative: not enforced.</summary>
internal sealed record ProjectCapacity(long ProjectQueriesPerSecond, long EngineConcurrency);
