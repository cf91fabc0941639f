using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// The objects of a directory by number, in the order of their coming. They are in arrays that are added and never replaced, so a change is
/// seen by a reader that knows an older list of the arrays.
/// </summary>
/// <remarks>
/// A slot refers to an object, or for an object that is packed to its unpacker. The bytes are in arrays of their own: a search that finds
/// an object reads as little memory as there can be. The number of a slot says whether its object may be packed.
/// </remarks>
internal sealed class NameSlots
{
    /// <summary>The number of no slot.</summary>
    public const int None = 0;

    /// <summary>The bit of the number of a slot whose object was packed when it came.</summary>
    private const int PackedBit = int.MinValue;

    private const int ArrayBits = 10;
    private const int ArraySize = 1 << ArrayBits;

    private readonly Stack<int> _free = [];
    private Slot[]?[] _items;
    private PackedBytes[]?[] _bytes;
    private int _last;

    /// <param name="capacity">The number of objects to make room for.</param>
    public NameSlots(int capacity)
    {
        _items = new Slot[]?[(capacity >> ArrayBits) + 1];
        _bytes = new PackedBytes[]?[_items.Length];
    }

    /// <summary>True if the next slot to be taken was in use before.</summary>
    public bool HasFree => _free.Count > 0;

    /// <summary>Gets the number of the same slot for an object that is not packed.</summary>
    public static int Unpacked(int slot) => slot & ~PackedBit;

    /// <summary>True if there is an object in a slot; false where it was removed.</summary>
    public bool IsSet(int slot) => Volatile.Read(ref Item(slot)) is not null;

    /// <summary>Gets the object in a slot, which is made if it is packed; null where it was removed.</summary>
    public INamed? Read(int slot) => slot < 0
        ? PackedBytes.Read(ref Item(slot), ref Bytes(slot))
        : Unsafe.As<INamed?>(Volatile.Read(ref Item(slot)));

    /// <summary>True if the object in a slot has a name; false where it was removed.</summary>
    public bool IsNamed(int slot, string name) => slot < 0
        ? PackedBytes.IsNamed(ref Item(slot), ref Bytes(slot), name)
        : Volatile.Read(ref Item(slot)) is { } item && Unsafe.As<INamed>(item).Name == name;

    /// <summary>Replaces the object in a slot, or removes it.</summary>
    public void Replace(int slot, INamed? item)
    {
        Volatile.Write(ref Item(slot), item);
        if (slot < 0)
        {
            Bytes(slot).Clear();
        }
    }

    /// <summary>Puts an item into a slot of its own, and gives the number of the slot.</summary>
    public int Take(ref NamedItem item)
    {
        if (_free.TryPop(out int slot))
        {
            // Not packed: a reader that has found the unpacker of the object before, and stands still meanwhile, must not find it again.
            Replace(slot, item.Read());
            return slot;
        }

        slot = ++_last;
        int index = slot >> ArrayBits;
        MakeRoom(index);
        if (item.TryCopy(out object? one, out PackedBytes packed))
        {
            ref PackedBytes[]? bytes = ref _bytes[index];
            bytes ??= new PackedBytes[ArraySize];
            bytes[slot & (ArraySize - 1)] = packed;
            slot |= PackedBit;
        }

        Volatile.Write(ref Item(slot), one);
        return slot;
    }

    /// <summary>Gives a slot back to which nothing refers.</summary>
    public void Free(int slot) => _free.Push(Unpacked(slot));

    /// <summary>Collects the objects; where there are changes meanwhile, each of them before or after its change.</summary>
    /// <param name="capacity">About the number of objects.</param>
    public List<INamed> ToList(int capacity)
    {
        var items = new List<INamed>(capacity);
        Slot[]?[] arrays = Volatile.Read(ref _items);
        for (int i = 0; i < arrays.Length; i++)
        {
            for (int j = 0; j < arrays[i]?.Length; j++)
            {
                object? item = Volatile.Read(ref arrays[i]![j].Item);
                int slot = (i << ArrayBits) + j;
                if ((item is IUnpacker ? Read(slot | PackedBit) : Unsafe.As<INamed?>(item)) is { } one)
                {
                    items.Add(one);
                }
            }
        }

        return items;
    }

    /// <summary>True if each slot is one of those that are used, or else free.</summary>
    public bool AreUsedOrFree(HashSet<int> used) => used.Count + _free.Count == _last && !_free.Any(used.Contains);

    private ref object? Item(int slot) => ref _items[Unpacked(slot) >> ArrayBits]![slot & (ArraySize - 1)].Item;

    private ref PackedBytes Bytes(int slot) => ref _bytes[Unpacked(slot) >> ArrayBits]![slot & (ArraySize - 1)];

    private void MakeRoom(int index)
    {
        if (index == _items.Length)
        {
            var bytes = new PackedBytes[]?[2 * index];
            _bytes.CopyTo(bytes, 0);
            Volatile.Write(ref _bytes, bytes);
            var items = new Slot[]?[2 * index];
            _items.CopyTo(items, 0);
            Volatile.Write(ref _items, items);
        }

        if (_items[index] is null)
        {
            Volatile.Write(ref _items[index], new Slot[ArraySize]);
        }
    }

    // A structure: a reference into an array of objects would be checked for the type of the array.
    private struct Slot
    {
        public object? Item;
    }
}
