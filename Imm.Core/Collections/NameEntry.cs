namespace Imm.Core.Collections;

/// <summary>The key of a name in a directory, and the place of its object; no place where the entry is free.</summary>
internal struct NameEntry
{
    // Beside the hash: a search that reads both to go on reads one line of the cache.
    public int Place;
    public NameKey Key;
}
