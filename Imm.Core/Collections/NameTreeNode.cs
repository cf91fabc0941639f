using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A node of the tree. A slot of a leaf holds an object and its name. A slot of an inner node holds a child and a separator: a name that is
/// not greater than any name below the child and greater than all names to its left. The first separator of a node is not compared.
/// </summary>
internal sealed class NameTreeNode
{
    public static readonly NameTreeNode Empty = new(true, 0, [], null);

    private const int Max = 32;
    private const int Min = Max / 4;

    public readonly bool IsLeaf;
    private readonly OwnerToken? _owner;

    // Longer than the count where the node was made under a token.
    private Slot[] _slots;
    private int _count;

    private NameTreeNode(bool isLeaf, int count, Slot[] slots, OwnerToken? owner)
    {
        Debug.Assert(count <= slots.Length);
        IsLeaf = isLeaf;
        _count = count;
        _slots = slots;
        _owner = owner;
    }

    public int Count => _count;

    public object ItemAt(int at) => _slots[at].Value;

    public NameTreeNode ChildAt(int at) => Unsafe.As<NameTreeNode>(_slots[at].Value);

    /// <summary>Searches the node: the slot of a name, or the complement of the slot where it would be inserted.</summary>
    public int Search(string name)
    {
        Slot[] slots = _slots;
        int low = IsLeaf ? 0 : 1;
        int high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            int order = string.CompareOrdinal(slots[middle].Name, name);
            if (order == 0)
            {
                return middle;
            }

            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }

    /// <summary>Finds the leaf of a name and the path to it.</summary>
    public LeafPath FindLeaf(string name)
    {
        var path = new LeafPath { Leaf = this };
        while (!path.Leaf.IsLeaf)
        {
            if (path.Parent is not null && path.Index + 1 < path.Parent._count)
            {
                path.Next = path.Parent._slots[path.Index + 1].Name;
            }

            path.Parent = path.Leaf;
            path.Index = path.Parent.ChildOf(name);
            path.Leaf = path.Parent.ChildAt(path.Index);
        }

        return path;
    }

    /// <summary>Makes a root above two halves.</summary>
    public static NameTreeNode Join(NameTreeNode left, NameTreeNode right, OwnerToken? owner) =>
        new(false, 2, [left._slots[0] with { Value = left }, right._slots[0] with { Value = right }], owner);

    /// <summary>
    /// Adds or replaces an object below a node, which is replaced by its successor. Returns the right half where the node was split.
    /// <paramref name="last"/> is true for the last node of its level.
    /// </summary>
    public static NameTreeNode? Set(ref NameTreeNode node, string name, object item, bool last, OwnerToken? owner, ref bool added)
    {
        if (node.IsLeaf)
        {
            int found = node.Search(name);
            if (found < 0)
            {
                added = true;
                return Insert(ref node, ~found, new Slot(name, item), last, owner);
            }

            node = node.Writable(owner);
            node._slots[found] = new Slot(name, item);
            return null;
        }

        int at = node.ChildOf(name);
        NameTreeNode child = node.ChildAt(at);
        NameTreeNode? right = Set(ref child, name, item, last && at + 1 == node._count, owner, ref added);
        node = node.Writable(owner);
        node._slots[at].Value = child;
        return right is null ? null : Insert(ref node, at + 1, right._slots[0] with { Value = right }, last, owner);
    }

    /// <summary>Removes a name that is below the node; returns the node that replaces it, perhaps with too few slots.</summary>
    public NameTreeNode Remove(string name, OwnerToken? owner)
    {
        if (IsLeaf)
        {
            return Without(Search(name), owner);
        }

        int at = ChildOf(name);
        NameTreeNode child = ChildAt(at).Remove(name, owner);
        if (_count == 1 && child._count == 0)
        {
            return Without(0, owner);
        }

        NameTreeNode node = Writable(owner);
        node._slots[at].Value = child;
        return _count == 1 || child._count >= Min ? node : node.Refill(Math.Max(at, 1), owner);
    }

