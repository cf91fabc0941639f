using System.Collections.Frozen;
using CommunityToolkit.Diagnostics;
using Imm.Core.Access;

namespace Imm.Core;

/// <summary>
/// A RAM policy document, read once into a form that is quick to evaluate. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>
/// The grammar is that of RAM's pages "Policy structure and syntax", "Policy elements" and "Conditional operators". What it does not know
/// is refused when the document is read, and never ignored: an unknown operator in a Deny that counted as not met would allow.
/// </para>
/// <para>
/// Actions are compared without case, resources and condition keys with case. <c>*</c> is any run of characters and <c>?</c> is one. A
/// condition on a key that the request does not carry is not met, under a negated operator either. Several values under a negated operator
/// are met when none matches. A value of the request that is not of the operator's type meets nothing.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// RamPolicy policy = RamPolicy.Parse("""
///     { "Version": "1", "Statement": [{ "Effect": "Allow", "Action": "imm:Get*", "Resource": "acs:imm:*:*:project/photos" }] }
///     """);
/// RamDecision decision = RamPolicy.Evaluate(
///     [policy], "imm:GetProject", "acs:imm:cn-hangzhou:1234567890:project/photos", new Dictionary&lt;string, string&gt;());
/// </code>
/// </example>
public sealed class RamPolicy
{
    /// <summary>The greatest length of a document, in Unicode characters, white space included: 6,144.</summary>
    public const int MaxLength = 6144;

    /// <summary>The greatest length of a session policy, in Unicode characters, white space included: 2,048.</summary>
    public const int MaxSessionLength = 2048;

    private static readonly FrozenDictionary<string, RamPolicy> SystemPolicies = new[]
    {
        Parse("""
            {"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}
            """).Named("AdministratorAccess"),
        Parse("""
            {"Version":"1","Statement":[
              {"Effect":"Allow","Action":["imm:*","oss:ListBuckets","ram:ListRoles"],"Resource":"*"},
              {"Effect":"Allow","Action":"ram:PassRole","Resource":"*","Condition":{"StringEquals":{"acs:Service":"imm.aliyuncs.com"}}}]}
            """).Named("AliyunIMMFullAccess"),
        Parse("""
            {"Version":"1","Statement":[{"Effect":"Allow","Action":["imm:Get*","imm:List*"],"Resource":"*"}]}
            """).Named("AliyunIMMReadOnlyAccess"),
    }.ToFrozenDictionary(policy => policy.Name!, StringComparer.Ordinal);

    private readonly RamStatement[] _statements;
    private readonly RamDecision[] _allows;
    private readonly Lazy<IReadOnlyList<string>> _warnings;

    private RamPolicy(string? name, RamStatement[] statements)
    {
        Name = name;
        _statements = statements;
        _allows = [.. statements.Select((_, index) => new RamDecision(RamEffect.Allow, name, index))];
        _warnings = new(() => RamLint.Check(statements).AsReadOnly());
    }

    /// <summary>The name, for messages and the record of decisions; null where none was given.</summary>
    public string? Name { get; }

    /// <summary>The number of statements.</summary>
    public int StatementCount => _statements.Length;

    /// <summary>
    /// Probable mistakes that RAM allows: actions, resources and conditions that can never match here. Each begins with the JSON path.
    /// Empty where nothing was found.
    /// </summary>
    public IReadOnlyList<string> Warnings => _warnings.Value;

    /// <summary>Reads the document of a policy that is attached to a user, a group or a role, or of a control policy.</summary>
    /// <param name="json">The document, of 1 to <see cref="MaxLength"/> Unicode characters.</param>
    /// <returns>The policy, without a name.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The document breaks a rule; the message begins with the JSON path and names the rule.</exception>
    public static RamPolicy Parse(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return new(null, RamPolicyReader.Read(json, MaxLength));
    }

    /// <summary>Reads the document of a session policy, which may have at most <see cref="MaxSessionLength"/> characters.</summary>
    /// <param name="json">The document, of 1 to <see cref="MaxSessionLength"/> Unicode characters.</param>
    /// <returns>The policy, without a name.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="json"/> is null.</exception>
    /// <exception cref="FormatException">The document breaks a rule; the message begins with the JSON path and names the rule.</exception>
    public static RamPolicy ParseSession(string json)
    {
        Guard.IsNotNull(json, nameof(json));
        return new(null, RamPolicyReader.Read(json, MaxSessionLength));
    }

    /// <summary>A system policy: <c>AliyunIMMFullAccess</c>, <c>AliyunIMMReadOnlyAccess</c> or <c>AdministratorAccess</c>.</summary>
    /// <param name="name">The name, spelt exactly so.</param>
    /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
    /// <exception cref="ArgumentException">There is no such system policy here.</exception>
    public static RamPolicy SystemPolicy(string name)
    {
        Guard.IsNotNull(name, nameof(name));
        return SystemPolicies.TryGetValue(name, out RamPolicy? policy)
            ? policy
            : throw new ArgumentException(
                $"There is no system policy {RamText.Quote(name)}; there are {string.Join(", ", SystemPolicies.Keys.Order())}.",
                nameof(name));
    }

