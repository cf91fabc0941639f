using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Imm.Core.Tests.Wire;
using Xunit;

namespace Imm.Core.Tests.Access;

/// <summary>Random documents and requests against a plain second evaluator, and laws that hold whatever the policies say.</summary>
public sealed class RamPropertyTests
{
    private static readonly string[] Actions = ["imm:GetProject", "IMM:getproject", "imm:DeleteProject", "oss:GetObject", "imm:"];

    private static readonly string[] ActionPatterns =
        ["*", "imm:*", "imm:Get*", "imm:get?roject", "*:Get*", "IMM:DELETEPROJECT", "imm:*e*Project", "o?s:*", "imm:?*?", "*m:*"];

    private static readonly string[] Resources =
    [
        "*", "acs:imm:cn:42:project/a", "acs:imm:cn:42:project/ab/dataset/b", "acs:imm::42:project/A", "acs:oss:cn:42:a:b",
        "acs:imm:cn:42:x:b", "acs:imm:cn", "",
    ];

    private static readonly string[] ResourcePatterns =
    [
        "*", "acs:*:*:*:*", "acs:imm:*:*:project/*", "acs:imm:cn:42:project/a", "acs:imm:c?:4*:*b", "acs:imm:::*", "acs:imm:*:*:project/?",
        "acs:*:cn:*:*a*b*", "acs:imm::42:project/a", "acs:oss:*:*:a:?", "acs:*:*:*:b",
    ];

    private static readonly string[] Keys = ["k", "K", "acs:SourceIp", "n"];

    private static readonly string[] Texts =
        ["", "a", "A", "ab", "10.0.0.1", "5", "5.0", "true", "2026-01-01T00:00:00Z", "10.0.0.0/8", "*", "a?"];

    private static readonly string[] Marks = ["\"", "{", "}", "[", "]", ",", ":", "\\", "\ud800", "\\ud800", "\0", "e", "1", "*", "?", " "];

    [Fact]
    public void Decides_as_a_plain_evaluator_does()
    {
        var random = new Random(19);
        var seen = new Dictionary<RamEffect, int>();
        for (int i = 0; i < WireCampaign.Count(5_000, 1_000_000); i++)
        {
            JsonObject[] documents = [.. Enumerable.Range(0, random.Next(3)).Select(_ => Document(random))];
            RamPolicy[] policies = [.. documents.Select(document => RamPolicy.Parse(document.ToJsonString()))];
            string action = Pick(random, Actions);
            string resource = Pick(random, Resources);
            Dictionary<string, string> values = Values(random);

            RamEffect effect = RamPolicy.Evaluate(policies, action, resource, values).Effect;

            seen[effect] = seen.GetValueOrDefault(effect) + 1;
            RamEffect expected = PlainEvaluator.Evaluate(documents, action, resource, values);
            string shown = string.Join('\n', documents.Select(document => document.ToJsonString()));
            Assert.True(expected == effect, $"input {i}: {effect}, not {expected}, for {action} {resource} by {shown}");
        }

        Assert.All(Enum.GetValues<RamEffect>(), effect => Assert.True(
            seen.GetValueOrDefault(effect) > 250, $"{effect}: {seen.GetValueOrDefault(effect)}"));
    }

    [Fact]
    public void Order_never_matters_a_Deny_never_allows_more_and_an_Allow_never_denies_more()
    {
        var random = new Random(20);
        for (int i = 0; i < WireCampaign.Count(3_000, 500_000); i++)
        {
            JsonObject[] statements = [.. Enumerable.Range(0, 1 + random.Next(4)).Select(_ => Statement(random))];
            string action = Pick(random, Actions);
            string resource = Pick(random, Resources);
            Dictionary<string, string> values = Values(random);
            RamEffect effect = Decide(statements, action, resource, values);

            JsonObject[] shuffled = [.. statements];
            random.Shuffle(shuffled);
            Assert.Equal(effect, Decide(shuffled, action, resource, values));

            JsonObject denial = Statement(random, "Deny");
            Assert.False(Decide([.. statements, denial], action, resource, values) == RamEffect.Allow && effect != RamEffect.Allow);

            JsonObject permission = Statement(random, "Allow");
            Assert.False(Decide([.. statements, permission], action, resource, values) != RamEffect.Allow && effect == RamEffect.Allow);
            Assert.Equal(
                effect == RamEffect.ExplicitDeny, Decide([.. statements, permission], action, resource, values) == RamEffect.ExplicitDeny);

            Assert.Equal(effect, Decide(statements, action.ToUpperInvariant(), resource, values));
        }
    }

    [Fact]
    public void Any_text_is_a_policy_or_a_FormatException_with_a_path()
    {
        var random = new Random(21);
        int read = 0;
        int refused = 0;
        for (int i = 0; i < WireCampaign.Count(5_000, 1_000_000); i++)
        {
            string text = Document(random).ToJsonString();
            for (int edits = random.Next(4); edits > 0; edits--)
            {
                int at = random.Next(text.Length + 1);
                int length = Math.Min(random.Next(4), text.Length - at);
                text = text.Remove(at, length).Insert(at, random.Next(2) == 0 ? Pick(random, Marks) : "");
            }

            try
            {
                RamPolicy policy = RamPolicy.Parse(text);
                read++;
                Assert.NotNull(policy.Warnings);
                RamDecision decision = RamPolicy.Evaluate([policy], Pick(random, Actions), Pick(random, Resources), Values(random));
                Assert.NotEmpty(decision.Reason);
            }
            catch (FormatException e)
            {
                refused++;
                Assert.StartsWith("$", e.Message, StringComparison.Ordinal);
                Assert.True(e.Message.Length < 1000, e.Message);
            }
        }

        Assert.True(read > 500 && refused > 500, $"{read} read, {refused} refused");
    }

