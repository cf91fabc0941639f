using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>A store whose operations are decided by policies: its registries, refusals, log and status.</summary>
public sealed class RamStoreTests
{
    private const string Account = "42";
    private const string Region = "cn-hangzhou";

    private static readonly RamPrincipal Alice = RamPrincipal.User(Account, "alice");

    private readonly FakeLogCollector _logs = new();

    [Fact]
    public void A_registry_acts_as_its_principal_and_one_without_as_the_account_itself()
    {
        using ImmStore store = Open(AuthorizationMode.Strict, RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess"));
        store.Registry(Account, Region).Create(new() { ProjectName = "photos" });
        ProjectRegistry alice = store.Registry(Account, Region, Alice);

        Assert.Equal("photos", alice.Get("photos").ProjectName.Value);
        ImmException refused = Assert.Throws<ImmException>(() => alice.Delete("photos"));

        Assert.Equal((ImmErrorCode.NoPermission, 403), (refused.Code, refused.HttpStatus));
        Assert.Equal(
            "You are not authorized to operate imm:DeleteProject on the specified resources acs:imm:cn-hangzhou:42:project/photos. "
            + "No statement allows it. Statement 0 of the policy \"AliyunIMMReadOnlyAccess\" came closest: its Action is \"imm:Get*\", "
            + "\"imm:List*\", the request has \"imm:DeleteProject\".",
            refused.Message);
        store.Registry(Account, Region).Delete("photos");
    }

    [Fact]
    public void Authorization_comes_before_existence_and_a_principal_stays_in_its_account()
    {
        using ImmStore store = Open(AuthorizationMode.Strict, RamPolicy.SystemPolicy("AdministratorAccess"));

        Assert.Equal(ImmErrorCode.ResourceNotFound, Code(() => store.Registry(Account, Region, Alice).Get("none")));
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => store.Registry(Account, Region, RamPrincipal.User(Account, "bob")).Get("none")));
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => store.Registry("43", Region, Alice).Get("none")));
    }

    [Fact]
    public void A_policy_may_name_datasets_and_one_refusal_refuses_the_whole_call()
    {
        using ImmStore store = Open(AuthorizationMode.Strict, RamPolicy.Parse(RamPolicyTests.Statement(
            """ "Effect":"Allow","Action":"imm:BatchIndexFileMeta","Resource":"acs:imm:*:*:project/p/dataset/a" """)));
        ProjectRegistry root = store.Registry(Account, Region);
        root.Create(new() { ProjectName = "p" });
        root.CreateDataset(new() { ProjectName = "p", DatasetName = "a" });
        root.CreateDataset(new() { ProjectName = "p", DatasetName = "b" });
        ProjectRegistry alice = store.Registry(Account, Region, Alice);

        alice.AddFiles([new("p", "a", 1, 1)]);
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => alice.AddFiles([new("p", "a", 1, 1), new("p", "b", 1, 1)])));
        Assert.Equal(1, root.Get("p").FileCount);
    }

    [Fact]
    public void Soft_mode_lets_through_and_warns()
    {
        using ImmStore store = Open(AuthorizationMode.Soft);

        store.Registry(Account, Region, Alice).Create(new() { ProjectName = "photos" });

        FakeLogRecord warning = Assert.Single(_logs.GetSnapshot(), record => record.Level == LogLevel.Warning);
        Assert.Equal((9, "AccessDeniedSoftly"), (warning.Id.Id, warning.Id.Name));
        Assert.Equal("acs:ram::42:user/alice", warning.GetStructuredStateValue("Principal"));
        Assert.Equal("ImplicitDeny", warning.GetStructuredStateValue("Effect"));
        Assert.Contains("imm:CreateProject", warning.GetStructuredStateValue("Reason"), StringComparison.Ordinal);
        Assert.Equal(AuthorizationMode.Soft, store.Status.Authorization);
    }

    [Fact]
    public void Strict_mode_logs_a_refusal_and_why()
    {
        using ImmStore store = Open(AuthorizationMode.Strict);

        Assert.Equal(
            ImmErrorCode.NoPermission, Code(() => store.Registry(Account, Region, Alice).Create(new() { ProjectName = "photos" })));

        FakeLogRecord refused = Assert.Single(_logs.GetSnapshot(), record => record.Id.Id == 8);
        Assert.Equal(("AccessDenied", LogLevel.Information), (refused.Id.Name, refused.Level));
        Assert.Contains("has no policies", refused.GetStructuredStateValue("Reason"), StringComparison.Ordinal);
    }

    [Fact]
    public void Off_decides_nothing()
    {
        using ImmStore store = Open(AuthorizationMode.Off);

        store.Registry(Account, Region, Alice).Create(new() { ProjectName = "photos" });

        Assert.Equal([16, 7], _logs.GetSnapshot().Select(record => record.Id.Id));
        Assert.Equal(AuthorizationMode.Off, store.Status.Authorization);
    }

    [Fact]
    public void The_mode_is_logged_when_the_store_is_opened_and_stands_in_the_status()
    {
        using ImmStore store = Open(AuthorizationMode.Strict);

        FakeLogRecord opened = Assert.Single(_logs.GetSnapshot(), record => record.Id.Id == 7);
        Assert.Equal(("Authorization", LogLevel.Information), (opened.Id.Name, opened.Level));
        Assert.Equal("Strict", opened.GetStructuredStateValue("Mode"));
        Assert.Equal(AuthorizationMode.Strict, store.Status.Authorization);
        using ImmStore without = ImmStore.InMemory();
        Assert.Equal(AuthorizationMode.Off, without.Status.Authorization);
        using ImmStore another = ImmStore.InMemory(new ImmStoreOptions { Authorizer = new AllowAll() });
        Assert.Equal(AuthorizationMode.Strict, another.Status.Authorization);
    }

    [Fact]
    public void Conditions_see_the_clock_of_the_store_the_values_of_the_host_and_the_tags_of_request_and_project()
    {
        RamPolicy policy = RamPolicy.Parse("""
            {"Version":"1","Statement":[
             {"Effect":"Allow","Action":"imm:CreateProject","Resource":"*","Condition":{
              "IpAddress":{"acs:SourceIp":"10.0.0.0/8"},"DateLessThan":{"acs:CurrentTime":"2000-01-01T00:00:00Z"},
              "StringEquals":{"acs:RequestTag/env":"dev"}}},
             {"Effect":"Allow","Action":"imm:GetProject","Resource":"*","Condition":{"StringEquals":{"acs:ResourceTag/env":"dev"}}}]}
            """);
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new(1999, 12, 31, 23, 59, 59, TimeSpan.Zero));
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            TimeProvider = clock,
            Authorizer = new RamAuthorizer(RamAccess.Empty.Attach(Alice, policy), AuthorizationMode.Strict, usesTags: true),
        });
        Tag[] dev = [new("env", "dev")];
        ProjectRegistry here = store.Registry(Account, Region, Alice, new Dictionary<string, string> { ["acs:SourceIp"] = "10.1.2.3" });
        ProjectRegistry elsewhere = store.Registry(
            Account, Region, Alice, new Dictionary<string, string> { ["acs:SourceIp"] = "11.1.2.3" });

        here.Create(new() { ProjectName = "p", Tag = dev });
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => here.Create(new() { ProjectName = "q" })));
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => elsewhere.Create(new() { ProjectName = "q", Tag = dev })));
        Assert.Equal("p", here.Get("p").ProjectName.Value);
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => here.Get("q")));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => here.Create(new() { ProjectName = "q", Tag = dev })));
    }

    [Fact]
    public void The_tags_that_a_list_filters_by_are_not_tags_that_a_request_sets()
    {
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Condition("""{"StringEquals":{"acs:RequestTag/env":"dev"}}"""));
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            Authorizer = new RamAuthorizer(RamAccess.Empty.Attach(Alice, policy), AuthorizationMode.Strict, usesTags: true),
        });
        Tag[] dev = [new("env", "dev")];
        ProjectRegistry alice = store.Registry(Account, Region, Alice);

        alice.Create(new() { ProjectName = "p", Tag = dev });
        alice.Update(new() { ProjectName = "p", Tag = dev });

        Assert.Equal(ImmErrorCode.NoPermission, Code(() => alice.List(new() { Tag = dev })));
        Assert.Equal(ImmErrorCode.NoPermission, Code(() => alice.ListAll(tags: dev)));
    }

    [Fact]
    public void Misuse_is_an_argument_exception()
    {
        using ImmStore store = ImmStore.InMemory();

        Assert.Throws<ArgumentNullException>("principal", () => store.Registry(Account, Region, null!));
        Assert.Throws<ArgumentException>(() => store.Registry("a:b", Region, Alice));
    }

    private static string Code(Action action) => Assert.Throws<ImmException>(action).Code;

    private ImmStore Open(AuthorizationMode mode, params RamPolicy[] policies) => ImmStore.InMemory(new ImmStoreOptions
    {
        Authorizer = new RamAuthorizer(policies.Length == 0 ? RamAccess.Empty : RamAccess.Empty.Attach(Alice, policies), mode),
        LoggerFactory = LoggerFactory.Create(logging => logging.AddProvider(new FakeLoggerProvider(_logs)).SetMinimumLevel(LogLevel.Trace)),
    });

    private sealed class AllowAll : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Allow;
    }
}
