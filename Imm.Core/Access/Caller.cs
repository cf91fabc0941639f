namespace Imm.Core.Access;

/// <summary>The caller of a registry: its principal, and the condition values that the host knows of it.</summary>
/// <param name="Principal">The principal.</param>
/// <param name="ConditionValues">The values; null for none.</param>
internal sealed record Caller(RamPrincipal Principal, IReadOnlyDictionary<string, string>? ConditionValues = null);
