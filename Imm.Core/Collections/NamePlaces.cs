namespace Imm.Core.Collections;

/// <summary>
/// The objects of a directory by number, in the order of their coming. They are in arrays that never move, so a reader need not know where
/// a new one begins.
/// </summary>
internal sealed class NamePlaces
{
    /// <summary>The number of no place.</summary>
    public const int None = 0;

    private const int ArrayBits = 10;
    private const int ArraySize = 1 << ArrayBits;

    private readonly Stack<int> _free = [];
    private INamed?[][] _arrays;
    private int _last;

    /// <param name="capacity">The number of objects to make room for.</param>
    public NamePlaces(int capacity)
    {
        _arrays = new INamed?[(capacity >> ArrayBits) + 1][];
    }

    /// <summary>True if the next place to be taken was in use before.</summary>
    public bool HasFree => _free.Count > 0;

    /// <summary>The object in a place; null where it was removed.</summary>
    public INamed? this[int place]
    {
        get => Volatile.Read(ref _arrays[place >> ArrayBits][place & (ArraySize - 1)]);
        set => Volatile.Write(ref _arrays[place >> ArrayBits][place & (ArraySize - 1)], value);
    }

    /// <summary>Puts an object into a place of its own.</summary>
    public int Take(INamed item)
    {
        if (!_free.TryPop(out int place))
        {
            place = ++_last;
            MakeRoom(place >> ArrayBits);
        }

        this[place] = item;
        return place;
    }

    /// <summary>Gives a place back to which nothing refers.</summary>
    public void Free(int place) => _free.Push(place);

    /// <summary>Collects the objects; where there are changes meanwhile, each of them before or after its change.</summary>
    /// <param name="capacity">About the number of objects.</param>
    public List<INamed> ToList(int capacity)
    {
        var items = new List<INamed>(capacity);
        foreach (INamed?[]? array in Volatile.Read(ref _arrays))
        {
            foreach (ref INamed? place in array.AsSpan())
            {
                if (Volatile.Read(ref place) is { } item)
                {
                    items.Add(item);
                }
            }
        }

        return items;
    }

    /// <summary>True if each place is one of those that are used, or else free.</summary>
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
