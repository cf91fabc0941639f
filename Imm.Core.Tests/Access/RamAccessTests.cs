using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>The policies that decide on a principal, their order, and the reasons that a decision gives.</summary>
public sealed class RamAccessTests
{
    private const string Account = "42";
    private const string Project = "acs:imm:cn-hangzhou:42:project/photos";

    private static readonly Dictionary<string, string> NoValues = [];
    private static readonly RamPrincipal Alice = RamPrincipal.User(Account, "alice");
    private static readonly RamPolicy Full = RamPolicy.SystemPolicy("AliyunIMMFullAccess");
    private static readonly RamPolicy ReadOnly = RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess");

    private static readonly RamPolicy NoDelete = RamPolicy
        .Parse(RamPolicyTests.Statement(""" "Effect":"Deny","Action":["imm:Delete*","imm:BatchDelete*"],"Resource":"*" """))
        .Named("no-delete");

    [Fact]
    public void A_principal_that_nobody_knows_may_do_nothing()
    {
        RamDecision decision = Decide(RamAccess.Empty, Alice, "imm:GetProject");

        Assert.Equal(RamEffect.ImplicitDeny, decision.Effect);
        Assert.Contains("acs:ram::42:user/alice has no policies", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_account_itself_may_do_everything_under_control_policies_too()
    {
        RamDecision decision = Decide(RamAccess.Empty.AttachControl(Account, NoDelete), RamPrincipal.Root(Account), "imm:DeleteProject");

        Assert.True(decision.IsAllowed);
        Assert.Equal((null, null), (decision.PolicyName, decision.StatementIndex));
        Assert.Contains("account itself", decision.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_principal_of_another_account_is_refused()
    {
        RamAccess access = RamAccess.Empty.Attach(RamPrincipal.User("43", "alice"), Full);

        Assert.Equal(RamEffect.ImplicitDeny, Decide(access, RamPrincipal.User("43", "alice"), "imm:GetProject").Effect);
        Assert.Equal(RamEffect.ImplicitDeny, Decide(access, RamPrincipal.Root("43"), "imm:GetProject").Effect);
        Assert.Contains(
            "another account", Decide(access, RamPrincipal.Root("43"), "imm:GetProject").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_policies_of_a_user_and_of_its_groups_are_one_set()
    {
        RamAccess access = RamAccess.Empty
            .AddToGroup(Alice, "team")
            .AttachToGroup(Account, "team", Full)
            .AttachToGroup("43", "team", NoDelete);
        Assert.True(Decide(access, Alice, "imm:DeleteProject").IsAllowed);
        Assert.Equal(RamEffect.ImplicitDeny, Decide(access, RamPrincipal.User(Account, "bob"), "imm:DeleteProject").Effect);

        RamAccess narrowed = access.Attach(Alice, NoDelete);
        Assert.Equal(RamEffect.ExplicitDeny, Decide(narrowed, Alice, "imm:DeleteProject").Effect);
        Assert.True(Decide(narrowed, Alice, "imm:GetProject").IsAllowed);
        Assert.True(Decide(access, Alice, "imm:DeleteProject").IsAllowed);
    }

    [Fact]
    public void A_group_may_be_named_before_it_has_policies_and_a_user_be_in_two()
    {
        RamAccess access = RamAccess.Empty.AddToGroup(Alice, "a").AddToGroup(Alice, "b").AddToGroup(Alice, "b").AttachToGroup(
            Account, "b", ReadOnly);

        Assert.True(Decide(access, Alice, "imm:GetProject").IsAllowed);
        Assert.False(Decide(access.AttachToGroup(Account, "a", NoDelete, Full), Alice, "imm:DeleteProject").IsAllowed);
    }

    [Fact]
    public void A_user_and_a_role_of_one_name_are_two()
    {
        RamAccess access = RamAccess.Empty.Attach(RamPrincipal.RoleSession(Account, "alice", "any"), Full);

        Assert.True(Decide(access, RamPrincipal.RoleSession(Account, "alice", "s1"), "imm:DeleteProject").IsAllowed);
        Assert.False(Decide(access, Alice, "imm:DeleteProject").IsAllowed);
    }

    [Fact]
    public void Control_policies_then_the_session_policy_then_those_of_the_role_must_allow()
    {
        RamPrincipal session = RamPrincipal.RoleSession(Account, "r", "s", ReadOnly);
        RamAccess access = RamAccess.Empty.Attach(session, Full);
        Assert.True(Decide(access, session, "imm:GetProject").IsAllowed);
        Assert.True(Decide(access, RamPrincipal.RoleSession(Account, "r", "s"), "imm:DeleteProject").IsAllowed);

        RamDecision narrowed = Decide(access, session, "imm:DeleteProject");
        Assert.Equal((RamEffect.ImplicitDeny, RamPolicyType.SessionPolicy), (narrowed.Effect, narrowed.PolicyType));
        Assert.Contains("of the session", narrowed.Reason, StringComparison.Ordinal);
        Assert.Equal("AliyunIMMReadOnlyAccess", narrowed.Closest!.PolicyName);

        RamDecision controlled = Decide(access.AttachControl(Account, Full, NoDelete), session, "imm:DeleteProject");
        Assert.Equal((RamEffect.ExplicitDeny, RamPolicyType.ControlPolicy), (controlled.Effect, controlled.PolicyType));
        Assert.Equal(("no-delete", 0), (controlled.PolicyName, controlled.StatementIndex));
        Assert.Contains("of the resource directory denies it", controlled.Reason, StringComparison.Ordinal);

        Assert.True(Decide(access.AttachControl(Account, Full), session, "imm:GetProject").IsAllowed);
        Assert.False(Decide(access.AttachControl(Account, NoDelete), session, "imm:GetProject").IsAllowed);
        Assert.True(Decide(access.AttachControl("43", NoDelete), session, "imm:GetProject").IsAllowed);
    }

    [Fact]
    public void A_decision_names_the_statement_that_made_it()
    {
        RamDecision allowed = RamPolicy.Evaluate([NoDelete, Full], "imm:GetProject", Project, NoValues);
        Assert.Equal(("AliyunIMMFullAccess", 0), (allowed.PolicyName, allowed.StatementIndex));
        Assert.Equal("""Allow: Statement 0 of the policy "AliyunIMMFullAccess" allows it.""", allowed.ToString());
        Assert.Null(allowed.Closest);

        RamDecision denied = RamPolicy.Evaluate([Full, NoDelete], "imm:DeleteProject", Project, NoValues);
        Assert.Equal(("no-delete", 0), (denied.PolicyName, denied.StatementIndex));
        Assert.Equal(
            "You are not authorized to operate imm:DeleteProject on the specified resources acs:imm:cn-hangzhou:42:project/photos. "
            + "Statement 0 of the policy \"no-delete\" denies it.",
            denied.Reason);
        Assert.Null(denied.Closest);
    }

    [Fact]
    public void An_implicit_deny_names_what_came_closest()
    {
        RamPolicy policy = RamPolicy.Parse("""
            {"Version":"1","Statement":[
             {"Effect":"Deny","Action":"imm:*","Resource":"*","Condition":{"Bool":{"acs:SecureTransport":"false"}}},
             {"Effect":"Allow","Action":"oss:*","Resource":"*"},
             {"Effect":"Allow","Action":["imm:GetProject","imm:List*"],
              "Resource":["acs:imm:*:*:project/a","acs:imm:cn-hangzhou:42:project/b"]},
             {"Effect":"Allow","Action":"imm:DeleteProject","Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"},
              "IpAddress":{"acs:SourceIp":["10.0.0.0/8","11.0.0.0/8","12.0.0.0/8","13.0.0.0/8"]}}}]}
            """);

        RamNearMiss action = Closest(policy, "imm:UpdateProject");
        Assert.Equal((RamElement.Action, 2, "imm:UpdateProject"), (action.Element, action.StatementIndex, action.Actual));
        Assert.Equal(["imm:GetProject", "imm:List*"], action.Expected);
        Assert.Equal(
            "Statement 2 of an unnamed policy came closest: its Action is \"imm:GetProject\", \"imm:List*\", "
            + "the request has \"imm:UpdateProject\".",
            action.ToString());

        RamNearMiss resource = Closest(policy, "imm:GetProject");
        Assert.Equal((RamElement.Resource, 2, Project), (resource.Element, resource.StatementIndex, resource.Actual));

        RamNearMiss absent = Closest(policy, "imm:DeleteProject", ("acs:MFAPresent", "true"));
        Assert.Equal((RamElement.Condition, 3, "IpAddress", "acs:SourceIp", null), (
            absent.Element, absent.StatementIndex, absent.Operator, absent.ConditionKey, absent.Actual));
        Assert.Contains("the request has none", absent.ToString(), StringComparison.Ordinal);

        RamNearMiss elsewhere = Closest(policy, "imm:DeleteProject", ("acs:MFAPresent", "true"), ("acs:SourceIp", "9.9.9.9"));
        Assert.Equal("9.9.9.9", elsewhere.Actual);
        Assert.EndsWith(
            "its condition IpAddress wants \"acs:SourceIp\" \"10.0.0.0/8\", \"11.0.0.0/8\", \"12.0.0.0/8\", …, "
            + "the request has \"9.9.9.9\".",
            elsewhere.ToString(),
            StringComparison.Ordinal);

        RamDecision none = RamPolicy.Evaluate([NoDelete], "imm:GetProject", Project, NoValues);
        Assert.Null(none.Closest);
        Assert.EndsWith("No statement allows it.", none.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_shows_no_more_of_a_text_than_64_characters_and_no_control_characters()
    {
        string text = "a\n\0" + new string('x', 10_000);
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Condition("""{"StringEquals":{"k":"v"}}"""));

        string shown = RamPolicy.Evaluate(
            [policy], "imm:GetProject", Project, new Dictionary<string, string> { ["k"] = text }).Closest!.ToString();

        Assert.True(shown.Length < 300, shown);
        Assert.Contains("\"a\\u000A\\u0000xxx", shown, StringComparison.Ordinal);
        Assert.Contains("x…\"", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void A_message_shows_the_first_three_of_several_values(int count, bool isCut)
    {
        string patterns = string.Join(',', Enumerable.Range(0, count).Select(i => $"\"imm:Get{i}\""));
        RamPolicy policy = RamPolicy.Parse(RamPolicyTests.Statement($""" "Effect":"Allow","Action":[{patterns}],"Resource":"*" """));

        string shown = Closest(policy, "imm:DeleteProject").ToString();

        Assert.Contains("\"imm:Get2\"", shown, StringComparison.Ordinal);
        Assert.Equal(isCut, shown.Contains('…', StringComparison.Ordinal));
    }

    [Fact]
    public void What_a_decision_gives_out_cannot_be_written_to()
    {
        RamNearMiss miss = Closest(ReadOnly, "imm:DeleteProject");

        Assert.True(((IList<string>)miss.Expected).IsReadOnly);
        Assert.True(((IList<string>)ReadOnly.Warnings).IsReadOnly);
    }

    [Fact]
    public void A_control_policy_of_a_malformed_account_is_refused_because_it_would_restrict_nobody()
    {
        Assert.Throws<ArgumentException>("accountId", () => RamAccess.Empty.AttachControl(" 42", NoDelete));
        Assert.Throws<ArgumentException>("accountId", () => RamAccess.Empty.AttachControl("", NoDelete));
    }

    [Fact]
    public void Principals_are_equal_by_kind_account_name_and_session()
    {
        Assert.Equal(Alice, RamPrincipal.User(Account, "alice"));
        Assert.Equal(Alice.GetHashCode(), RamPrincipal.User(Account, "alice").GetHashCode());
        Assert.NotEqual(Alice, RamPrincipal.User("43", "alice"));
        Assert.NotEqual(Alice, RamPrincipal.User(Account, "Alice"));
        Assert.NotEqual(Alice, RamPrincipal.RoleSession(Account, "alice", "s"));
        Assert.NotEqual(RamPrincipal.RoleSession(Account, "r", "s"), RamPrincipal.RoleSession(Account, "r", "t"));
        Assert.False(Alice.Equals(null));
        Assert.Equal("acs:ram::42:root", RamPrincipal.Root(Account).Arn);
        Assert.Equal("acs:ram::42:role/r/s", RamPrincipal.RoleSession(Account, "r", "s").ToString());
    }

    [Fact]
    public void Misuse_is_an_argument_exception()
    {
        Assert.Throws<ArgumentException>(() => RamPrincipal.User("a:b", "alice"));
        Assert.Throws<ArgumentException>(() => RamPrincipal.User(Account, "a/b"));
        Assert.Throws<ArgumentException>(() => RamPrincipal.User(Account, new string('a', 65)));
        Assert.Throws<ArgumentException>(() => RamPrincipal.RoleSession(Account, "r", ""));
        Assert.Throws<ArgumentException>("roleName", () => RamPrincipal.RoleSession(Account, "a/b", "s"));
        Assert.Throws<ArgumentNullException>("userName", () => RamPrincipal.User(Account, null!));
        Assert.Equal(64, RamPrincipal.User(Account, new string('a', 64)).Name.Length);
        Assert.Throws<ArgumentNullException>(() => RamPrincipal.Root(null!));
        Assert.Throws<ArgumentNullException>("principal", () => RamAccess.Empty.Attach(null!, Full));
        Assert.Throws<ArgumentNullException>("user", () => RamAccess.Empty.AddToGroup(null!, "g"));
        Assert.Throws<ArgumentNullException>(
            "principal", () => RamAccess.Empty.Decide(null!, Account, "imm:GetProject", Project, NoValues));
        Assert.Throws<ArgumentNullException>("accountId", () => RamAccess.Empty.Decide(Alice, null!, "imm:GetProject", Project, NoValues));
        Assert.Throws<ArgumentNullException>("action", () => RamAccess.Empty.Decide(Alice, Account, null!, Project, NoValues));
        Assert.Throws<ArgumentNullException>("resource", () => RamAccess.Empty.Decide(Alice, Account, "imm:GetProject", null!, NoValues));
        Assert.Throws<ArgumentException>("principal", () => RamAccess.Empty.Attach(RamPrincipal.Root(Account), Full));
        Assert.Throws<ArgumentNullException>("policies", () => RamAccess.Empty.Attach(Alice, null!));
        Assert.Throws<ArgumentNullException>("policies", () => RamAccess.Empty.Attach(Alice, Full, null!));
        Assert.Throws<ArgumentException>("user", () => RamAccess.Empty.AddToGroup(RamPrincipal.RoleSession(Account, "r", "s"), "g"));
        Assert.Throws<ArgumentException>("groupName", () => RamAccess.Empty.AddToGroup(Alice, "a/b"));
        Assert.Throws<ArgumentException>("accountId", () => RamAccess.Empty.AttachToGroup(" 42", "team", Full));
        Assert.Throws<ArgumentNullException>("accountId", () => RamAccess.Empty.AttachControl(null!, Full));
        Assert.Throws<ArgumentNullException>(
            "conditionValues",
            () => RamAccess.Empty.Decide(RamPrincipal.Root(Account), Account, "imm:GetProject", Project, null!));
    }

    private static RamNearMiss Closest(RamPolicy policy, string action, params (string Key, string Value)[] values)
    {
        RamDecision decision = RamPolicy.Evaluate([policy], action, Project, values.ToDictionary(pair => pair.Key, pair => pair.Value));
        Assert.Equal(RamEffect.ImplicitDeny, decision.Effect);
        return decision.Closest!;
    }

    private static RamDecision Decide(RamAccess access, RamPrincipal principal, string action) =>
        access.Decide(principal, Account, action, Project, NoValues);
}