    /// <summary>Counts the objects below, and asserts that names are in order and counts in range.</summary>
    public int CheckShape(string? from, string? to, bool last, bool root)
    {
        Debug.Assert(_count <= Max && (root || last || _count >= Min) && (root || _count > 0) && (IsLeaf || !root || _count > 1));
        int total = IsLeaf ? _count : 0;
        int? depth = null;
        for (int i = 0; i < _count; i++)
        {
            string? low = i > 0 || IsLeaf ? _slots[i].Name : from;
            string? high = i + 1 < _count ? _slots[i + 1].Name : to;
            Debug.Assert(from is null || low is null || string.CompareOrdinal(from, low) <= 0);
            Debug.Assert(low is null || high is null || string.CompareOrdinal(low, high) < 0);
            if (IsLeaf)
            {
                Debug.Assert(((INamed)_slots[i].Value).Name == low);
                continue;
            }

            depth ??= ChildAt(i).Depth;
            Debug.Assert(depth == ChildAt(i).Depth);
            total += ChildAt(i).CheckShape(low, high, last && i + 1 == _count, false);
        }

        return total;
    }

    private int Depth => IsLeaf ? 0 : 1 + ChildAt(0).Depth;

    private int ChildOf(string name)
    {
        int at = Search(name);
        return at < 0 ? ~at - 1 : at;
    }

    private static NameTreeNode? Insert(ref NameTreeNode node, int at, in Slot slot, bool last, OwnerToken? owner)
    {
        if (node._count < Max)
        {
            node = node.With(at, slot, owner);
            return null;
        }

        // Names that are added in order leave full nodes, not half-full ones.
        bool append = last && at == Max;
        int keep = append ? Max : Max / 2;
        NameTreeNode right = node.Slice(keep, Max, owner);
        node = append ? node : node.Truncate(keep, owner);
        if (!append && at <= keep)
        {
            node = node.With(at, slot, owner);
            return right;
        }

        return right.With(at - keep, slot, owner);
    }

    /// <summary>Balances a child and the one before it, or merges the two. Caller must own this node.</summary>
    private NameTreeNode Refill(int at, OwnerToken? owner)
    {
        NameTreeNode left = ChildAt(at - 1);
        NameTreeNode right = ChildAt(at);
        int total = left._count + right._count;
        var both = new NameTreeNode(
            left.IsLeaf,
            total,
            [.. left._slots.AsSpan(0, left._count), .. right._slots.AsSpan(0, right._count)],
            owner);
        if (total <= Max)
        {
            _slots[at - 1].Value = both;
            return Without(at, owner);
        }

        right = both.Slice(total / 2, total, owner);
        _slots[at - 1].Value = both.Slice(0, total / 2, owner);
        _slots[at] = right._slots[0] with { Value = right };
        return this;
    }

    private bool IsOwnedBy(OwnerToken? owner) => owner is not null && _owner == owner;

    private NameTreeNode Writable(OwnerToken? owner) => IsOwnedBy(owner) ? this : Slice(0, _count, owner);

    private NameTreeNode Slice(int from, int to, OwnerToken? owner) =>
        new(IsLeaf, to - from, _slots.AsSpan(from, to - from).ToArray(), owner);

    private NameTreeNode Truncate(int count, OwnerToken? owner)
    {
        if (!IsOwnedBy(owner))
        {
            return Slice(0, count, owner);
        }

        Array.Clear(_slots, count, _count - count);
        _count = count;
        return this;
    }

    private NameTreeNode With(int at, in Slot slot, OwnerToken? owner)
    {
        Slot[] slots = _slots;
        bool owned = IsOwnedBy(owner);
        if (!owned || _count == slots.Length)
        {
            // Spare room is worth its memory in a batch only: its next change is likely to use it.
            slots = new Slot[owner is null ? _count + 1 : Math.Min(Max, _count + 1 + (_count >> 2))];
            Array.Copy(_slots, slots, at);
        }

        Array.Copy(_slots, at, slots, at + 1, _count - at);
        slots[at] = slot;
        if (!owned)
        {
            return new NameTreeNode(IsLeaf, _count + 1, slots, owner);
        }

        _slots = slots;
        _count++;
        return this;
    }

    private NameTreeNode Without(int at, OwnerToken? owner)
    {
        if (!IsOwnedBy(owner))
        {
            return new NameTreeNode(
                IsLeaf,
                _count - 1,
                [.. _slots.AsSpan(0, at), .. _slots.AsSpan(at + 1, _count - at - 1)],
                owner);
        }

        Array.Copy(_slots, at + 1, _slots, at, _count - at - 1);
        return Truncate(_count - 1, owner);
    }

    /// <summary>An object or a child beside the name that it is found by.</summary>
    private record struct Slot(string Name, object Value);

    /// <summary>A leaf, its parent (null for the root) and index there, and the first name past that parent, if any.</summary>
    public struct LeafPath
    {
        public NameTreeNode Leaf;
        public NameTreeNode? Parent;
        public int Index;
        public string? Next;
    }
}
