using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>The grammar of a policy: what is read, what is refused and where the message says it is.</summary>
public sealed class RamPolicyTests
{
    private const string Project = "acs:imm:cn-hangzhou:42:project/photos";

    private static readonly Dictionary<string, string> NoValues = [];

    public static TheoryData<string, string, string> Broken => new()
    {
        { "", "$:", "1 to 6144" },
        { "[]", "$:", "object" },
        { "\"\\ud800\"", "$:", "object" },
        { "{", "$:", "line 1, byte 2" },
        { """{"Version":"1","Statement":[{}],}""", "$:", "JSON" },
        { """{"Version":"1","Statement":[{}]} x""", "$:", "JSON" },
        { """{"Version":"1", /* none */ "Statement":[{}]}""", "$:", "JSON" },
        { new string('[', 3000), "$:", "JSON" },
        { """{"Statement":[{}]}""", "$:", "Version" },
        { """{"Version":1,"Statement":[{}]}""", "$.Version:", "text" },
        { """{"Version":"2","Statement":[{}]}""", "$.Version:", "\"1\"" },
        { """{"Version":"1"}""", "$:", "Statement" },
        { """{"Version":"1","Statement":[]}""", "$.Statement:", "one or more" },
        { """{"Version":"1","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}""", "$.Statement:", "array" },
        { """{"Version":"1","Statement":[{}],"Id":"x"}""", "$.Id:", "no such element" },
        { """{"Version":"1","Version":"1","Statement":[{}]}""", "$.Version:", "twice" },
        { """{"Version":"1","Statement":[1]}""", "$.Statement[0]:", "object" },
        { Statement(""" "Action":"*","Resource":"*" """), "$.Statement[0]:", "Effect" },
        { Statement(""" "Effect":"allow","Action":"*","Resource":"*" """), "$.Statement[0].Effect:", "\"Allow\" or \"Deny\"" },
        { Statement(""" "Effect":true,"Action":"*","Resource":"*" """), "$.Statement[0].Effect:", "text" },
        { Statement(""" "Effect":"Deny","Resource":"*" """), "$.Statement[0]:", "Action or NotAction" },
        { Statement(""" "Effect":"Deny","Action":"*","NotAction":"*","Resource":"*" """), "$.Statement[0]:", "Action or NotAction" },
        { Statement(""" "Effect":"Deny","action":"*","Action":"*","Resource":"*" """), "$.Statement[0].action:", "no such element" },
        { Statement(""" "Effect":"Deny","Action":"*","Action":"*","Resource":"*" """), "$.Statement[0].Action:", "twice" },
        { Statement(""" "Effect":"Deny","Action":"*" """), "$.Statement[0]:", "Resource" },
        { Statement(""" "Effect":"Deny","Action":"*","NotResource":"*" """), "$.Statement[0].NotResource:", "left out" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":"*","Principal":"*" """), "$.Statement[0].Principal:", "attached to" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":"*","Sid":1 """), "$.Statement[0].Sid:", "text" },
        { Statement(""" "Effect":"Deny","Action":[],"Resource":"*" """), "$.Statement[0].Action:", "one or more" },
        { $"{{\"Version\":\"1\",\"Statement\":[],\"{new string('x', 32)}\":1}}", $"$.{new string('x', 32)}:", "no such element" },
        { $"{{\"Version\":\"1\",\"Statement\":[],\"{new string('x', 33)}\":1}}", $"$[\"{new string('x', 33)}\"]:", "no such element" },
        { Statement(""" "Effect":"Deny","Action":["imm:*",1],"Resource":"*" """), "$.Statement[0].Action[1]:", "text" },
        { Statement(""" "Effect":"Deny","Action":["imm:*",["imm:*"]],"Resource":"*" """), "$.Statement[0].Action[1]:", "text" },
        { Statement(""" "Effect":"Deny","Action":"","Resource":"*" """), "$.Statement[0].Action:", "no action" },
        { Statement(""" "Effect":"Deny","Action":"GetProject","Resource":"*" """), "$.Statement[0].Action:", "no action" },
        { Statement(""" "Effect":"Deny","Action":":GetProject","Resource":"*" """), "$.Statement[0].Action:", "no action" },
        { Statement(""" "Effect":"Deny","Action":"imm:","Resource":"*" """), "$.Statement[0].Action:", "no action" },
        { Statement(""" "Effect":"Deny","NotAction":"imm:a:b","Resource":"*" """), "$.Statement[0].NotAction:", "no action" },
        { Statement(""" "Effect":"Deny","Action":"**","Resource":"*" """), "$.Statement[0].Action:", "no action" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":"" """), "$.Statement[0].Resource:", "no resource" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":"acs:imm:*:project/a" """), "$.Statement[0].Resource:", "no resource" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":"ACS:imm:*:*:project/a" """), "$.Statement[0].Resource:", "no resource" },
        { Statement(""" "Effect":"Deny","Action":"*","Resource":["*","arn:aws:s3:::b"] """), "$.Statement[0].Resource[1]:", "no resource" },
        { Condition("[]"), "$.Statement[0].Condition:", "object" },
        { Condition("""{"stringEquals":{"acs:x":"y"}}"""), "$.Statement[0].Condition.stringEquals:", "no such operator" },
        { Condition("""{"StringEqualsIfExists":{"acs:x":"y"}}"""), "$.Statement[0].Condition.StringEqualsIfExists:", "no such operator" },
        { Condition("""{"ForAnyValue:StringEquals":{"a":"y"}}"""), "$.Statement[0].Condition[\"ForAnyValue:StringEquals\"]:", "no such" },
        { Condition("""{"Null":{"acs:x":"true"}}"""), "$.Statement[0].Condition.Null:", "no such operator" },
        { Condition("""{"Bool":{}}"""), "$.Statement[0].Condition.Bool:", "one or more keys" },
        { Condition("""{"Bool":"true"}"""), "$.Statement[0].Condition.Bool:", "object" },
        { Condition("""{"Bool":{"":"true"}}"""), "$.Statement[0].Condition.Bool[\"\"]:", "not empty" },
        { Condition("""{"Bool":{"acs:x":true}}"""), "$.Statement[0].Condition.Bool[\"acs:x\"]:", "text" },
        { Condition("""{"Bool":{"acs:x":"yes"}}"""), "$.Statement[0].Condition.Bool[\"acs:x\"]:", "\"true\" or \"false\"" },
        { Condition("""{"Bool":{"acs:x":" true"}}"""), "$.Statement[0].Condition.Bool[\"acs:x\"]:", "\"true\" or \"false\"" },
        { Condition("""{"Bool":{"acs:x":[]}}"""), "$.Statement[0].Condition.Bool[\"acs:x\"]:", "one or more" },
        { Condition("""{"Bool":{"x":["true",{}]}}"""), "$.Statement[0].Condition.Bool.x[1]:", "text" },
        { Condition("""{"Bool":{"x":"true","x":"true"}}"""), "$.Statement[0].Condition.Bool.x:", "twice" },
        { Condition("""{"StringEquals":{"x":"\ud83d"}}"""), "$.Statement[0].Condition.StringEquals.x:", "surrogate" },
        { Condition("""{"StringEquals":{"\ud83d":"x"}}"""), "$.Statement[0].Condition.StringEquals:", "surrogate" },
        { Condition("""{"NumericEquals":{"x":["1","1e3"]}}"""), "$.Statement[0].Condition.NumericEquals.x[1]:", "decimal text" },
        { Condition("""{"NumericEquals":{"x":"1,000"}}"""), "$.Statement[0].Condition.NumericEquals.x:", "decimal text" },
        { Condition("""{"NumericEquals":{"x":""}}"""), "$.Statement[0].Condition.NumericEquals.x:", "decimal text" },
        { Condition("""{"NumericEquals":{"x":"5."}}"""), "$.Statement[0].Condition.NumericEquals.x:", "decimal text" },
        { Condition("""{"NumericEquals":{"x":"12345678901234567890123456789"}}"""), "$.Statement[0].Condition.NumericEquals.x:", "28" },
        { Condition("""{"DateLessThan":{"x":"2030-01-01T00:00:00"}}"""), "$.Statement[0].Condition.DateLessThan.x:", "offset" },
        { Condition("""{"DateLessThan":{"x":"2030-01-01T00:00Z"}}"""), "$.Statement[0].Condition.DateLessThan.x:", "seconds" },
        { Condition("""{"DateLessThan":{"x":"2030-02-30T00:00:00Z"}}"""), "$.Statement[0].Condition.DateLessThan.x:", "ISO 8601" },
        { Condition("""{"DateLessThan":{"x":"1900000000"}}"""), "$.Statement[0].Condition.DateLessThan.x:", "ISO 8601" },
        { Condition("""{"IpAddress":{"x":"192.168.0"}}"""), "$.Statement[0].Condition.IpAddress.x:", "CIDR" },
        { Condition("""{"NotIpAddress":{"x":"10.0.0.0/33"}}"""), "$.Statement[0].Condition.NotIpAddress.x:", "CIDR" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Refuses_what_it_does_not_know_and_says_where(string json, string path, string rule)
    {
        string message = Assert.Throws<FormatException>(() => RamPolicy.Parse(json)).Message;

        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(rule, message, StringComparison.Ordinal);
        Assert.True(message.Length < 600, message);
    }

    [Fact]
    public void Refuses_a_surrogate_without_its_partner()
    {
        string text = Condition("""{"StringEquals":{"x":"LONE"}}""").Replace("LONE", "\ud83d", StringComparison.Ordinal);

        Assert.StartsWith(
            "$: it holds a surrogate", Assert.Throws<FormatException>(() => RamPolicy.Parse(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Counts_the_length_in_characters_and_not_in_code_units()
    {
        string filler = string.Concat(Enumerable.Repeat("😀", 5000));
        string document = Statement($""" "Effect":"Allow","Action":"*","Resource":"*","Sid":"{filler}" """);
        int missing = RamPolicy.MaxLength - (document.Length - 5000);

        Assert.Equal(1, RamPolicy.Parse(document + new string(' ', missing)).StatementCount);
        Assert.Contains(
            "6145", Assert.Throws<FormatException>(() => RamPolicy.Parse(document + new string(' ', missing + 1))).Message,
                StringComparison.Ordinal);
        Assert.StartsWith(
            "$:", Assert.Throws<FormatException>(() => RamPolicy.Parse(new string(' ', 100_000_000))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_policy_has_2048_characters_at_most()
    {
        string document = Statement(""" "Effect":"Allow","Action":"*","Resource":"*" """);

        Assert.Equal(1, RamPolicy.ParseSession(document.PadRight(2048)).StatementCount);
        Assert.Contains("2048", Assert.Throws<FormatException>(() => RamPolicy.ParseSession(document.PadRight(2049))).Message,
            StringComparison.Ordinal);
        Assert.Equal(1, RamPolicy.Parse(document.PadRight(6144)).StatementCount);
    }

    [Fact]
    public void Misuse_is_an_argument_exception()
    {
        Assert.Throws<ArgumentNullException>("json", () => RamPolicy.Parse(null!));
        Assert.Throws<ArgumentNullException>("json", () => RamPolicy.ParseSession(null!));
        Assert.Throws<ArgumentNullException>("policies", () => RamPolicy.Evaluate(null!, "a", "b", NoValues));
        Assert.Throws<ArgumentNullException>("policies", () => RamPolicy.Evaluate([null!], "a", "b", NoValues));
        Assert.Throws<ArgumentNullException>("action", () => RamPolicy.Evaluate([], null!, "b", NoValues));
        Assert.Throws<ArgumentNullException>("resource", () => RamPolicy.Evaluate([], "a", null!, NoValues));
        Assert.Throws<ArgumentNullException>("conditionValues", () => RamPolicy.Evaluate([], "a", "b", null!));
        Assert.Throws<ArgumentNullException>("name", () => RamPolicy.SystemPolicy(null!));
        Assert.Contains(
            "there are AdministratorAccess, AliyunIMMFullAccess, AliyunIMMReadOnlyAccess.",
            Assert.Throws<ArgumentException>("name", () => RamPolicy.SystemPolicy("administratoraccess")).Message,
            StringComparison.Ordinal);
        Assert.Equal("p", RamPolicy.SystemPolicy("AdministratorAccess").Named("p").ToString());
        Assert.Equal(
            "a policy of 1 statements", RamPolicy.Parse(Statement(""" "Effect":"Deny","Action":"*","Resource":"*" """)).ToString());
        Assert.Throws<ArgumentException>("name", () => RamPolicy.SystemPolicy("AdministratorAccess").Named(""));
    }

    [Fact]
    public void Accepts_a_Sid_and_an_empty_Condition() => Assert.Equal(
        RamEffect.Allow,
        Decide(Statement(""" "Effect":"Allow","Action":"*","Resource":"*","Sid":"s","Condition":{} """), "imm:GetProject", Project));

    [Fact]
    public void A_variable_is_literal_text()
    {
        string policy = Condition("""{"StringEquals":{"x":"${acs:SourceIp}"}}""");

        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, "imm:GetProject", Project, ("x", "1.2.3.4"), ("acs:SourceIp", "1.2.3.4")));
        Assert.Equal(RamEffect.Allow, Decide(policy, "imm:GetProject", Project, ("x", "${acs:SourceIp}")));
    }

    [Theory]
    [InlineData("imm:*", "IMM:getproject", true)]
    [InlineData("IMM:GETPROJECT", "imm:GetProject", true)]
    [InlineData("imm:g?tp*T", "IMM:GetProject", true)]
    [InlineData("imm:*", "immx:GetProject", false)]
    [InlineData("imm*:GetProject", "immx:GetProject", true)]
    [InlineData("*:GetProject", "oss:GetProject", true)]
    [InlineData("imm:GetProject", "imm:GetProjects", false)]
    [InlineData("imm:?GetProject", "imm:GetProject", false)]
    [InlineData("imm:𐐨", "imm:𐐀", true)]
    [InlineData("imm:𐐨*", "imm:𐐀x", true)]
    [InlineData("imm:*𐐨", "imm:x𐐀", true)]
    [InlineData("imm:?𐐀", "imm:x𐐨", true)]
    [InlineData("imm:*𐐨x", "imm:𐐀𐐀X", true)]
    [InlineData("imm:*𐐨", "imm:𐐩", false)]
    public void Actions_are_compared_without_case_in_a_Deny_too(string pattern, string action, bool matches)
    {
        string allow = Statement($""" "Effect":"Allow","Action":"{pattern}","Resource":"*" """);
        string deny = Statement($""" "Effect":"Deny","Action":"{pattern}","Resource":"*" """);
        string notAllow = Statement($""" "Effect":"Allow","NotAction":"{pattern}","Resource":"*" """);

        Assert.Equal(matches ? RamEffect.Allow : RamEffect.ImplicitDeny, Decide(allow, action, Project));
        Assert.Equal(matches ? RamEffect.ExplicitDeny : RamEffect.ImplicitDeny, Decide(deny, action, Project));
        Assert.Equal(matches ? RamEffect.ImplicitDeny : RamEffect.Allow, Decide(notAllow, action, Project));
    }

    [Theory]
    [InlineData("*", "*", true)]
    [InlineData("*", "anything at all", true)]
    [InlineData("acs:*:*:*:*", "*", false)]
    [InlineData("acs:*:*:*:*", "acs:imm:cn:42:project/a", true)]
    [InlineData("acs:*:*:*:*", "acs:imm:cn:42", false)]
    [InlineData("acs:imm:*:*:project/*", "acs:imm:cn:42:project/", true)]
    [InlineData("acs:imm:*:*:project/*", "acs:imm::42:project/a:b/c", true)]
    [InlineData("acs:imm:*:*:Project/*", "acs:imm:cn:42:project/a", false)]
    [InlineData("acs:imm:*:project/a", "acs:imm:cn:42:project/a", null)]
    [InlineData("acs:imm:*project/a:*:*", "acs:imm:cn:42:project/a", false)]
    [InlineData("acs:imm:*:*:a", "acs:imm:cn:42:project/x:a", false)]
    [InlineData("acs:imm:c?:4*:project/*a?", "acs:imm:cn:42:project/ba1", true)]
    [InlineData("acs:imm:c?:4*:project/*a?", "acs:imm:cn:42:project/ba", false)]
    [InlineData("acs:imm:cn:42:project/?", "acs:imm:cn:42:project/😀", true)]
    [InlineData("acs:imm:cn:42:project/??", "acs:imm:cn:42:project/😀", false)]
    public void Resources_are_compared_segment_by_segment_with_case(string pattern, string resource, bool? matches)
    {
        string policy = Statement($""" "Effect":"Allow","Action":"*","Resource":"{pattern}" """);
        if (matches is null)
        {
            Assert.Throws<FormatException>(() => RamPolicy.Parse(policy));
            return;
        }

        Assert.Equal(matches.Value ? RamEffect.Allow : RamEffect.ImplicitDeny, Decide(policy, "imm:GetProject", resource));
    }

    [Fact]
    public void A_pattern_of_many_stars_ends_soon_against_a_text_that_nearly_matches()
    {
        string stars = string.Concat(Enumerable.Repeat("a*", 2500)) + "b";
        string text = new('a', 20_000);
        string policy = Statement($""" "Effect":"Allow","Action":"*","Resource":"acs:imm:*:*:{stars}" """);
        string like = Condition($$$"""{"StringLike":{"x":"{{{stars}}}"} }""");

        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, "imm:GetProject", $"acs:imm:cn:42:{text}"));
        Assert.Equal(RamEffect.Allow, Decide(policy, "imm:GetProject", $"acs:imm:cn:42:{text}b"));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(like, "imm:GetProject", Project, ("x", text)));
        Assert.Equal(RamEffect.Allow, Decide(like, "imm:GetProject", Project, ("x", text + "b")));
    }

    [Fact]
    public void A_document_of_a_hundred_thousand_stars_is_refused_by_its_length() => Assert.StartsWith(
        "$:",
        Assert.Throws<FormatException>(() => RamPolicy.Parse(Statement(
            $""" "Effect":"Allow","Action":"imm:{new string('*', 100_000)}","Resource":"*" """))).Message,
        StringComparison.Ordinal);

    [Fact]
    public void The_system_policies_are_there_by_name()
    {
        Assert.Equal(RamEffect.Allow, Decide(RamPolicy.SystemPolicy("AdministratorAccess"), "oss:PutObject", "*"));
        Assert.Equal(RamEffect.Allow, Decide(RamPolicy.SystemPolicy("AliyunIMMFullAccess"), "imm:DeleteProject", Project));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(RamPolicy.SystemPolicy("AliyunIMMFullAccess"), "oss:PutObject", "*"));
        Assert.Equal(
            RamEffect.Allow, Decide(
                RamPolicy.SystemPolicy("AliyunIMMFullAccess"), "ram:PassRole", "*", ("acs:Service", "imm.aliyuncs.com")));
        Assert.Equal(RamEffect.Allow, Decide(RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess"), "imm:ListProjects", Project));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(RamPolicy.SystemPolicy("AliyunIMMReadOnlyAccess"), "imm:BatchGetFileMeta", Project));
        Assert.Equal("AdministratorAccess", RamPolicy.SystemPolicy("AdministratorAccess").Name);
    }

    [Fact]
    public void An_allow_allocates_nothing()
    {
        string statements = string.Join(",", Enumerable.Range(0, 19).Select(i =>
            $$"""{"Effect":"{{(i % 2 == 0 ? "Deny" : "Allow")}}","Action":"oss:Get{{i}}*","Resource":"acs:oss:*:*:bucket{{i}}/*"}"""));
        RamPolicy policy = RamPolicy.Parse($$$$"""
            {"Version":"1","Statement":[{{{{statements}}}},{"Effect":"Allow","Action":"imm:G*t?roject","Resource":"acs:imm:*:*:project/p*",
             "Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","2001:db8::/32"]},
             "DateLessThan":{"acs:CurrentTime":"2030-01-01T00:00:00Z"},
             "NumericLessThan":{"n":"5"},"Bool":{"b":"true"},"StringLike":{"s":"a*"}}}]}
            """);
        var values = new Dictionary<string, string>
        {
            ["acs:SourceIp"] = "2001:db8::1",
            ["acs:CurrentTime"] = "2029-01-01T00:00:00Z",
            ["n"] = "4.5",
            ["b"] = "TRUE",
            ["s"] = "abc",
        };
        RamPolicy[] policies = [policy];
        Assert.True(RamPolicy.Evaluate(policies, "imm:GetProject", Project, values).IsAllowed);

        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isAllowed = true;
        for (int i = 0; i < 1000; i++)
        {
            isAllowed &= RamPolicy.Evaluate(policies, "imm:GetProject", Project, values).IsAllowed;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(isAllowed);
    }

    internal static string Statement(string elements) => $$$"""{"Version":"1","Statement":[{ {{{elements}}} }] }""";

    internal static string Condition(string condition) =>
        Statement($""" "Effect":"Allow","Action":"*","Resource":"*","Condition":{condition} """);

    internal static RamEffect Decide(string policy, string action, string resource, params (string Key, string Value)[] values) =>
        Decide(RamPolicy.Parse(policy), action, resource, values);

    private static RamEffect Decide(RamPolicy policy, string action, string resource, params (string Key, string Value)[] values) =>
        RamPolicy.Evaluate([policy], action, resource, values.ToDictionary(pair => pair.Key, pair => pair.Value)).Effect;
}
