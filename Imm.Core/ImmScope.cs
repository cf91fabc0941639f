namespace Imm.Core;

/// <summary>An account in a region, as a store holds it at one moment. Immutable and thread-safe.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="RegionId">The region.</param>
/// <param name="ProjectCount">The number of its projects.</param>
/// <param name="ProjectQuota">
/// The number of projects that it may have: its own quota, or else <see cref="ImmStoreOptions.ProjectQuota"/>. May be below
/// <paramref name="ProjectCount"/> after it was lowered.
/// </param>
public sealed record ImmScope(string AccountId, string RegionId, int ProjectCount, int ProjectQuota);
