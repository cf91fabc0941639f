using System.Text.Json;
using System.Text.Json.Nodes;
using Imm.Core.Tests.Conventions;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>The documented and measured decisions of <c>policies.json</c>, and the documents there that RAM refuses.</summary>
public sealed class RamVectorTests
{
    private static readonly JsonObject Vectors =
        JsonNode.Parse(File.ReadAllText(Repository.File("Imm.Core.Tests", "Access", "policies.json")))!.AsObject();

    public static TheoryData<string> Sets => [.. Vectors["vectors"]!.AsArray().Select(set => set!["id"]!.GetValue<string>())];

    public static TheoryData<string> Invalid => [.. Vectors["invalid"]!.AsArray().Select(document => document!["id"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Sets))]
    public void Decides_as_documented(string id)
    {
        JsonNode set = Find("vectors", id);
        RamPolicy[] policies = [.. set["policies"]!.AsArray().Select(policy => RamPolicy.Parse(policy!.ToJsonString()))];
        RamPolicy? session = set["session"] switch
        {
            null => null,
            JsonArray array => RamPolicy.ParseSession(array[0]!.ToJsonString()),
            JsonNode document => RamPolicy.ParseSession(document.ToJsonString()),
        };
        JsonArray requests = set["requests"]!.AsArray();
        Assert.NotEmpty(requests);
        foreach (JsonNode? request in requests)
        {
            string action = request!["action"]!.GetValue<string>();
            string resource = request["resource"]!.GetValue<string>();
            Dictionary<string, string> values = request["ctx"].Deserialize<Dictionary<string, string>>()!;

            RamDecision decision = session is null
                ? RamPolicy.Evaluate(policies, action, resource, values)
                : RamAccess.Empty.Attach(Role(session), policies).Decide(Role(session), Role(session).AccountId, action, resource, values);

            Assert.True(
                request["expect"]!.GetValue<string>() == decision.Effect.ToString(), $"{request.ToJsonString()} was decided as {decision}");
        }
    }

    [Fact]
    public void There_are_114_decisions() => Assert.Equal(
        114, Vectors["vectors"]!.AsArray().Sum(set => set!["requests"]!.AsArray().Count));

    [Theory]
    [MemberData(nameof(Invalid))]
    public void Refuses_a_document_that_RAM_refuses(string id)
    {
        string text = Find("invalid", id)["text"]!.GetValue<string>();

        string message = Assert.Throws<FormatException>(() => RamPolicy.Parse(text)).Message;

        Assert.StartsWith("$", message, StringComparison.Ordinal);
        Assert.Contains(": ", message, StringComparison.Ordinal);
    }

    private static RamPrincipal Role(RamPolicy session) => RamPrincipal.RoleSession("42", "reader", "one", session);

    private static JsonNode Find(string list, string id) =>
        Vectors[list]!.AsArray().Single(node => node!["id"]!.GetValue<string>() == id)!;
}
