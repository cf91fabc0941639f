namespace Imm.Core;

/// <summary>One page of a list of bindings, all of one committed moment.</summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class BindingPage
{
    internal BindingPage(Binding[] bindings, string? nextToken)
    {
        Bindings = Array.AsReadOnly(bindings);
        NextToken = nextToken;
    }

    /// <summary>The bindings, in ordinal order of their URIs; may be empty.</summary>
    public IReadOnlyList<Binding> Bindings { get; }

    /// <summary>The token of the next page; null on the last page.</summary>
    public string? NextToken { get; }

    /// <summary>The number of bindings, and the next token, for people.</summary>
    public override string ToString() => FormattableString.Invariant($"bindings: {Bindings.Count}, next token: {NextToken ?? "none"}");
}
