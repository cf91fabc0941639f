namespace Imm.Core.Collections;

/// <summary>The key of a name in a directory, and the slot of its object; no slot where the entry is free.</summary>
internal struct NameEntry
{
    // Beside the hash: a search that reads both to go on reads one line of the cache.
    public int Slot;
    public NameKey Key;
}
