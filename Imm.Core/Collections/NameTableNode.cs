using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A node of the trie: 32 slots, chosen by five bits of the hash, the highest first. A child (in a slot, or the root) is null, a node, or a
/// bucket: an array of the few entries whose hashes are equal so far. A bucket that becomes too long is split into a node.
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
        for (uint rest = key.Hash; child is NameTableNode node; rest <<= Bits)
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

    /// <summary>Makes changes below a child; returns the child that takes its place.</summary>
    /// <param name="child">The child.</param>
    /// <param name="changes">All changes.</param>
    /// <param name="order">
    /// The changes below the child: the hash of the name in the high half, the index in the low half, in ascending order.
    /// </param>
    /// <param name="shift">The number of bits of the hashes that lead to the child.</param>
    /// <param name="owner">The token under which nodes are changed; null for none.</param>
    /// <param name="count">The number of entries, which is brought up to date.</param>
    public static object? Apply(
        object? child,
        ReadOnlySpan<NameChange> changes,
        ReadOnlySpan<ulong> order,
        int shift,
        OwnerToken? owner,
        ref int count)
    {
        if (child is not NameTableNode node)
        {
            return Apply((Entry[]?)child ?? [], changes, order, shift, owner, ref count);
        }

        node = node.Writable(owner);
        int before = node._count;
        while (!order.IsEmpty)
        {
            int at = SlotOf(HashOf(order[0]) << shift);
            int end = 1;
            while (end < order.Length && SlotOf(HashOf(order[end]) << shift) == at)
            {
                end++;
            }

            node._slots[at] = Apply(node._slots[at], changes, order[..end], shift + Bits, owner, ref node._count);
            order = order[end..];
        }

        count += node._count - before;

        // A table that has shrunk has the shape of one that never grew.
        return node._count > MaxBucket ? node : node.ToBucket();
    }

    /// <summary>Makes the child of objects.</summary>
    /// <param name="items">The objects.</param>
    /// <param name="order">The places of those that the child is to have, in their order.</param>
    /// <param name="other">As much room.</param>
    /// <param name="shift">The bits of the hashes that the nodes above have used.</param>
    /// <param name="repeated">Takes each object that has the name of one before it; it is left out.</param>
    public static object? Build(
        IReadOnlyList<INamed> items, Span<Place> order, Span<Place> other, int shift, Action<INamed> repeated)
    {
        if (order.Length <= MaxBucket || shift >= HashBits)
        {
            return BuildBucket(items, order, repeated);
        }

        Span<int> ends = stackalloc int[Slots.Count];
        foreach (Place each in order)
        {
            ends[SlotOf(each.Hash << shift)]++;
        }

        int sum = 0;
        foreach (ref int end in ends)
        {
            (end, sum) = (sum, sum + end);
        }

        foreach (Place each in order)
        {
            other[ends[SlotOf(each.Hash << shift)]++] = each;
        }

        var node = new NameTableNode(null);
        int from = 0;
        for (int i = 0; i < Slots.Count; i++)
        {
            Range range = from..ends[i];
            object? child = Build(items, other[range], order[range], shift + Bits, repeated);
            node._slots[i] = child;
            node._count += child is NameTableNode below ? below._count : ((Entry[]?)child)?.Length ?? 0;
            from = ends[i];
        }

        // Few are left where most had the name of another one.
        return node._count > MaxBucket ? node : node.ToBucket();
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
            Debug.Assert(entries is null || (entries.Length > 0 && !IsTooLong(entries.Length, shift)));
            return entries?.Length ?? 0;
        }

        int count = 0;
        for (int i = 0; i < Slots.Count; i++)
        {
            count += CheckShape(node._slots[i], shift + Bits);
            Debug.Assert(node._slots[i] is not Entry[] entries || Array.TrueForAll(entries, entry => SlotOf(entry.Key.Hash << shift) == i));
        }

        Debug.Assert(count == node._count && count > MaxBucket);
        return count;
    }

    private static int SlotOf(uint rest) => (int)(rest >> (HashBits - Bits));

    private static uint HashOf(ulong ordered) => (uint)(ordered >> HashBits);

    private static bool IsTooLong(int length, int shift) => length > MaxBucket && shift < HashBits;

    private static object? Apply(
        Entry[] before,
        ReadOnlySpan<NameChange> changes,
        ReadOnlySpan<ulong> order,
        int shift,
        OwnerToken? owner,
        ref int count)
    {
        // Most changes add a name: then this is the bucket.
        var entries = new Entry[before.Length + order.Length];
        before.CopyTo(entries, 0);
        int length = before.Length;
        foreach (ulong ordered in order)
        {
            ref readonly NameChange change = ref changes[(int)(ordered & uint.MaxValue)];
            var entry = new Entry(new NameKey(change.Item.Name, HashOf(ordered)), change.Item);
            int at = IndexOf(entries.AsSpan(0, length), entry);
            if (!change.IsRemoved)
            {
                entries[at >= 0 ? at : length++] = entry;
            }
            else if (at >= 0)
            {
                entries[at] = entries[--length];
            }
        }

        count += length - before.Length;
        return IsTooLong(length, shift) ? Split(entries.AsSpan(0, length), shift, owner)
            : length == entries.Length ? entries
            : length == 0 ? null
            : entries[..length];
    }

    private static int IndexOf(ReadOnlySpan<Entry> entries, in Entry entry)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Matches(entry.Item.Name, entry.Key))
            {
                return i;
            }
        }

        return -1;
    }

    private static NameTableNode Split(ReadOnlySpan<Entry> entries, int shift, OwnerToken? owner)
    {
        var node = new NameTableNode(owner) { _count = entries.Length };
        Span<int> left = stackalloc int[Slots.Count];
        left.Clear();
        foreach (ref readonly Entry entry in entries)
        {
            left[SlotOf(entry.Key.Hash << shift)]++;
        }

        foreach (ref readonly Entry entry in entries)
        {
            int at = SlotOf(entry.Key.Hash << shift);
            var bucket = (Entry[])(node._slots[at] ??= new Entry[left[at]]);
            bucket[^left[at]--] = entry;
        }

        foreach (ref object? child in node._slots)
        {
            if (child is Entry[] bucket && IsTooLong(bucket.Length, shift + Bits))
            {
                child = Split(bucket, shift + Bits, owner);
            }
        }

        return node;
    }

    private static Entry[]? BuildBucket(IReadOnlyList<INamed> items, ReadOnlySpan<Place> order, Action<INamed> repeated)
    {
        if (order.IsEmpty)
        {
            return null;
        }

        var entries = new Entry[order.Length];
        int count = 0;
        foreach (Place each in order)
        {
            INamed item = items[each.Index];
            var entry = new Entry(new NameKey(item.Name, each.Hash), item);
            if (IndexOf(entries.AsSpan(0, count), entry) >= 0)
            {
                repeated(item);
            }
            else
            {
                entries[count++] = entry;
            }
        }

        return count == entries.Length ? entries : entries[..count];
    }

    private NameTableNode Writable(OwnerToken? owner) =>
        owner is not null && _owner == owner ? this : new NameTableNode(owner) { _count = _count, _slots = _slots };

    /// <summary>Collects the entries of a node that has only buckets below it.</summary>
    private Entry[]? ToBucket()
    {
        if (_count == 0)
        {
            return null;
        }

        var entries = new List<Entry>(_count);
        foreach (object? child in _slots)
        {
            entries.AddRange((Entry[]?)child ?? []);
        }

        return [.. entries];
    }

    /// <summary>The hash of the name of an object, and the index of the object in a list.</summary>
    public readonly record struct Place(uint Hash, int Index);

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
