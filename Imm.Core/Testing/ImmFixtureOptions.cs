namespace Imm.Core.Testing;

/// <summary>The options of a fixture. They are read when it is made; later changes have no effect.</summary>
public sealed class ImmFixtureOptions
{
    /// <summary>
    /// The account of <see cref="ImmFixture.Registry"/>, <see cref="ImmFixture.Seed"/> and <see cref="ImmFixture.HttpHandler()"/>.
    /// </summary>
    /// <value>1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>. The default value is <c>1234567890123456</c>.</value>
    public string AccountId { get; set; } = "1234567890123456";

    /// <summary>
    /// The region of <see cref="ImmFixture.Registry"/>, <see cref="ImmFixture.Seed"/> and <see cref="ImmFixture.HttpHandler()"/>.
    /// </summary>
    /// <value>1 to 64 of the lower-case ASCII letters, digits and <c>-</c>. The default value is <c>cn-hangzhou</c>.</value>
    public string RegionId { get; set; } = "cn-hangzhou";

    /// <summary>The number of projects that each account may have in each region, where it has set no other.</summary>
    /// <value>0 to 2,147,483,647 (both inclusive). The default value, null, is that of the snapshot, or else 100.</value>
    public int? ProjectQuota { get; set; }

    /// <summary>The seed of the RequestIds. The same seed gives the same ids in the same order.</summary>
    /// <value>Any number. The default value is 0.</value>
    public int Seed { get; set; }

    /// <summary>The clock of the fixture.</summary>
    /// <value>
    /// The default value, null, is an <see cref="ImmFixtureClock"/> of the fixture's own. It shows the time of the snapshot, or else
    /// <see cref="ImmFixtureClock.DefaultStart"/>.
    /// </value>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>The authorizer of the store.</summary>
    /// <value>
    /// The default value, null, is a <see cref="RamAuthorizer"/> in <see cref="AuthorizationMode.Strict"/>. It restricts only the users and
    /// roles of <see cref="ImmFixture.Ram"/>.
    /// </value>
    public IImmAuthorizer? Authorizer { get; set; }
}
