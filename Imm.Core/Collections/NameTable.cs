using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent table of objects by name (ordinal): a hash trie, whose versions share what did not change.</summary>
/// <remarks>Under an <see cref="Edit"/> a change may return the table it was called on; use what it returns and nothing older.</remarks>
internal sealed class NameTable<T> where T : class, INamed
{
    public static readonly NameTable<T> Empty = new(null, 0, null, null);

    private readonly Func<string, int>? _hash;
    private readonly Edit? _owner;
    private object? _root;
    private int _count;

    private NameTable(object? root, int count, Func<string, int>? hash, Edit? owner)
    {
        _root = root;
        _count = count;
        _hash = hash;
        _owner = owner;
    }

    public int Count => _count;

    /// <summary>An empty table with a hash of the caller's choice: the seam by which a test makes names collide.</summary>
    public static NameTable<T> WithHash(Func<string, int> hash) => new(null, 0, hash, null);

    /// <summary>The object of that name, or null.</summary>
    public T? Find(string name)
    {
        // Only objects of type T ever get in, so the cast needs no check.
        INamed? item = NameTableNode.Find(_root, name, KeyOf(name));
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
        object root = NameTableNode.Set(_root, new NameTableNode.Entry(KeyOf(item.Name), item), 0, edit, ref added);
        return Become(root, added ? _count + 1 : _count, edit);
    }

    /// <summary>The table without the object of that name; this table if there is none.</summary>
    public NameTable<T> Remove(string name, Edit? edit = null)
    {
        edit = Edit.Begin(edit, _owner);
        return Find(name) is null ? this : Become(NameTableNode.Remove(_root!, name, KeyOf(name), 0, edit), _count - 1, edit);
    }

    /// <summary>
    /// The same table in memory of its own, where what is read one after the other lies side by side. One that was built entry by entry lies scattered
    /// over the heap, and each step of a search then waits for memory that is far away.
    /// </summary>
    public NameTable<T> Packed() => new(NameTableNode.Packed(_root), _count, _hash, null);

    /// <summary>Checks, in a debug build, that the counts are right and that there are no more nodes than need be.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => Debug.Assert(NameTableNode.CheckShape(_root, 0) == _count);

    private NameKey KeyOf(string name) => new(name, unchecked((uint)(_hash is null ? name.GetHashCode() : _hash(name))));

    private NameTable<T> Become(object? root, int count, Edit? edit)
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
/// A node of the trie: 32 places chosen by five bits of the hash. A place, like the root, is null, a node, or an array of the few entries whose
/// hashes go on alike; one that becomes too long is made a node.
/// </summary>
/// <remarks>
/// To find a name at random is to wait for memory, so there is as little of it on the way as can be: the nodes are few and stay in the processor's
/// cache; below them is one array of entries, each with the key of its name, and no object is looked at, not even the one that is found. Not
/// generic, so that telling a node from an array is one comparison.
/// </remarks>
internal sealed class NameTableNode
{
    private const int Bits = 5;
    private const int HashBits = 32;

    /// <summary>How many entries an array has at most, but for one whose entries have used up their hashes.</summary>
    private const int MaxTogether = 8;

    private readonly Edit? _owner;
    private int _count;
    private Places _places;

    private NameTableNode(Edit? owner) => _owner = owner;

    public static INamed? Find(object? place, string name, in NameKey key)
    {
        for (uint rest = key.Hash; place is NameTableNode node; rest >>= Bits)
        {
            place = node._places[At(rest)];
        }

        Debug.Assert(place is null or Entry[]);
        foreach (ref readonly Entry entry in Unsafe.As<Entry[]?>(place).AsSpan())
        {
            if (entry.IsOf(name, key))
            {
                return entry.Item;
            }
        }

        return null;
    }

    /// <summary>Adds or replaces; gives what the place has afterwards.</summary>
    public static object Set(object? place, in Entry entry, int shift, Edit? edit, ref bool added)
    {
        if (place is NameTableNode node)
        {
            int at = At(entry.Key.Hash >> shift);
            object after = Set(node._places[at], entry, shift + Bits, edit, ref added);
            node = node.Own(edit);
            node._places[at] = after;
            node._count += added ? 1 : 0;
            return node;
        }

