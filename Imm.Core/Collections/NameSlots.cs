namespace Imm.Core.Collections;

/// <summary>
/// The objects of a directory by number, in the order of their coming. They are in arrays that are added and never replaced, so a change is
/// seen by a reader that knows an older list of the arrays.
/// </summary>
internal sealed class NameSlots
{
    /// <summary>The number of no slot.</summary>
    public const int None = 0;

    private const int ArrayBits = 10;
    private const int ArraySize = 1 << ArrayBits;

    private readonly Stack<int> _free = [];
    private INamed?[][] _arrays;
    private int _last;

    /// <param name="capacity">The number of objects to make room for.</param>
    public NameSlots(int capacity)
    {
        _arrays = new INamed?[(capacity >> ArrayBits) + 1][];
    }

    /// <summary>True if the next slot to be taken was in use before.</summary>
    public bool HasFree => _free.Count > 0;

    /// <summary>The object in a slot; null where it was removed.</summary>
    public INamed? this[int slot]
    {
        get => Volatile.Read(ref _arrays[slot >> ArrayBits][slot & (ArraySize - 1)]);
        set => Volatile.Write(ref _arrays[slot >> ArrayBits][slot & (ArraySize - 1)], value);
    }

    /// <summary>Puts an object into a slot of its own.</summary>
    public int Take(INamed item)
    {
        if (!_free.TryPop(out int slot))
        {
            slot = ++_last;
            MakeRoom(slot >> ArrayBits);
        }

        this[slot] = item;
        return slot;
    }

    /// <summary>Gives a slot back to which nothing refers.</summary>
    public void Free(int slot) => _free.Push(slot);

    /// <summary>Collects the objects; where there are changes meanwhile, each of them before or after its change.</summary>
    /// <param name="capacity">About the number of objects.</param>
    public List<INamed> ToList(int capacity)
    {
        var items = new List<INamed>(capacity);
        foreach (INamed?[]? array in Volatile.Read(ref _arrays))
        {
            foreach (ref INamed? slot in array.AsSpan())
            {
                if (Volatile.Read(ref slot) is { } item)
                {
                    items.Add(item);
                }
            }
        }

        return items;
    }

    /// <summary>True if each slot is one of those that are used, or else free.</summary>
    public bool AreUsedOrFree(HashSet<int> used) => used.Count + _free.Count == _last && !_free.Any(used.Contains);

    private void MakeRoom(int index)
    {
        if (index == _arrays.Length)
        {
            INamed?[][] more = new INamed?[2 * index][];
            _arrays.CopyTo(more, 0);
            Volatile.Write(ref _arrays, more);
        }

        if (_arrays[index] is null)
        {
            Volatile.Write(ref _arrays[index], new INamed?[ArraySize]);
        }
    }
}
