using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Policies in a fixture: a test finds out what its role may do.</summary>
public sealed class RamFixtureTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_role_of_my_service_cannot_delete_projects()
    {
        _fixture.Seed.Project("photos");
        ImmFixturePrincipal role = _fixture.Ram.Role("photo-service").Attach("AliyunIMMReadOnlyAccess");

        role.MustBeAllowed(ImmOperation.GetProject, "photos");
        role.MustBeAllowed(ImmOperation.ListProjects);
        role.MustBeAllowed(ImmOperation.ListDatasets, "photos");
        RamDecision decision = role.MustBeDenied(ImmOperation.DeleteProject, "photos");
        Assert.Equal(RamElement.Action, decision.Closest!.Element);

        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => role.Registry.Delete("photos")).Code);
        ImmCall call = _fixture.Calls.ReceivedExactly(1, ImmOperation.DeleteProject, "photos")[0];
        Assert.Equal((role.Principal, RamEffect.ImplicitDeny), (call.Principal, call.Decision!.Effect));
        Assert.Equal("photos", role.Registry.Get("photos").ProjectName.Value);
    }

    [Fact]
    public void An_assertion_says_which_statement_decided()
    {
        ImmFixturePrincipal user = _fixture.Ram.User("alice").Attach("AliyunIMMReadOnlyAccess");

        Assert.Contains(
            "AliyunIMMReadOnlyAccess",
            Assert.Throws<ImmAssertionException>(() => user.MustBeDenied(ImmOperation.GetProject, "p")).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "came closest",
            Assert.Throws<ImmAssertionException>(() => user.MustBeAllowed(ImmOperation.CreateDataset, "p", "d")).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("operation", () => user.Decide((ImmOperation)99));
    }

    [Fact]
    public void Policies_of_groups_and_documents_count()
    {
        ImmFixturePrincipal user = _fixture.Ram.User("alice").InGroup("team");
        _fixture.Ram.AttachToGroup("team", RamPolicy.SystemPolicy("AliyunIMMFullAccess"));
        user.MustBeAllowed(ImmOperation.DeleteDataset, "p", "d");

        _fixture.Ram.User("alice").Attach(RamPolicyTests.Statement(""" "Effect":"Deny","Action":"imm:Delete*","Resource":"*" """));
        user.MustBeDenied(ImmOperation.DeleteDataset, "p", "d");
        Assert.Throws<FormatException>(() => user.Attach("{}"));
        Assert.Throws<ArgumentException>(() => user.Attach("NoSuchPolicy"));
    }

    [Fact]
    public void Without_a_principal_everything_is_allowed_as_before()
    {
        _fixture.Registry.Create(new() { ProjectName = "photos" });

        ImmCall call = Assert.Single(_fixture.Calls);
        Assert.Equal(RamPrincipal.Root(_fixture.AccountId), call.Principal);
        Assert.True(call.Decision!.IsAllowed);
    }

    [Fact]
    public void A_clone_has_the_policies_and_goes_its_own_way()
    {
        _fixture.Ram.User("alice").Attach("AliyunIMMReadOnlyAccess");
        using ImmFixture clone = _fixture.Clone();

        clone.Ram.User("alice").MustBeAllowed(ImmOperation.GetProject, "p");
        clone.Ram.User("alice").Attach("AliyunIMMFullAccess");
        _fixture.Ram.User("alice").MustBeDenied(ImmOperation.DeleteProject, "p");
    }

    [Fact]
    public void An_authorizer_of_the_test_decides_alone()
    {
        var own = new RamAuthorizer(RamAccess.Empty, AuthorizationMode.Soft);
        using var fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = own });
        Assert.Same(own, fixture.Ram.Authorizer);
        fixture.Ram.User("alice").Registry.Create(new() { ProjectName = "p" });
        Assert.Equal((true, RamEffect.ImplicitDeny), (fixture.Calls[0].Succeeded, fixture.Calls[0].Decision!.Effect));

        using var other = new ImmFixture(new ImmFixtureOptions { Authorizer = new AllowAll() });
        Assert.Throws<InvalidOperationException>(() => other.Ram);
    }

    private sealed class AllowAll : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Allow;
    }
}
