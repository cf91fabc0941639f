using Imm.Core.Access;
using Imm.Core.Model;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>The authorizer: its modes, the values that conditions see, and policies that change while they decide.</summary>
public sealed class RamAuthorizerTests
{
    private const string Project = "acs:imm:cn-hangzhou:42:project/photos";

    private static readonly RamPrincipal Alice = RamPrincipal.User("42", "alice");
    private static readonly RamPolicy ReadOnly = RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess");

    [Theory]
    [InlineData(AuthorizationMode.Off, true, null)]
    [InlineData(AuthorizationMode.Soft, true, RamEffect.ImplicitDeny)]
    [InlineData(AuthorizationMode.Strict, false, RamEffect.ImplicitDeny)]
    public void A_refusal_refuses_in_strict_mode_only(AuthorizationMode mode, bool isAllowed, RamEffect? effect)
    {
        var authorizer = new RamAuthorizer(RamAccess.Empty.Attach(Alice, ReadOnly), mode);

        AuthorizationDecision decision = authorizer.Authorize(Request("imm:DeleteProject"));

        Assert.Equal((isAllowed, effect), (decision.IsAllowed, decision.Ram?.Effect));
        Assert.Equal(isAllowed, decision.Reason is null);
        Assert.True(authorizer.Authorize(Request("imm:GetProject")).IsAllowed);
        Assert.Equal(mode, ((IImmAuthorizer)authorizer).Mode);
    }

    [Fact]
    public void A_mode_that_does_not_exist_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>("mode", () => new RamAuthorizer(RamAccess.Empty, (AuthorizationMode)3));

    [Fact]
    public void Policies_are_replaced_at_once_and_no_change_is_lost()
    {
        var authorizer = new RamAuthorizer(RamAccess.Empty, AuthorizationMode.Strict);
        Assert.False(authorizer.Authorize(Request("imm:GetProject")).IsAllowed);

        Parallel.For(0, 200, i => authorizer.Change(access => access.Attach(
            RamPrincipal.User("42", $"user{i}"), ReadOnly)));

        Assert.All(Enumerable.Range(0, 200), i => Assert.True(
            authorizer.Authorize(Request("imm:GetProject", RamPrincipal.User("42", $"user{i}"))).IsAllowed));
        authorizer.Replace(RamAccess.Empty);
        Assert.False(authorizer.Authorize(Request("imm:GetProject", RamPrincipal.User("42", "user7"))).IsAllowed);
        Assert.Same(RamAccess.Empty, authorizer.Access);
        Assert.Throws<ArgumentNullException>("access", () => authorizer.Replace(null!));
        Assert.Throws<ArgumentNullException>("change", () => authorizer.Change(_ => null!));
        Assert.Throws<ArgumentNullException>("change", () => authorizer.Change(null!));
        Assert.Throws<ArgumentNullException>("request", () => authorizer.Authorize(null!));
        Assert.Throws<ArgumentNullException>("request", () => authorizer.Decide(null!));
        Assert.Throws<ArgumentNullException>("access", () => new RamAuthorizer(null!, AuthorizationMode.Strict));
    }

    [Fact]
    public void Conditions_see_the_clock_the_principal_and_the_values_of_the_host()
    {
        DateTimeOffset time = new(2026, 8, 1, 12, 0, 0, 999, TimeSpan.FromHours(8));
        AuthorizationRequest request = Request(
            "imm:GetProject", time: time, hostValues: new() { ["acs:SourceIp"] = "10.0.0.1", ["acs:MFAPresent"] = "true" });

        Assert.Equal("2026-08-01T04:00:00Z", request.ConditionValues["acs:CurrentTime"]);
        Assert.Equal("acs:ram::42:user/alice", request.ConditionValues["acs:PrincipalARN"]);
        Assert.Equal("true", request.ConditionValues["acs:SecureTransport"]);
        Assert.Equal("true", request.ConditionValues["acs:MFAPresent"]);
        Assert.Equal("10.0.0.1", request.ConditionValues["acs:SourceIp"]);
        Assert.Equal(5, request.ConditionValues.Count);
        Assert.False(request.ConditionValues.ContainsKey("acs:sourceip"));
        Assert.Throws<KeyNotFoundException>(() => request.ConditionValues["acs:RequestTag/env"]);
        Assert.Equal("false", Request("imm:GetProject").ConditionValues["acs:MFAPresent"]);
        Assert.True(IsMet(request, "DateEquals", "acs:CurrentTime", "2026-08-01T04:00:00Z"));
        Assert.False(IsMet(request, "DateLessThan", "acs:CurrentTime", "2026-08-01T04:00:00Z"));
        Assert.True(IsMet(request, "StringLike", "acs:CurrentTime", "2026-*"));
    }

    [Fact]
    public void Condition_values_can_be_enumerated_with_those_of_the_host_and_of_tags()
    {
        AuthorizationRequest request = Request(
            "imm:UpdateProject", hostValues: new() { ["host"] = "1" }, tags: [new("env", "a")], resourceTags: [new("team", "b")]);
        string[] filled = ["acs:CurrentTime", "acs:MFAPresent", "acs:PrincipalARN", "acs:SecureTransport"];

        Assert.Equal([.. filled, "host"], request.ConditionValues.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            [filled[0], filled[1], filled[2], "acs:RequestTag/env", "acs:ResourceTag/team", filled[3], "host"],
            request.TagConditionValues.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("a", "b"), (request.TagConditionValues["acs:RequestTag/env"], request.TagConditionValues["acs:ResourceTag/team"]));
        Assert.Equal(4, Request("imm:GetProject").TagConditionValues.Count);
        Assert.Throws<ArgumentNullException>("key", () => request.ConditionValues.TryGetValue(null!, out _));

        var passed = new PassRoleValues(request.ConditionValues);
        Assert.Equal(
            [filled[0], filled[1], filled[2], filled[3], "acs:Service", "host"], passed.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("imm.aliyuncs.com", "1", 6), (passed["acs:Service"], passed["host"], passed.Count));
        Assert.Equal(passed.Select(pair => pair.Value), passed.Values);
        Assert.True(passed.ContainsKey("acs:Service") && passed.ContainsKey("host") && !passed.ContainsKey("acs:service"));
        Assert.False(passed.TryGetValue("acs:service", out _));
    }

