namespace Imm.Core.Model;

/// <summary>
/// The parameters of a request whose text is not a value of their type. Each refusal is kept until the parameter's place in the order of
/// checks.
/// </summary>
internal sealed class UnreadableParameters
{
    private readonly Dictionary<string, ImmRefusal> _refusals = new(StringComparer.Ordinal);

    /// <summary>The refusal of a parameter; null where it is readable.</summary>
    public ImmRefusal? this[string parameter] => _refusals.GetValueOrDefault(parameter);

    /// <summary>Adds a refusal; of several for one parameter the first counts.</summary>
    public void Add(ImmRefusal refusal)
    {
        Invariant.Holds(refusal.Parameter is not null, "an unreadable parameter has a name");
        _refusals.TryAdd(refusal.Parameter, refusal);
    }
}
