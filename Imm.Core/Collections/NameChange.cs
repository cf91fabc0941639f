using System.Diagnostics;

namespace Imm.Core.Collections;

/// <summary>A change of a name: the object before it, null where it adds one, and the object after it, null where it removes it.</summary>
internal readonly record struct NameChange(INamed? Before, INamed? After)
{
    public string Name
    {
        get
        {
            INamed? item = After ?? Before;
            Debug.Assert(item is not null, "A change has an object before or after it.");
            return item.Name;
        }
    }
}
