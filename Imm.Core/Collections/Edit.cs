namespace Imm.Core.Collections;

/// <summary>
/// The right to change in place what was created under this very token: a batch of changes made under one token copies each node once.
/// A version made under a token is its holder's alone; the holder stops using the token before others see the version.
/// </summary>
internal sealed class Edit
{
    private bool _closed;

    /// <summary>Ends the right. Work under a closed token is still correct, but copies as if there were no token.</summary>
    public void Close() => _closed = true;

    /// <summary>
    /// The token to use for a change to a version that <paramref name="owner"/> owns; null means copy.
    /// A change that comes from beside the owner makes a second version out of the owner's nodes, so it closes the owner.
    /// </summary>
    public static Edit? Begin(Edit? edit, Edit? owner)
    {
        if (owner is { _closed: false } && owner != edit)
        {
            owner.Close();
        }

        return edit is { _closed: false } ? edit : null;
    }
}
