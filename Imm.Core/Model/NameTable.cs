using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Model;

/// <summary>A persistent table of objects by name (ordinal): a hash array mapped trie, whose versions share what did not change.</summary>
/// <remarks>Under an <see cref="Edit"/> a change may return the table it was called on; use what it returns and nothing older.</remarks>
internal sealed class NameTable<T> where T : class, INamed
{
    public static readonly NameTable<T> Empty = new(NameTableNode.Empty, 0, null, null);

    private readonly Func<string, int>? _hash;
    private readonly Edit? _owner;
    private NameTableNode _root;
    private int _count;

    private NameTable(NameTableNode root, int count, Func<string, int>? hash, Edit? owner)
    {
        _root = root;
        _count = count;
        _hash = hash;
        _owner = owner;
    }

    public int Count => _count;

    /// <summary>An empty table with a hash of the caller's choice: the seam by which a test makes names collide.</summary>
    public static NameTable<T> WithHash(Func<string, int> hash) => new(NameTableNode.Empty, 0, hash, null);

    /// <summary>The object of that name, or null.</summary>
    public T? Find(string name)
    {
        // Only objects of type T ever get in, so the cast needs no check.
        INamed? item = _root.Find(name, Hash(name));
        Debug.Assert(item is null or T);
        return Unsafe.As<T?>(item);
    }

    public bool TryGetValue(string name, [NotNullWhen(true)] out T? item)
    {
        item = Find(name);
        return item is not null;
    }

    /// <summary>The table with this object in it, in place of the one of the same name if there is one.</summary>
    public NameTable<T> Set(T item, Edit? edit = null)
    {
        edit = Edit.Begin(edit, _owner);
        bool added = false;
        NameTableNode root = _root.Set(item, Hash(item.Name), 0, _hash, edit, ref added);
        return Become(root, added ? _count + 1 : _count, edit);
    }

    /// <summary>The table without the object of that name; this table if there is none.</summary>
    public NameTable<T> Remove(string name, Edit? edit = null)
    {
        edit = Edit.Begin(edit, _owner);
        if (Find(name) is null)
        {
            return this;
        }

        return Become((NameTableNode)_root.Remove(name, Hash(name), 0, edit)!, _count - 1, edit);
    }

    /// <summary>Checks, in a debug build, that the count is right and no node is longer than it need be.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => Debug.Assert(_root.CheckShape(true) == _count);

    private uint Hash(string name) => unchecked((uint)(_hash is null ? name.GetHashCode() : _hash(name)));

    private NameTable<T> Become(NameTableNode root, int count, Edit? edit)
    {
        if (edit is null || edit != _owner)
        {
            return new NameTable<T>(root, count, _hash, edit);
        }

        _root = root;
        _count = count;
        return this;
    }
}

/// <summary>
/// A node of the trie: 64 places chosen by six bits of the hash, of which only the occupied ones take space.
/// A place holds an object, a node with the objects whose hashes go on alike, or a collision of objects with the same whole hash.
/// Not generic, so that telling these apart is one comparison of type handles.
/// </summary>
internal sealed class NameTableNode
{
    public static readonly NameTableNode Empty = new(0, [], null);

    private const int Bits = 6;
    private const int HashBits = 32;

    private readonly Edit? _owner;
    private ulong _map;

    // In the order of the bits of the map. Under a token there may be free places at the end.
    private object?[] _slots;

    private NameTableNode(ulong map, object?[] slots, Edit? owner)
    {
        Debug.Assert(slots.Length >= BitOperations.PopCount(map));
        _map = map;
        _slots = slots;
        _owner = owner;
    }

    private int Count => BitOperations.PopCount(_map);

    public INamed? Find(string name, uint hash)
    {
        NameTableNode node = this;
        for (uint rest = hash; ; rest >>= Bits)
        {
            ulong bit = Bit(rest);
            if ((node._map & bit) == 0)
            {
                return null;
            }

            object slot = node._slots[node.IndexOf(bit)]!;
            if (slot.GetType() == typeof(NameTableNode))
            {
                node = Unsafe.As<NameTableNode>(slot);
                continue;
            }

            if (slot.GetType() == typeof(Collision))
            {
                return Unsafe.As<Collision>(slot).Find(name);
            }

            INamed item = Unsafe.As<INamed>(slot);
            return item.Name == name ? item : null;
        }
    }

    /// <summary>Adds or replaces; gives the node that stands in the place of this one, which may be this one.</summary>
    public NameTableNode Set(INamed item, uint hash, int shift, Func<string, int>? hasher, Edit? edit, ref bool added)
    {
        ulong bit = Bit(hash >> shift);
        if ((_map & bit) == 0)
        {
            added = true;
            return Insert(bit, item, edit);
        }

        object slot = _slots[IndexOf(bit)]!;
        object after;
        if (slot is NameTableNode node)
        {
            after = node.Set(item, hash, shift + Bits, hasher, edit, ref added);
        }
        else if (slot is INamed other && other.Name == item.Name)
        {
            after = item;
        }
        else
        {
            uint otherHash = slot is Collision collision ? collision.Hash : HashOf(((INamed)slot).Name, hasher);
            after = otherHash == hash ? Collision.Set(slot, item, hash, ref added) : Fork(slot, otherHash, item, hash, shift + Bits, edit);
            added |= otherHash != hash;
        }

        return ReferenceEquals(after, slot) ? this : Replace(bit, after, edit);
    }

