using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A node of the trie: 32 slots, chosen by five bits of the hash. A child (in a slot, or the root) is null, a node, or a bucket: an array
/// of the few entries whose hashes are equal so far. A bucket that becomes too long is split into a node.
/// </summary>
/// <remarks>
/// A random search is bound by cache misses, so its path is short. The nodes are few and stay in the processor's cache. Below them is one
/// bucket whose entries hold the keys of the names, so no object is dereferenced, not even the one that is found. The class is not generic:
/// the type check of a child is one comparison.
/// </remarks>
internal sealed class NameTableNode
{
    private const int Bits = 5;
    private const int HashBits = 32;

    /// <summary>The most entries in a bucket, unless all bits of their hashes are used.</summary>
    private const int MaxBucket = 8;

    private readonly OwnerToken? _owner;
    private int _count;
    private Slots _slots;

    private NameTableNode(OwnerToken? owner) => _owner = owner;

    public static INamed? Find(object? child, string name, in NameKey key)
    {
        for (uint rest = key.Hash; child is NameTableNode node; rest >>= Bits)
        {
            child = node._slots[SlotOf(rest)];
        }

        Debug.Assert(child is null or Entry[]);
        foreach (ref readonly Entry entry in Unsafe.As<Entry[]?>(child).AsSpan())
        {
            if (entry.Matches(name, key))
            {
                return entry.Item;
            }
        }

        return null;
    }

    /// <summary>Adds or replaces an entry below a child; returns the child that takes its place.</summary>
    public static object Set(object? child, in Entry entry, int shift, OwnerToken? owner, ref bool added)
    {
        if (child is NameTableNode node)
        {
            int at = SlotOf(entry.Key.Hash >> shift);
            object after = Set(node._slots[at], entry, shift + Bits, owner, ref added);
            node = node.Writable(owner);
            node._slots[at] = after;
            node._count += added ? 1 : 0;
            return node;
        }

        Entry[] entries = (Entry[]?)child ?? [];
        int found = IndexOf(entries, entry.Item.Name, entry.Key);
        if (found >= 0)
        {
            entries = [.. entries];
            entries[found] = entry;
            return entries;
        }

        added = true;
        entries = [.. entries, entry];
        return IsTooLong(entries, shift) ? Split(entries, shift, owner) : entries;
    }

    /// <summary>Removes a name that is below a child; returns the child that takes its place.</summary>
    public static object? Remove(object child, string name, in NameKey key, int shift, OwnerToken? owner)
    {
        if (child is not NameTableNode node)
        {
            var entries = (Entry[])child;
            int found = IndexOf(entries, name, key);
            return entries.Length == 1 ? null : (Entry[])[.. entries.AsSpan(0, found), .. entries.AsSpan(found + 1)];
        }

        int at = SlotOf(key.Hash >> shift);
        object? after = Remove(node._slots[at]!, name, key, shift + Bits, owner);
        node = node.Writable(owner);
        node._slots[at] = after;
        node._count--;

        // A table that has shrunk has the shape of one that never grew.
        return node._count > MaxBucket ? node : node.ToBucket();
    }

    /// <summary>Copies a child with all below it.</summary>
    public static object? Packed(object? child)
    {
        if (child is not NameTableNode node)
        {
            return ((Entry[]?)child)?.Clone();
        }

        node = node.Writable(null);
        for (int i = 0; i < Slots.Count; i++)
        {
            node._slots[i] = Packed(node._slots[i]);
        }

        return node;
    }

    /// <summary>Copies the objects below a child, in no order. Returns the index behind the last one.</summary>
    public static int CopyTo(object? child, INamed[] items, int at)
    {
        if (child is NameTableNode node)
        {
            foreach (object? below in node._slots)
            {
                at = CopyTo(below, items, at);
            }

            return at;
        }

        foreach (ref readonly Entry entry in ((Entry[]?)child).AsSpan())
        {
            items[at++] = entry.Item;
        }

        return at;
    }

    /// <summary>Counts the entries below a child, and asserts that each is in its slot and that no node could be a bucket.</summary>
    public static int CheckShape(object? child, int shift)
    {
        if (child is not NameTableNode node)
        {
            Entry[]? entries = (Entry[]?)child;
            Debug.Assert(entries is null || (entries.Length > 0 && !IsTooLong(entries, shift)));
            return entries?.Length ?? 0;
        }

        int count = 0;
        for (int i = 0; i < Slots.Count; i++)
        {
            count += CheckShape(node._slots[i], shift + Bits);
            Debug.Assert(node._slots[i] is not Entry[] entries || Array.TrueForAll(entries, entry => SlotOf(entry.Key.Hash >> shift) == i));
        }

        Debug.Assert(count == node._count && count > MaxBucket);
        return count;
    }

    private static int SlotOf(uint rest) => (int)(rest & (Slots.Count - 1));

    private static bool IsTooLong(Entry[] entries, int shift) => entries.Length > MaxBucket && shift < HashBits;

    private static int IndexOf(Entry[] entries, string name, in NameKey key)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Matches(name, key))
            {
                return i;
            }
        }

        return -1;
    }

    private static NameTableNode Split(Entry[] entries, int shift, OwnerToken? owner)
    {
        var node = new NameTableNode(owner) { _count = entries.Length };
        foreach (Entry entry in entries)
        {
            int at = SlotOf(entry.Key.Hash >> shift);
            Entry[] bucket = [.. (Entry[]?)node._slots[at] ?? [], entry];
            node._slots[at] = IsTooLong(bucket, shift + Bits) ? Split(bucket, shift + Bits, owner) : bucket;
        }

        return node;
    }

    private NameTableNode Writable(OwnerToken? owner) =>
        owner is not null && _owner == owner ? this : new NameTableNode(owner) { _count = _count, _slots = _slots };

    /// <summary>Collects the entries of a node that has only buckets below it.</summary>
    private Entry[] ToBucket()
    {
        var entries = new List<Entry>(_count);
        foreach (object? child in _slots)
        {
            entries.AddRange((Entry[]?)child ?? []);
        }

        return [.. entries];
    }

    /// <summary>An object beside the key of its name.</summary>
    public readonly struct Entry(in NameKey key, INamed item)
    {
        public readonly NameKey Key = key;
        public readonly INamed Item = item;

        public bool Matches(string name, in NameKey key) => Key.Equals(key) && (key.IsWhole || Item.Name == name);
    }

    [InlineArray(Count)]
    private struct Slots
    {
        public const int Count = 1 << Bits;

        private object? _first;
    }
}
