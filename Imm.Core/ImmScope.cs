using System.Globalization;

namespace Imm.Core;

/// <summary>An account in a region, as a store holds it at one moment. Immutable and thread-safe.</summary>
public sealed record ImmScope
{
    internal ImmScope(string accountId, string regionId, int projectCount, int projectQuota)
    {
        AccountId = accountId;
        RegionId = regionId;
        ProjectCount = projectCount;
        ProjectQuota = projectQuota;
    }

    /// <summary>The account.</summary>
    public string AccountId { get; }

    /// <summary>The region.</summary>
    public string RegionId { get; }

    /// <summary>The number of its projects.</summary>
    public int ProjectCount { get; }

    /// <summary>
    /// The number of projects that it may have: its own quota, or else <see cref="ImmStoreOptions.ProjectQuota"/>. May be below
    /// <see cref="ProjectCount"/> after it was lowered.
    /// </summary>
    public int ProjectQuota { get; }

    /// <summary>Deconstructs the scope.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="regionId">The region.</param>
    /// <param name="projectCount">The number of its projects.</param>
    /// <param name="projectQuota">The number of projects that it may have.</param>
    public void Deconstruct(out string accountId, out string regionId, out int projectCount, out int projectQuota) =>
        (accountId, regionId, projectCount, projectQuota) = (AccountId, RegionId, ProjectCount, ProjectQuota);

    /// <summary>Gives the scope in short: <c>1234567890 in cn-hangzhou: 3 of 100 projects</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{AccountId} in {RegionId}: {ProjectCount} of {ProjectQuota} projects");
}