    [Fact]
    public void A_clock_of_the_host_comes_before_that_of_the_store()
    {
        AuthorizationRequest request = Request("imm:GetProject", hostValues: new() { ["acs:CurrentTime"] = "2020-01-01T00:00:00Z" });

        Assert.True(IsMet(request, "DateEquals", "acs:CurrentTime", "2020-01-01T00:00:00Z"));
    }

    [Fact]
    public void Tags_count_only_where_they_are_switched_on()
    {
        AuthorizationRequest request = Request(
            "imm:CreateProject", tags: [new("env", "dev"), new("a/b", "")], resourceTags: [new("owner", "alice")]);

        Assert.False(IsMet(request, "StringEquals", "acs:RequestTag/env", "dev"));
        Assert.True(IsMet(request, "StringEquals", "acs:RequestTag/env", "dev", usesTags: true));
        Assert.True(IsMet(request, "StringEquals", "acs:RequestTag/a/b", "", usesTags: true));
        Assert.False(IsMet(request, "StringEquals", "acs:RequestTag/Env", "dev", usesTags: true));
        Assert.True(IsMet(request, "StringEquals", "acs:ResourceTag/owner", "alice", usesTags: true));
        Assert.False(IsMet(request, "StringEquals", "acs:ResourceTag/env", "dev", usesTags: true));
    }

    [Fact]
    public void An_allow_allocates_nothing()
    {
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Condition(
            """{"DateLessThan":{"acs:CurrentTime":"2030-01-01T00:00:00Z"},"StringLike":{"acs:PrincipalARN":"acs:ram::*:user/*"}}"""));
        var authorizer = new RamAuthorizer(RamAccess.Empty.Attach(Alice, policy), AuthorizationMode.Strict, usesTags: true);
        AuthorizationRequest request = Request("imm:GetProject", tags: [new("a", "b")]);
        Assert.True(authorizer.Authorize(request).IsAllowed);

        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isAllowed = true;
        for (int i = 0; i < 1000; i++)
        {
            isAllowed &= authorizer.Authorize(request).IsAllowed;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(isAllowed);
    }

    [Fact]
    public void Without_a_principal_the_account_itself_asks()
    {
        var authorizer = new RecordingAuthorizer();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = authorizer });

        store.Registry("42", "cn-hangzhou").List();

        Assert.Equal(RamPrincipal.Root("42"), authorizer.Request?.Principal);
    }

    private static bool IsMet(AuthorizationRequest request, string name, string key, string value, bool usesTags = false)
    {
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Condition($$$"""{"{{{name}}}":{"{{{key}}}":"{{{value}}}"}}"""));
        return new RamAuthorizer(RamAccess.Empty.Attach(Alice, policy), AuthorizationMode.Strict, usesTags).Authorize(request).IsAllowed;
    }

    private static AuthorizationRequest Request(
        string action,
        RamPrincipal? principal = null,
        DateTimeOffset? time = null,
        Dictionary<string, string>? hostValues = null,
        Tag[]? tags = null,
        Tag[]? resourceTags = null) =>
        new(
            action,
            Project,
            new Scope("42", "cn-hangzhou"),
            tags ?? [],
            principal ?? Alice,
            new FakeTimeProvider(time ?? RecordedRequest.Time),
            hostValues,
            _ => resourceTags ?? [],
            "photos");

    private sealed class RecordingAuthorizer : IImmAuthorizer
    {
        public AuthorizationRequest? Request { get; private set; }

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Request = request;
            return AuthorizationDecision.Allow;
        }
    }

    [Theory]
    [InlineData(false, "editor", null)]
    [InlineData(true, null, null)]
    [InlineData(true, "", null)]
    [InlineData(true, "reader", null)]
    [InlineData(true, "editor", "ram:PassRole")]
    public void A_role_is_passed_only_with_permission_where_that_is_required(bool requires, string? role, string? refusedAction)
    {
        RamPrincipal alice = RamPrincipal.User("1234", "alice");
        RamPolicy policy = RamPolicy.Parse("""
            {"Version":"1","Statement":[
              {"Effect":"Allow","Action":"imm:*","Resource":"*"},
              {"Effect":"Allow","Action":"ram:PassRole","Resource":"acs:ram:*:1234:role/reader",
               "Condition":{"StringEquals":{"acs:Service":"imm.aliyuncs.com"}}}]}
            """);
        var authorizer = new RamAuthorizer(
            RamAccess.Empty.Attach(alice, policy), AuthorizationMode.Strict, requiresPassRole: requires);
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = authorizer });
        ProjectRegistry registry = store.Registry("1234", "cn-hangzhou", alice);

        ImmException? refused = Record.Exception(
            () => registry.Create(new() { ProjectName = "photos", ServiceRole = role })) as ImmException;

        Assert.Equal(refusedAction is null ? null : ImmErrorCode.NoPermission, refused?.Code);
        Assert.Contains(refusedAction ?? "", refused?.Message ?? "", StringComparison.Ordinal);
    }
}
