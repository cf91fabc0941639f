using System.Net;
using Imm.Core.Access;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Every operator: values that meet it, values that do not, values of another type, and no value.</summary>
public sealed class RamConditionTests
{
    /// <summary>Operator, value of the policy, values that meet it, values that do not.</summary>
    public static TheoryData<string, string, string[], string[]> Operators => new()
    {
        { "StringEquals", "\"a*\"", ["a*"], ["A*", "ab", "a", ""] },
        { "StringEquals", "[\"a\",\"\"]", ["a", ""], ["b"] },
        { "StringNotEquals", "\"a\"", ["A", "b", ""], ["a"] },
        { "StringNotEquals", "[\"a\",\"b\"]", ["c"], ["a", "b"] },
        { "StringEqualsIgnoreCase", "\"aÄ\"", ["aÄ", "Aä"], ["aa", ""] },
        { "StringNotEqualsIgnoreCase", "[\"a\",\"b\"]", ["c"], ["A", "B", "a"] },
        { "StringLike", "\"a*b?\"", ["abc", "axxbb", "a*b?", "ab😀"], ["Abc", "ab", "xabc"] },
        { "StringNotLike", "[\"a*\",\"b*\"]", ["A", "c", ""], ["a", "bb"] },
        { "NumericEquals", "\"10\"", ["10", "10.0", "+10", "010"], ["10.01", "ten", "", "1e1", " 10", "10 "] },
        { "NumericNotEquals", "[\"1\",\"2\"]", ["3", "-1"], ["1.0", "2", "one", ""] },
        { "NumericEquals", "\"1234567890123456789012345678\"",
            ["1234567890123456789012345678", "+1234567890123456789012345678"],
            ["1234567890123456789012345679", "12345678901234567890123456780"] },
        { "NumericEquals", "\"1.234567890123456789012345678\"", ["1.234567890123456789012345678"], ["1.2345678901234567890123456780"] },
        { "NumericLessThan", "\"10\"", ["9", "9.99", "-11"], ["10", "100", "x"] },
        { "NumericLessThanEquals", "\"10\"", ["9", "10"], ["10.01", "x"] },
        { "NumericGreaterThan", "\"9.5\"", ["10", "9.51"], ["9.5", "9", "x"] },
        { "NumericGreaterThanEquals", "[\"-1\",\"9\"]", ["-1", "9"], ["-2", "x"] },
        { "DateEquals", "\"2026-08-01T00:00:00+08:00\"", ["2026-07-31T16:00:00Z", "2026-07-31T16:00:00.000Z"],
            ["2026-07-31T16:00:01Z", "now"] },
        { "DateNotEquals", "\"2026-08-01T00:00:00Z\"", ["2026-08-01T00:00:01Z"], ["2026-08-01T01:00:00+01:00", "", "2026-08-01"] },
        { "DateLessThan", "\"2026-08-01T00:00:00Z\"", ["2026-07-31T23:59:59Z"], ["2026-08-01T00:00:00Z", "2026-07-31T23:59:59"] },
        { "DateLessThanEquals", "\"2026-08-01T00:00:00Z\"", ["2026-08-01T00:00:00Z"], ["2026-08-01T00:00:01Z"] },
        { "DateGreaterThan", "\"2026-08-01T00:00:00Z\"", ["2026-08-01T00:00:01Z"], ["2026-08-01T00:00:00Z"] },
        { "DateGreaterThanEquals", "\"2026-08-01T00:00:00Z\"", ["2026-08-01T00:00:00Z"], ["2026-07-31T23:59:59Z"] },
        { "Bool", "\"True\"", ["true", "TRUE"], ["false", "1", "", "true "] },
        { "IpAddress", "\"10.1.2.3/8\"", ["10.255.0.0", "::ffff:10.0.0.1"],
            ["11.0.0.0", "::a00:1", "10.0.0", "010.0.0.1", "10.0.0.1/32", ""] },
        { "IpAddress", "\"0.0.0.0/0\"", ["255.255.255.255"], ["::1", "2001:db8::1"] },
        { "IpAddress", "\"2001:db8::/32\"", ["2001:DB8::1", "2001:db8:ffff::"],
            ["2001:db9::", "32.1.13.184", "fe80::1%1", "[2001:db8::1]"] },
        { "IpAddress", "\"::/0\"", ["::1", "2001:db8::"], ["1.2.3.4", "::ffff:1.2.3.4"] },
        { "IpAddress", "\"::ffff:10.0.0.0/104\"", ["10.1.1.1"], ["11.1.1.1", "::a01:101"] },
        { "NotIpAddress", "[\"10.0.0.0/8\",\"1.2.3.4\"]", ["1.2.3.5", "::1"], ["10.0.0.1", "1.2.3.4", "nowhere", ""] },
    };

