using System.Collections.Concurrent;

namespace Imm.Core.Testing;

/// <summary>The store, policies and access keys of a fixture, for its users and roles.</summary>
/// <param name="store">The store.</param>
/// <param name="accountId">The account of the fixture.</param>
/// <param name="regionId">The region of the fixture.</param>
/// <param name="authorizer">The authorizer of the store.</param>
/// <param name="credentials">The access keys to begin with.</param>
internal sealed class FixtureAccess(
    ImmStore store,
    string accountId,
    string regionId,
    RamAuthorizer authorizer,
    IEnumerable<KeyValuePair<string, RamCredential>> credentials)
{
    public ImmStore Store => store;

    public string AccountId => accountId;

    public string RegionId => regionId;

    public RamAuthorizer Authorizer => authorizer;

    /// <summary>The access keys by id.</summary>
    public ConcurrentDictionary<string, RamCredential> Credentials { get; } = new(credentials, StringComparer.Ordinal);
}
