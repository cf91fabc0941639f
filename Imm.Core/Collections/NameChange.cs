using System.Diagnostics;

namespace Imm.Core.Collections;

/// <summary>A change of a name. Others may read it while the object after it is made.</summary>
/// <param name="before">The object before it; null where it adds one.</param>
/// <param name="after">The object after it; not set where it removes one.</param>
internal struct NameChange(INamed? before, in NamedItem after)
{
    public NamedItem After = after;

    public readonly INamed? Before => before;

    private readonly INamed Removed
    {
        get
        {
            Debug.Assert(before is not null, "A change has an object before or after it.");
            return before;
        }
    }

    public string Name() => After.IsSet ? After.Name() : Removed.Name;

    public bool IsOf(string name) => After.IsSet ? After.IsNamed(name) : Removed.Name == name;

    public NameKey KeyOf(uint hash) => After.IsSet ? After.KeyOf(hash) : new NameKey(Removed.Name, hash);

    public NameChange Copy() => new(before, After.Copy());
}
