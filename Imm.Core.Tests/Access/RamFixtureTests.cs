using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
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
        Assert.Throws<ArgumentOutOfRangeException>("operation", () => user.Decide((ImmOperation)99));
    }

    [Theory]
    [MemberData(nameof(RegistryOperations.Methods), MemberType = typeof(RegistryOperations))]
    public async Task A_decision_without_a_call_is_that_of_the_call(string method)
    {
        RegistryOperation operation = RegistryOperations.Of(method);
        RegistryOperations.Prepare(_fixture.Registry);
        _fixture.Registry.Update(new() { ProjectName = "p", Tag = [new Tag("team", "media")] });
        ImmFixturePrincipal user = _fixture.Ram.User("alice").Attach(RamPolicyTests.Statement("""
            "Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:ResourceTag/team":"media"}}
            """));
        string[] names = operation.Resource?.Split('/') ?? [];
        RamDecision decision = user.Decide(
            ImmOperations.Of(operation.Action), names.ElementAtOrDefault(0), names.ElementAtOrDefault(2));
        _fixture.Calls.Clear();

        await Xunit.Record.ExceptionAsync(async () => await operation.Run(user.Registry));

        RamDecision called = Assert.Single(_fixture.Calls).Decision!;
        Assert.Equal(names is ["p", ..], called.IsAllowed);
        Assert.Equal((called.Effect, called.Resource), (decision.Effect, decision.Resource));
    }

    [Fact]
    public void A_policy_with_a_condition_on_tags_is_asserted_with_the_tags_that_the_project_has()
    {
        _fixture.Seed.Project("photos", project => project.Tag = [new Tag("team", "media")]).Project("bare");
        ImmFixturePrincipal user = _fixture.Ram.User("alice").Attach("AdministratorAccess").Attach(RamPolicyTests.Statement("""
            "Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:ResourceTag/team":"media"}}
            """));

        user.MustBeDenied(ImmOperation.GetProject, "photos");
        user.MustBeDenied(ImmOperation.ListDatasets, "photos");
        user.MustBeDenied(ImmOperation.AddFiles, "photos", "raw");
        user.MustBeAllowed(ImmOperation.GetProject, "bare");
        user.MustBeAllowed(ImmOperation.ListProjects);
        user.MustBeAllowed(ImmOperation.ListRegions);
        _fixture.Seed.UpdateProject("photos", project => project.Tag = []);
        user.MustBeAllowed(ImmOperation.GetProject, "photos");
    }

    [Fact]
    public void A_decision_is_on_the_resource_of_the_call_and_a_name_that_is_missing_is_an_error()
    {
        ImmFixturePrincipal user = _fixture.Ram.User("alice");

        Assert.EndsWith(":project/*", user.Decide(ImmOperation.ListProjects, "photos").Resource, StringComparison.Ordinal);
        Assert.EndsWith(":project/p/dataset/*", user.Decide(ImmOperation.ListDatasets, "p", "d").Resource, StringComparison.Ordinal);
        Assert.EndsWith(":project/p", user.Decide(ImmOperation.GetProject, "p", "d").Resource, StringComparison.Ordinal);
        Assert.Equal("*", user.Decide(ImmOperation.ListRegions, "p", "d").Resource);
        Assert.Throws<ArgumentException>("projectName", () => user.MustBeDenied(ImmOperation.DeleteProject));
        Assert.Throws<ArgumentException>("projectName", () => user.MustBeDenied(ImmOperation.ListDatasets));
        Assert.Throws<ArgumentException>("datasetName", () => user.MustBeDenied(ImmOperation.DeleteDataset, "p"));
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
