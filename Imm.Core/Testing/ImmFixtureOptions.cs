namespace Imm.Core.Testing;

/// <summary>How to make a fixture. Read when it is made; a change made later has no effect on it.</summary>
public sealed class ImmFixtureOptions
{
    /// <summary>The account of <see cref="ImmFixture.Registry"/>, <see cref="ImmFixture.Seed"/> and <see cref="ImmFixture.HttpHandler()"/>.</summary>
    /// <value>1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>; by default <c>1234567890123456</c>.</value>
    public string AccountId { get; set; } = "1234567890123456";

    /// <summary>The region of <see cref="ImmFixture.Registry"/>, <see cref="ImmFixture.Seed"/> and <see cref="ImmFixture.HttpHandler()"/>.</summary>
    /// <value>1 to 64 of the lower-case ASCII letters, digits and <c>-</c>; by default <c>cn-hangzhou</c>.</value>
    public string RegionId { get; set; } = "cn-hangzhou";

    /// <summary>How many projects each account may have in each region, where it has set no other number.</summary>
    /// <value>0 to 2,147,483,647 (both inclusive); null, as by default, is what the snapshot says, or else 100.</value>
    public int? ProjectQuota { get; set; }

    /// <summary>What the RequestIds are made from: the same seed gives the same ids in the same order.</summary>
    /// <value>Any number, by default 0.</value>
    public int Seed { get; set; }

    /// <summary>The clock.</summary>
    /// <value>Null, as by default, is an <see cref="ImmFixtureClock"/> of the fixture's own, which shows the time of the snapshot, or else <see cref="ImmFixtureClock.DefaultStart"/>.</value>
    public TimeProvider? TimeProvider { get; set; }

    /// <summary>Who decides whether an operation is allowed.</summary>
    /// <value>Null allows everything. By default null.</value>
    public IImmAuthorizer? Authorizer { get; set; }
}