    private static RamEffect Decide(JsonObject[] statements, string action, string resource, Dictionary<string, string> values) =>
        RamPolicy.Evaluate([RamPolicy.Parse(Document(statements).ToJsonString())], action, resource, values).Effect;

    private static JsonObject Document(Random random) => Document(
        [.. Enumerable.Range(0, 1 + random.Next(3)).Select(_ => Statement(random))]);

    private static JsonObject Document(JsonObject[] statements) => new()
    {
        ["Version"] = "1",
        ["Statement"] = new JsonArray([.. statements.Select(statement => statement.DeepClone())]),
    };

    private static JsonObject Statement(Random random, string? effect = null)
    {
        var statement = new JsonObject
        {
            ["Effect"] = effect ?? (random.Next(3) == 0 ? "Deny" : "Allow"),
            [random.Next(4) == 0 ? "NotAction" : "Action"] = TextOrArray(random, ActionPatterns),
            ["Resource"] = TextOrArray(random, ResourcePatterns),
        };
        if (random.Next(2) == 0)
        {
            var condition = new JsonObject();
            foreach (string name in random.GetItems(PlainEvaluator.Operators, 1 + random.Next(2)).Distinct())
            {
                string[] values = [.. Texts.Where(text => PlainEvaluator.IsValue(name, text))];
                var keys = new JsonObject();
                foreach (string key in random.GetItems(Keys, 1 + random.Next(2)).Distinct())
                {
                    keys[key] = TextOrArray(random, values);
                }

                condition[name] = keys;
            }

            statement["Condition"] = condition;
        }

        return statement;
    }

    private static JsonNode TextOrArray(Random random, string[] texts) => random.Next(2) == 0
        ? JsonValue.Create(Pick(random, texts))
        : new JsonArray([.. random.GetItems(texts, 1 + random.Next(3)).Select(text => JsonValue.Create(text))]);

    private static Dictionary<string, string> Values(Random random) =>
        random.GetItems(Keys, random.Next(5)).Distinct().ToDictionary(key => key, _ => Pick(random, Texts));

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    /// <summary>The rules written down once more, as plainly as can be: over the JSON itself and with regular expressions.</summary>
    private static class PlainEvaluator
    {
        public static string[] Operators { get; } =
        [
            "StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
            "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan",
            "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
            "DateGreaterThanEquals", "Bool", "IpAddress", "NotIpAddress",
        ];

        public static bool IsValue(string name, string text) =>
            name.StartsWith("String", StringComparison.Ordinal)
            || (name.StartsWith("Numeric", StringComparison.Ordinal) ? text is "5" or "5.0"
                : name.StartsWith("Date", StringComparison.Ordinal) ? text.EndsWith('Z')
                : name == "Bool" ? text == "true"
                : text is "10.0.0.1" or "10.0.0.0/8");

        public static RamEffect Evaluate(JsonObject[] documents, string action, string resource, Dictionary<string, string> values)
        {
            JsonNode[] applying = [.. documents
                .SelectMany(document => document["Statement"]!.AsArray())
                .Select(statement => statement!)
                .Where(statement => Applies(statement, action, resource, values))];
            return applying.Any(statement => (string)statement["Effect"]! == "Deny") ? RamEffect.ExplicitDeny
                : applying.Length > 0 ? RamEffect.Allow
                : RamEffect.ImplicitDeny;
        }

        private static bool Applies(JsonNode statement, string action, string resource, Dictionary<string, string> values) =>
            (statement["Action"] is { } actions
                ? List(actions).Any(pattern => Matches(pattern, action, RegexOptions.IgnoreCase))
                : !List(statement["NotAction"]!).Any(pattern => Matches(pattern, action, RegexOptions.IgnoreCase)))
            && List(statement["Resource"]!).Any(pattern => MatchesResource(pattern, resource))
            && (statement["Condition"]?.AsObject().All(one => one.Value!.AsObject().All(key =>
                values.TryGetValue(key.Key, out string? value) && IsMet(one.Key, List(key.Value!), value))) ?? true);

        private static bool MatchesResource(string pattern, string resource)
        {
            string[] patterns = pattern.Split(':', 5);
            string[] parts = resource.Split(':', 5);
            return pattern == "*" || (
                parts.Length == 5 && patterns.Zip(parts).All(pair => Matches(pair.First, pair.Second, RegexOptions.None)));
        }

        private static bool Matches(string pattern, string text, RegexOptions options) => Regex.IsMatch(
            text,
            $"^{Regex.Escape(pattern).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)}\\z",
            options | RegexOptions.Singleline | RegexOptions.CultureInvariant);

        private static bool IsMet(string name, string[] expected, string value)
        {
            bool isNegated = name.Contains("Not", StringComparison.Ordinal);
            return (name.StartsWith("String", StringComparison.Ordinal) || IsRequestValue(name, value))
                && expected.Any(one => Positive(name, one, value)) != isNegated;
        }

        private static bool IsRequestValue(string name, string text) =>
            IsValue(name, text) && !text.Contains('/', StringComparison.Ordinal);

        private static bool Positive(string name, string expected, string value) =>
            name.Replace("Not", "", StringComparison.Ordinal) switch
            {
                "StringEquals" => expected == value,
                "StringEqualsIgnoreCase" => string.Equals(expected, value, StringComparison.OrdinalIgnoreCase),
                "StringLike" => Matches(expected, value, RegexOptions.None),
                "Bool" => true,
                "IpAddress" => true,
                var ordered => ordered.EndsWith("Equals", StringComparison.Ordinal),
            };

        private static string[] List(JsonNode node) => node is JsonArray array ? [.. array.Select(one => (string)one!)] : [(string)node!];
    }
}