    [Theory]
    [MemberData(nameof(Operators))]
    public void An_operator_is_met_by_its_values_only(string name, string value, string[] met, string[] unmet)
    {
        string policy = RamPolicyTests.Condition($$$"""{"{{{name}}}":{"acs:k":{{{value}}} } }""");

        Assert.All(met, text => Assert.Equal(RamEffect.Allow, Decide(policy, ("acs:k", text))));
        Assert.All(unmet, text => Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("acs:k", text))));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("acs:K", met[0])));
    }

    [Fact]
    public void All_21_operators_are_tried() => Assert.Equal(
        RamCondition.OperatorNames.Order(), Operators.Select(row => (string)row[0]).Distinct().Order());

    [Fact]
    public void A_negated_operator_on_an_absent_key_is_not_met_in_a_Deny_either()
    {
        string policy = """
            {"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},
             {"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"acs:PrincipalArn":"acs:ram::42:root"}}}]}
            """;

        Assert.Equal(RamEffect.Allow, Decide(policy, ("acs:PrincipalARN", "acs:ram::42:user/a")));
        Assert.Equal(RamEffect.ExplicitDeny, Decide(policy, ("acs:PrincipalArn", "acs:ram::42:user/a")));
    }

    [Theory]
    [InlineData("2026-08-01T00:00:00.Z")]
    [InlineData("2026-08-01T00:00:00.+08:00")]
    [InlineData("2026-08-01T00:00:00+0800")]
    [InlineData("2026-08-01T00:00:00+8:00")]
    [InlineData("2026-08-01T00:00:00+08")]
    [InlineData("2026-08-01T00:00:00 +08:00")]
    [InlineData("2026-08-01T00:00:00+08:00 ")]
    [InlineData("2026-08-01T00:00:00Z\0")]
    [InlineData("2026-08-01T00:00:00z")]
    [InlineData("2026-08-01T00:00:00")]
    [InlineData("2026-08-01T00:00Z")]
    [InlineData("")]
    public void A_text_that_is_no_ISO_8601_time_is_refused_in_a_policy_and_meets_nothing_in_a_request(string text)
    {
        string json = text.Replace("\0", "\\u0000", StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => RamPolicy.Parse(RamPolicyTests.Condition($$$"""{"DateLessThan":{"k":"{{{json}}}"} }""")));
        foreach (string name in new[] { "DateNotEquals", "DateLessThan", "DateGreaterThan" })
        {
            string policy = RamPolicyTests.Condition($$$"""{"{{{name}}}":{"k":["2020-01-01T00:00:00Z","2030-01-01T00:00:00Z"]} }""");
            Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("k", text)));
        }
    }

    [Fact]
    public void Operators_and_keys_must_all_be_met_and_one_value_of_a_key()
    {
        string policy = RamPolicyTests.Condition("""{"StringEquals":{"a":["1","2"],"b":"1"},"Bool":{"c":"true"}}""");

        Assert.Equal(RamEffect.Allow, Decide(policy, ("a", "2"), ("b", "1"), ("c", "true")));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("a", "2"), ("b", "2"), ("c", "true")));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("a", "3"), ("b", "1"), ("c", "true")));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("a", "1"), ("b", "1"), ("c", "false")));
        Assert.Equal(RamEffect.ImplicitDeny, Decide(policy, ("a", "1"), ("b", "1")));
    }

    [Fact]
    public void Reads_addresses_as_the_base_class_library_writes_and_reads_them()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(3) == 0 ? 4 : 16];
            random.NextBytes(bytes);
            for (int zeros = random.Next(12); zeros > 0; zeros--)
            {
                bytes[random.Next(bytes.Length)] = 0;
            }

            var address = new IPAddress(bytes);
            string text = address.ToString();
            if (text.Contains('.', StringComparison.Ordinal) && bytes.Length == 16)
            {
                // The base class library writes ::a.b.c.d for some addresses of IPv6; they are read too.
                Assert.True(RamAddress.TryParse(text, out _), text);
            }

            int prefix = random.Next((bytes.Length * 8) + 1);
            Assert.True(RamAddress.TryParseRange($"{text}/{prefix}", out RamAddress range), text);
            Assert.True(RamAddress.TryParse(text, out RamAddress same));
            Assert.True(range.Contains(same), $"{text}/{prefix}");

            byte[] others = [.. bytes];
            int flipped = random.Next(bytes.Length * 8);
            others[flipped / 8] ^= (byte)(0x80 >> (flipped % 8));
            Assert.True(RamAddress.TryParse(new IPAddress(others).ToString(), out RamAddress other));
            Assert.True((flipped >= prefix) == range.Contains(other), $"{text}/{prefix} and {new IPAddress(others)}");
        }
    }

    [Theory]
    [InlineData("1:2:3:4:5:6:7.8.9.10")]
    [InlineData("::7.8.9.10")]
    [InlineData("1::7.8.9.10")]
    [InlineData("0001:2::")]
    public void Reads_addresses_of_every_form_as_the_base_class_library_does(string text)
    {
        Assert.True(RamAddress.TryParse(text, out RamAddress address));
        Assert.True(RamAddress.TryParse(Convert.ToHexString(IPAddress.Parse(text).GetAddressBytes()) is var hex
            ? string.Join(':', hex.Chunk(4).Select(group => new string(group)))
            : "", out RamAddress same));
        Assert.Equal(same, address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1.2.3/8")]
    [InlineData("1.2.3.04")]
    [InlineData("1.2.3.1000")]
    [InlineData("1.2.3.")]
    [InlineData("00001::")]
    [InlineData(".")]
    [InlineData(":")]
    [InlineData(":::")]
    [InlineData("1::2::3")]
    [InlineData("1:2:3:4:5:6:7")]
    [InlineData("1:2:3:4:5:6:7:8:9")]
    [InlineData("1:2:3:4:5:6:7::8")]
    [InlineData("12345::")]
    [InlineData("g::")]
    [InlineData("+1::")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("1.2.3.4::")]
    [InlineData("::1.2.3")]
    [InlineData("1:2:3:4:5:6:7:1.2.3.4")]
    [InlineData("1.2.3.4.5")]
    [InlineData("1.2.3.256")]
    [InlineData("0x1.2.3.4")]
    [InlineData("1.2.3. 4")]
    [InlineData("1.2.3.4/")]
    [InlineData("1.2.3.4/08")]
    [InlineData("1.2.3.4/-1")]
    [InlineData("::/129")]
    [InlineData("::1/1/1")]
    [InlineData("1.2.3.4\0")]
    [InlineData("1\0.2.3.4")]
    [InlineData("1.2.3.4/8\0")]
    [InlineData("::1\0")]
    [InlineData("1\0::1")]
    public void Refuses_what_is_no_address(string text) => Assert.False(RamAddress.TryParseRange(text, out _));

    private static RamEffect Decide(string policy, params (string Key, string Value)[] values) =>
        RamPolicyTests.Decide(policy, "imm:GetProject", "acs:imm:cn:42:project/a", values);
}
