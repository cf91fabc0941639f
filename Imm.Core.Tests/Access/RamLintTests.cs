using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Warnings about what a policy may say and hardly means.</summary>
public sealed class RamLintTests
{
    [Theory]
    [InlineData(""" "Effect":"Allow","Action":"imm:GetProjects","Resource":"*" """,
        "$.Statement[0].Action: \"imm:GetProjects\" matches no operation")]
    [InlineData(""" "Effect":"Allow","NotAction":"imm:Remove*Project","Resource":"*" """, "$.Statement[0].NotAction: ")]
    [InlineData(""" "Effect":"Deny","Action":["oss:*","immm:Delete*"],"Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"im:Delete*","Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"mim:Delete*","Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"mmi:Delete*","Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"mm:Delete*","Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"inm:Delete*","Resource":"*" """, "is not \"imm\"")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:imm:*:*:projects/*" """, "matches no resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:imm:*:*:dataset/raw" """, "matches no resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:imm:*:*:project/" """, "matches no resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:imm:*:*:project/a/datasets/b" """, "matches no resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:imm:*:*:project/a.b" """, "matches no resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":"acs:oss:*:*:bucket/*" """, "not a resource of IMM")]
    [InlineData(""" "Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"x":"true"}} """,
        "$.Statement[0].Condition.Bool[\"x\"]: only the host")]
    [InlineData(""" "Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:PrincipalArn":"x"}} """,
        "\"acs:PrincipalARN\"")]
    [InlineData(""" "Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:sourceip":"x"}} """, "\"acs:SourceIp\"")]
    [InlineData(""" "Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:requestTag/env":"x"}} """,
        "\"acs:RequestTag/\"")]
    [InlineData(""" "Effect":"Allow","Action":"imm:*","Resource":["acs:imm:*:*:project/abc","acs:imm:*:*:project/Abc"] """,
        "two resources")]
    public void Warns(string statement, string warning) => Assert.Contains(
        warning, Assert.Single(RamPolicy.Parse(RamPolicyTests.Statement(statement)).Warnings), StringComparison.Ordinal);

    [Theory]
    [InlineData(""" "Effect":"Allow","Action":["imm:getproject","IMM:*","*:Get*","imm:?etProject","imm:GetDRMLicense"],"Resource":"*" """)]
    [InlineData(""" "Effect":"Deny","Action":["kms:*","os:*","abcd:*","i*mm:Get*","alidns:*"],"Resource":"*" """)]
    [InlineData(""" "Effect":"Deny","Action":["ims:*","oss:*","ram:PassRole","bss:*"],"Resource":"*" """)]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":["acs:imm:*:*:project/*","acs:imm:*:*:project/p?","acs:imm:*:*:*raw"] """)]
    [InlineData(""" "Effect":"Deny","Action":"imm:*","Resource":["acs:imm:*:*:project/a/dataset/b","acs:imm:*:*:*","acs:i*:*:*:p*j*"] """)]
    [InlineData(""" "Effect":"Deny","Action":["imm:*","oss:*"],"Resource":["acs:oss:*:*:bucket","acs:oss:*:*:bucket"] """)]
    [InlineData(""" "Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"acs:RequestTag/x":"y","acs:Service":"z"}}""")]
    [InlineData(""" "Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"x":"true"}} """)]
    public void Does_not_warn(string statement) => Assert.Empty(RamPolicy.Parse(RamPolicyTests.Statement(statement)).Warnings);

    [Fact]
    public void The_system_policies_have_no_warnings() => Assert.All(
        ["AdministratorAccess", "AliyunIMMFullAccess", "AliyunIMMReadOnlyAccess"], name => Assert.Empty(
            RamPolicy.SystemPolicy(name).Warnings));
}
