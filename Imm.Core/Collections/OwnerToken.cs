namespace Imm.Core.Collections;

/// <summary>
/// The owner of a transient mutation: nodes that were created under a token are changed in place under it, so a batch of changes copies
/// each node once. A collection with an open token is its owner's alone. The owner closes the token before others see the collection.
/// </summary>
internal sealed class OwnerToken
{
    private bool _isClosed;

    /// <summary>Ends the transient mutation. Under a closed token every change copies.</summary>
    public void Close() => _isClosed = true;

    /// <summary>
    /// Gets the token for a change of a collection that was made under <paramref name="owner"/>; null where the change copies. A change
    /// under another token makes a second collection that shares the owner's nodes, so it closes the owner.
    /// </summary>
    public static OwnerToken? ForChange(OwnerToken? requested, OwnerToken? owner)
    {
        if (owner is { _isClosed: false } && owner != requested)
        {
            owner.Close();
        }

        return requested is { _isClosed: false } ? requested : null;
    }
}