        Entry[] entries = (Entry[]?)place ?? [];
        int found = IndexOf(entries, entry.Item.Name, entry.Key);
        if (found >= 0)
        {
            entries = [.. entries];
            entries[found] = entry;
            return entries;
        }

        added = true;
        entries = [.. entries, entry];
        return IsTooLong(entries, shift) ? Split(entries, shift, edit) : entries;
    }

    /// <summary>Removes a name that is there; gives what the place has afterwards.</summary>
    public static object? Remove(object place, string name, in NameKey key, int shift, Edit? edit)
    {
        if (place is not NameTableNode node)
        {
            var entries = (Entry[])place;
            int found = IndexOf(entries, name, key);
            return entries.Length == 1 ? null : (Entry[])[.. entries.AsSpan(0, found), .. entries.AsSpan(found + 1)];
        }

        int at = At(key.Hash >> shift);
        object? after = Remove(node._places[at]!, name, key, shift + Bits, edit);
        node = node.Own(edit);
        node._places[at] = after;
        node._count--;

        // A table that shrank is as small as one that never grew.
        return node._count > MaxTogether ? node : node.Gather();
    }

    /// <summary>A copy of a node and what is below it, or of an array.</summary>
    public static object? Packed(object? place)
    {
        if (place is not NameTableNode node)
        {
            return ((Entry[]?)place)?.Clone();
        }

        node = node.Own(null);
        for (int i = 0; i < Places.Count; i++)
        {
            node._places[i] = Packed(node._places[i]);
        }

        return node;
    }

    /// <summary>The number of entries in a place, once it is sure that they belong there and have no node that they do not need.</summary>
    public static int CheckShape(object? place, int shift)
    {
        if (place is not NameTableNode node)
        {
            Entry[]? entries = (Entry[]?)place;
            Debug.Assert(entries is null || (entries.Length > 0 && !IsTooLong(entries, shift)));
            return entries?.Length ?? 0;
        }

        int count = 0;
        for (int i = 0; i < Places.Count; i++)
        {
            count += CheckShape(node._places[i], shift + Bits);
            Debug.Assert(node._places[i] is not Entry[] entries || Array.TrueForAll(entries, entry => At(entry.Key.Hash >> shift) == i));
        }

        Debug.Assert(count == node._count && count > MaxTogether);
        return count;
    }

    private static int At(uint rest) => (int)(rest & (Places.Count - 1));

    private static bool IsTooLong(Entry[] entries, int shift) => entries.Length > MaxTogether && shift < HashBits;

    private static int IndexOf(Entry[] entries, string name, in NameKey key)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].IsOf(name, key))
            {
                return i;
            }
        }

        return -1;
    }

    private static NameTableNode Split(Entry[] entries, int shift, Edit? edit)
    {
        var node = new NameTableNode(edit) { _count = entries.Length };
        foreach (Entry entry in entries)
        {
            int at = At(entry.Key.Hash >> shift);
            Entry[] together = [.. (Entry[]?)node._places[at] ?? [], entry];
            node._places[at] = IsTooLong(together, shift + Bits) ? Split(together, shift + Bits, edit) : together;
        }

        return node;
    }

    private NameTableNode Own(Edit? edit) =>
        edit is not null && _owner == edit ? this : new NameTableNode(edit) { _count = _count, _places = _places };

    /// <summary>The entries of a node with no nodes below it.</summary>
    private Entry[] Gather()
    {
        var entries = new List<Entry>(_count);
        foreach (object? place in _places)
        {
            entries.AddRange((Entry[]?)place ?? []);
        }

        return [.. entries];
    }

    /// <summary>An object, and beside it what it is found by.</summary>
    public readonly struct Entry(in NameKey key, INamed item)
    {
        public readonly NameKey Key = key;
        public readonly INamed Item = item;

        public bool IsOf(string name, in NameKey key) => Key.Equals(key) && (key.IsWhole || Item.Name == name);
    }

    [InlineArray(Count)]
    private struct Places
    {
        public const int Count = 1 << Bits;

        private object? _first;
    }
}
