using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Model;

/// <summary>An account in a region, in which project names are unique and the project quota is counted. Compared ordinally.</summary>
internal sealed record Scope
{
    public const int MaxIdLength = 64;
    public const string AccountIdRule = "An account id has 1 to 64 of the characters A-Z, a-z, 0-9, '_' and '-'.";
    public const string RegionIdRule = "A region id has 1 to 64 of the characters a-z, 0-9 and '-'.";

    private static readonly SearchValues<char> AccountIdCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private static readonly SearchValues<char> RegionIdCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    public Scope(string accountId, string regionId)
    {
        Invariant.Holds(IsAccountId(accountId) && IsRegionId(regionId), "a scope has a well-formed account and region");
        AccountId = accountId;
        RegionId = regionId;
    }

    private Scope()
    {
    }

    public string AccountId { get; private init; } = "";

    public string RegionId { get; private init; } = "";

    /// <summary>The order of scopes: ordinal, by account, then region.</summary>
    public static IComparer<Scope> Order { get; } = Comparer<Scope>.Create(static (a, b) =>
        string.CompareOrdinal(a.AccountId, b.AccountId) is var byAccount and not 0
            ? byAccount
            : string.CompareOrdinal(a.RegionId, b.RegionId));

    /// <summary>The ARN of the resource that ListProjects acts on.</summary>
    public string AllProjectsArn => ProjectArn("*");

    public static bool IsAccountId(string text) => IsId(text, AccountIdCharacters);

    public static bool IsRegionId(string text) => IsId(text, RegionIdCharacters);

    /// <summary>Makes a scope of ids that may be missing or malformed.</summary>
    public static bool TryCreate(
        string? accountId,
        string? regionId,
        [NotNullWhen(true)] out Scope? scope,
        [NotNullWhen(false)] out string? brokenRule)
    {
        brokenRule = accountId is null || !IsAccountId(accountId) ? AccountIdRule
            : regionId is null || !IsRegionId(regionId) ? RegionIdRule
            : null;
        scope = brokenRule is null ? new Scope { AccountId = accountId!, RegionId = regionId! } : null;
        return scope is not null;
    }

    /// <exception cref="ArgumentException">An id is null or malformed.</exception>
    public static void ThrowIfMalformed(string accountId, string regionId)
    {
        ThrowIfMalformedAccount(accountId);
        ArgumentNullException.ThrowIfNull(regionId);
        if (!IsRegionId(regionId))
        {
            throw new ArgumentException(RegionIdRule, nameof(regionId));
        }
    }

    /// <exception cref="ArgumentException">The id is null or malformed.</exception>
    public static void ThrowIfMalformedAccount(string accountId)
    {
        ArgumentNullException.ThrowIfNull(accountId);
        if (!IsAccountId(accountId))
        {
            throw new ArgumentException(AccountIdRule, nameof(accountId));
        }
    }

    public string ProjectArn(string projectName) => $"acs:imm:{RegionId}:{AccountId}:project/{projectName}";

    public string DatasetArn(string projectName, string datasetName) => $"{ProjectArn(projectName)}/dataset/{datasetName}";

    /// <summary>The ARN of a dataset, or of a project where no dataset is named; <c>*</c>, all resources, where no project is.</summary>
    public string Arn(string? projectName, string? datasetName) =>
        projectName is null ? "*" : datasetName is null ? ProjectArn(projectName) : DatasetArn(projectName, datasetName);

    public override string ToString() => $"{AccountId}/{RegionId}";

    private static bool IsId(string text, SearchValues<char> characters) =>
        text.Length is >= 1 and <= MaxIdLength && !text.AsSpan().ContainsAnyExcept(characters);
}
