namespace Imm.Core.Model;

/// <summary>
/// The parameters of a request whose text is no value of their type. They are kept beside the request rather than refused at once, so that
/// each is refused in its place in the order of the parameters.
/// </summary>
internal sealed class UnreadableParameters
{
    private readonly Dictionary<string, Refusal> _refusals = new(StringComparer.Ordinal);

    public Refusal? this[string parameter] => _refusals.GetValueOrDefault(parameter);

    /// <summary>Keeps a refusal; of several for one parameter the first counts.</summary>
    public void Add(Refusal refusal)
    {
        Invariant.Holds(refusal.Parameter is not null, "an unreadable parameter has a name");
        _refusals.TryAdd(refusal.Parameter, refusal);
    }
}
