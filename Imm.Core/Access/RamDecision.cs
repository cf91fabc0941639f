using Imm.Core.Access;

namespace Imm.Core;

/// <summary>The outcome of evaluating policies. The default value is a refusal.</summary>
public enum RamEffect
{
    /// <summary>Nothing allows the operation.</summary>
    ImplicitDeny,

    /// <summary>A statement allows the operation and none denies it.</summary>
    Allow,

    /// <summary>A statement denies the operation.</summary>
    ExplicitDeny,
}

/// <summary>The kind of a set of policies that must allow an operation.</summary>
public enum RamPolicyType
{
    /// <summary>The policies of a RAM user and its groups, or of a role.</summary>
    AccountLevelIdentityBasedPolicy,

    /// <summary>The policy that a role session was given when the role was assumed.</summary>
    SessionPolicy,

    /// <summary>The control policies of a resource directory.</summary>
    ControlPolicy,
}

/// <summary>The element of a statement that did not match a request.</summary>
public enum RamElement
{
    /// <summary><c>Action</c> or <c>NotAction</c>.</summary>
    Action,

    /// <summary><c>Resource</c>.</summary>
    Resource,

    /// <summary><c>Condition</c>.</summary>
    Condition,
}

/// <summary>A decision on one request, and the statement that made it. Immutable.</summary>
public sealed class RamDecision
{
    private readonly string? _problem;

    /// <summary>A statement allows or denies.</summary>
    internal RamDecision(RamEffect effect, string? policyName, int statementIndex, string? action = null, string? resource = null)
        : this(effect)
    {
        PolicyName = policyName;
        StatementIndex = statementIndex;
        Action = action;
        Resource = resource;
    }

    /// <summary>Nothing allows.</summary>
    internal RamDecision(string action, string resource, RamNearMiss? closest, string? problem = null)
        : this(RamEffect.ImplicitDeny)
    {
        Closest = closest;
        Action = action;
        Resource = resource;
        _problem = problem;
    }

    private RamDecision(RamEffect effect) => Effect = effect;

    /// <summary>The decision.</summary>
    public RamEffect Effect { get; }

    /// <summary>True if <see cref="Effect"/> is <see cref="RamEffect.Allow"/>.</summary>
    public bool IsAllowed => Effect == RamEffect.Allow;

    /// <summary>The name of the policy whose statement decided; null where none did, or where it has no name.</summary>
    public string? PolicyName { get; }

    /// <summary>The position of the deciding statement in its policy, from 0; null where no statement decided.</summary>
    public int? StatementIndex { get; }

    /// <summary>The kind of the policies that decided last.</summary>
    public RamPolicyType PolicyType { get; private init; }

    /// <summary>
    /// The statement that came closest to allowing; null unless the decision is an implicit deny by policies of which a statement allows.
    /// </summary>
    public RamNearMiss? Closest { get; }

    /// <summary>The reason, for people; the text is not API.</summary>
    public string Reason
    {
        get
        {
            if (IsAllowed)
            {
                return StatementIndex is null
                    ? "No policy restricts the account itself."
                    : $"{RamText.At(PolicyName, StatementIndex)} allows it.";
            }

            string kind = PolicyType switch
            {
                RamPolicyType.SessionPolicy => " of the session",
                RamPolicyType.ControlPolicy => " of the resource directory",
                _ => "",
            };
            string why = StatementIndex is not null
                ? $"{RamText.At(PolicyName, StatementIndex)}{kind} denies it."
                : _problem ?? $"No statement{kind} allows it.";
            return Closest is null ? $"{Sentence} {why}" : $"{Sentence} {why} {Closest}";
        }
    }

    /// <summary>The action of a refusal; null where the decision is an allow, which is the same for many requests.</summary>
    internal string? Action { get; }

    /// <summary>The resource of a refusal; null where the decision is an allow.</summary>
    internal string? Resource { get; }

    /// <summary>The sentence that the service answers a refusal with.</summary>
    internal string Sentence => $"You are not authorized to operate {Action} on the specified resources {Resource}.";

    /// <summary>The decision on the account itself, which no policy restricts.</summary>
    internal static RamDecision Unrestricted { get; } = new(RamEffect.Allow);

    internal static RamDecision Refused(string action, string resource, string problem) => new(action, resource, null, problem);

    /// <summary>The same decision, made by policies of a kind.</summary>
    internal RamDecision WithPolicyType(RamPolicyType type) => type == PolicyType
        ? this
        : Effect == RamEffect.ImplicitDeny
            ? new RamDecision(Action!, Resource!, Closest, _problem) { PolicyType = type }
            : new RamDecision(Effect, PolicyName, StatementIndex!.Value, Action, Resource) { PolicyType = type };

    /// <summary>The effect and the reason.</summary>
    public override string ToString() => $"{Effect}: {Reason}";
}

/// <summary>A statement with the effect Allow that did not apply, and the first of its elements that did not match. Immutable.</summary>
public sealed class RamNearMiss
{
    internal RamNearMiss(
        string? policyName,
        int statementIndex,
        RamElement element,
        string[] expected,
        string? actual,
        string? operatorName = null,
        string? conditionKey = null)
    {
        PolicyName = policyName;
        StatementIndex = statementIndex;
        Element = element;
        Expected = Array.AsReadOnly(expected);
        Actual = actual;
        Operator = operatorName;
        ConditionKey = conditionKey;
    }

    /// <summary>The name of the policy of the statement; null where it has none.</summary>
    public string? PolicyName { get; }

    /// <summary>The position of the statement in its policy, from 0.</summary>
    public int StatementIndex { get; }

    /// <summary>The element that did not match. Those before it in the order action, resource, condition did.</summary>
    public RamElement Element { get; }

    /// <summary>The operator of the condition that was not met, such as <c>StringEquals</c>; null for other elements.</summary>
    public string? Operator { get; }

    /// <summary>The key of the condition that was not met, such as <c>acs:SourceIp</c>; null for other elements.</summary>
    public string? ConditionKey { get; }

    /// <summary>The patterns or values that the statement has.</summary>
    public IReadOnlyList<string> Expected { get; }

    /// <summary>
    /// The action, resource or condition value of the request; null where it has no value for <see cref="ConditionKey"/>.
    /// </summary>
    public string? Actual { get; }

    /// <summary>A sentence for people; the text is not API.</summary>
    public override string ToString()
    {
        string expected = string.Join(", ", Expected.Take(3).Select(RamText.Quote)) + (Expected.Count > 3 ? ", …" : "");
        string actual = Actual is null ? "has none" : $"has {RamText.Quote(Actual)}";
        string element = Element == RamElement.Condition
            ? $"condition {Operator} wants {RamText.Quote(ConditionKey!)} {expected}"
            : $"{Element} is {expected}";
        return $"{RamText.At(PolicyName, StatementIndex)} came closest: its {element}, the request {actual}.";
    }
}