    /// <summary>Removes a name that is there; gives what stands in the place of this node: below the root, no node of one object.</summary>
    public object Remove(string name, uint hash, int shift, Edit? edit)
    {
        ulong bit = Bit(hash >> shift);
        object slot = _slots[IndexOf(bit)]!;
        object? after = slot switch
        {
            NameTableNode node => node.Remove(name, hash, shift + Bits, edit),
            Collision collision => collision.Without(name),
            _ => null,
        };
        if (ReferenceEquals(after, slot))
        {
            return this;
        }

        // A path of nodes stands only where hashes fork, so that a table that shrank is as small as one that never grew.
        int left = after is null ? Count - 1 : Count;
        if (left == 1 && shift > 0)
        {
            object last = after ?? _slots[1 - IndexOf(bit)]!;
            if (last is not NameTableNode)
            {
                return last;
            }
        }

        return after is null ? Delete(bit, edit) : Replace(bit, after, edit);
    }

    /// <summary>The number of objects below, once it is sure that no node but the root holds a lone object.</summary>
    public int CheckShape(bool root)
    {
        Debug.Assert(root || Count > 1 || _slots[0] is NameTableNode);
        int total = 0;
        for (int i = 0; i < _slots.Length; i++)
        {
            Debug.Assert(i < Count == _slots[i] is not null);
            total += _slots[i] switch
            {
                null => 0,
                NameTableNode node => node.CheckShape(false),
                Collision collision => collision.Count,
                _ => 1,
            };
        }

        return total;
    }

    private static NameTableNode Fork(object a, uint aHash, object b, uint bHash, int shift, Edit? edit)
    {
        Debug.Assert(shift < HashBits && aHash != bHash);
        ulong aBit = Bit(aHash >> shift);
        ulong bBit = Bit(bHash >> shift);
        object[] slots = aBit == bBit ? [Fork(a, aHash, b, bHash, shift + Bits, edit)] : aBit < bBit ? [a, b] : [b, a];
        return new NameTableNode(aBit | bBit, slots, edit);
    }

    private static ulong Bit(uint hash) => 1UL << (int)(hash & ((1 << Bits) - 1));

    private static uint HashOf(string name, Func<string, int>? hasher) =>
        unchecked((uint)(hasher is null ? name.GetHashCode() : hasher(name)));

    private int IndexOf(ulong bit) => BitOperations.PopCount(_map & unchecked(bit - 1));

    private bool IsOwnedBy(Edit? edit) => edit is not null && _owner == edit;

    private NameTableNode Replace(ulong bit, object slot, Edit? edit)
    {
        NameTableNode node = IsOwnedBy(edit) ? this : new NameTableNode(_map, _slots.AsSpan(0, Count).ToArray(), edit);
        node._slots[IndexOf(bit)] = slot;
        return node;
    }

    private NameTableNode Insert(ulong bit, object slot, Edit? edit)
    {
        int at = IndexOf(bit);
        int count = Count;
        bool owned = IsOwnedBy(edit);
        object?[] slots = _slots;
        if (!owned || count == slots.Length)
        {
            // Only a batch is likely to come back soon for the spare room.
            slots = new object?[edit is null ? count + 1 : count + 1 + (count >> 2)];
            Array.Copy(_slots, slots, at);
        }

        Array.Copy(_slots, at, slots, at + 1, count - at);
        slots[at] = slot;
        if (!owned)
        {
            return new NameTableNode(_map | bit, slots, edit);
        }

        _slots = slots;
        _map |= bit;
        return this;
    }

    private NameTableNode Delete(ulong bit, Edit? edit)
    {
        int at = IndexOf(bit);
        int after = Count - 1 - at;
        if (!IsOwnedBy(edit))
        {
            return new NameTableNode(_map & ~bit, [.. _slots.AsSpan(0, at), .. _slots.AsSpan(at + 1, after)], edit);
        }

        Array.Copy(_slots, at + 1, _slots, at, after);
        _slots[at + after] = null;
        _map &= ~bit;
        return this;
    }

    /// <summary>Two or more objects whose names have the same 32 bits of hash: rare, short, and always copied.</summary>
    private sealed class Collision
    {
        public readonly uint Hash;
        private readonly INamed[] _items;

        private Collision(uint hash, INamed[] items)
        {
            Debug.Assert(items.Length > 1);
            Hash = hash;
            _items = items;
        }

        public int Count => _items.Length;

        public INamed? Find(string name)
        {
            int at = IndexOf(_items, name);
            return at < 0 ? null : _items[at];
        }

        public static Collision Set(object slot, INamed item, uint hash, ref bool added)
        {
            INamed[] items = slot is Collision collision ? collision._items : [(INamed)slot];
            int at = IndexOf(items, item.Name);
            added |= at < 0;
            INamed[] copy = at < 0 ? [.. items, item] : [.. items];
            copy[at < 0 ? items.Length : at] = item;
            return new Collision(hash, copy);
        }

        public object Without(string name)
        {
            int at = IndexOf(_items, name);
            INamed[] left = [.. _items.AsSpan(0, at), .. _items.AsSpan(at + 1)];
            return left.Length == 1 ? left[0] : new Collision(Hash, left);
        }

        private static int IndexOf(INamed[] items, string name)
        {
            for (int i = 0; i < items.Length; i++)
            {
                if (items[i].Name == name)
                {
                    return i;
                }
            }

            return -1;
        }
    }
}
