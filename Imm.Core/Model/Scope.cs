using System.Buffers;

namespace Imm.Core.Model;

/// <summary>An account in a region: within it project names are unique and the project quota counts. Compared ordinally.</summary>
internal sealed record Scope
{
    public const int MaxIdLength = 64;

    private static readonly SearchValues<char> AccountIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly SearchValues<char> RegionIdCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    public Scope(string accountId, string regionId)
    {
        Invariant.Holds(IsAccountId(accountId) && IsRegionId(regionId), "a scope has a well-formed account and region");
        AccountId = accountId;
        RegionId = regionId;
    }

    public string AccountId { get; }

    public string RegionId { get; }

    /// <summary>The resource that listing projects acts on.</summary>
    public string AllProjectsArn => ProjectArn("*");

    public static bool IsAccountId(string text) => text.Length is >= 1 and <= MaxIdLength && !text.AsSpan().ContainsAnyExcept(AccountIdCharacters);

    public static bool IsRegionId(string text) => text.Length is >= 1 and <= MaxIdLength && !text.AsSpan().ContainsAnyExcept(RegionIdCharacters);

    public string ProjectArn(string projectName) => $"acs:imm:{RegionId}:{AccountId}:project/{projectName}";

    public string DatasetArn(string projectName, string datasetName) => $"{ProjectArn(projectName)}/dataset/{datasetName}";

    public override string ToString() => $"{AccountId}/{RegionId}";
}