    /// <summary>The same policy under a name.</summary>
    /// <param name="name">The name; not empty.</param>
    /// <exception cref="ArgumentException"><paramref name="name"/> is null or empty.</exception>
    public RamPolicy Named(string name)
    {
        Guard.IsNotNullOrEmpty(name, nameof(name));
        return new(name, _statements);
    }

    /// <summary>
    /// Decides a request by one set of policies: any statement that applies and denies is an explicit deny; else any that applies and
    /// allows is an allow; else an implicit deny. The order of policies and statements does not matter. Allocates nothing where it allows.
    /// </summary>
    /// <param name="policies">The policies; none is an implicit deny.</param>
    /// <param name="action">The action, such as <c>imm:CreateProject</c>.</param>
    /// <param name="resource">The resource, such as <c>acs:imm:cn-hangzhou:1234567890:project/photos</c>, or <c>*</c>.</param>
    /// <param name="conditionValues">
    /// The values of condition keys, such as <c>acs:SourceIp</c>, in a dictionary that compares keys with case.
    /// </param>
    /// <exception cref="ArgumentNullException">An argument is null, or a policy is.</exception>
    public static RamDecision Evaluate(
        IReadOnlyList<RamPolicy> policies, string action, string resource, IReadOnlyDictionary<string, string> conditionValues)
    {
        Guard.IsNotNull(policies, nameof(policies));
        Guard.IsNotNull(action, nameof(action));
        Guard.IsNotNull(resource, nameof(resource));
        Guard.IsNotNull(conditionValues, nameof(conditionValues));
        var parts = new RamResource(resource);
        RamDecision? allow = null;
        for (int i = 0; i < policies.Count; i++)
        {
            RamPolicy policy = policies[i];
            Guard.IsNotNull(policy, nameof(policies));
            RamStatement[] statements = policy._statements;
            for (int index = 0; index < statements.Length; index++)
            {
                RamStatement statement = statements[index];
                if (statement.IsAllow)
                {
                    if (allow is null && statement.Applies(action, parts, conditionValues))
                    {
                        allow = policy._allows[index];
                    }
                }
                else if (statement.Applies(action, parts, conditionValues))
                {
                    return new RamDecision(RamEffect.ExplicitDeny, policy.Name, index, action, resource);
                }
            }
        }

        return allow ?? new RamDecision(action, resource, Closest(policies, action, resource, conditionValues));
    }

    /// <summary>The name of the policy, or its number of statements.</summary>
    public override string ToString() => Name ?? $"a policy of {_statements.Length} statements";

    /// <summary>
    /// Finds the Allow that would have needed the least: one that fails by a condition before one that fails by its resource.
    /// </summary>
    private static RamNearMiss? Closest(
        IReadOnlyList<RamPolicy> policies, string action, string resource, IReadOnlyDictionary<string, string> values)
    {
        var parts = new RamResource(resource);
        (int Element, int Degree) best = (-1, -1);
        RamPolicy? policy = null;
        int index = 0;
        foreach (RamPolicy one in policies)
        {
            for (int i = 0; i < one._statements.Length; i++)
            {
                RamStatement statement = one._statements[i];
                (int, int) score = statement.IsAllow ? Score(statement, action, parts, values) : (-1, -1);
                if (score.CompareTo(best) > 0)
                {
                    best = score;
                    policy = one;
                    index = i;
                }
            }
        }

        return policy is null ? null : Miss(policy, index, (RamElement)best.Element, action, resource, values);
    }

    private static (int Element, int Degree) Score(
        RamStatement statement, string action, in RamResource resource, IReadOnlyDictionary<string, string> values)
    {
        if (!statement.CoversAction(action))
        {
            ReadOnlySpan<char> service = action.AsSpan(0, action.IndexOf(':') + 1);
            int same = 0;
            foreach (RamPattern pattern in statement.Actions)
            {
                same = Math.Max(same, pattern.Text.AsSpan().StartsWith(service, StringComparison.OrdinalIgnoreCase) ? 1 : 0);
            }

            return ((int)RamElement.Action, same);
        }

        if (!statement.CoversResource(resource))
        {
            int segments = 0;
            foreach (RamResourcePattern pattern in statement.Resources)
            {
                segments = Math.Max(segments, pattern.MatchingSegments(resource));
            }

            return ((int)RamElement.Resource, segments);
        }

        return ((int)RamElement.Condition, statement.Conditions.Count(condition => condition.IsMet(values)));
    }

    private static RamNearMiss Miss(
        RamPolicy policy, int index, RamElement element, string action, string resource, IReadOnlyDictionary<string, string> values)
    {
        RamStatement statement = policy._statements[index];
        switch (element)
        {
            case RamElement.Action:
                return new(policy.Name, index, element, [.. statement.Actions.Select(pattern => pattern.Text)], action);
            case RamElement.Resource:
                return new(policy.Name, index, element, [.. statement.Resources.Select(pattern => pattern.Text)], resource);
            default:
                RamCondition unmet = statement.Conditions[statement.FirstUnmet(values)];
                return new(
                    policy.Name, index, element, [.. unmet.Expected], values.GetValueOrDefault(unmet.Key), unmet.Operator, unmet.Key);
        }
    }
}
