using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent set of objects in the ordinal order of their names: a B+tree, whose versions share what did not change.</summary>
/// <remarks>Under an <see cref="Edit"/> a change may return the tree it was called on; use what it returns and nothing older.</remarks>
internal sealed class NameTree<T> where T : class, INamed
{
    public static readonly NameTree<T> Empty = new(NameTreeNode.Empty, 0, null);

    private readonly Edit? _owner;
    private NameTreeNode _root;
    private int _count;

    private NameTree(NameTreeNode root, int count, Edit? owner)
    {
        _root = root;
        _count = count;
        _owner = owner;
    }

    public int Count => _count;

    /// <summary>The object of that name, or null.</summary>
    public T? Find(string name)
    {
        NameTreeNode leaf = _root.PlaceOf(name).Leaf;
        int at = leaf.Search(name);
        return at < 0 ? null : ItemAt(leaf, at);
    }

    /// <summary>The tree with this object in it, in place of the one of the same name if there is one.</summary>
    public NameTree<T> Set(T item, Edit? edit = null)
    {
        edit = Edit.Begin(edit, _owner);
        NameTreeNode root = _root;
        bool added = false;
        NameTreeNode? right = NameTreeNode.Set(ref root, item.Name, item, true, edit, ref added);
        return Become(right is null ? root : NameTreeNode.Join(root, right, edit), added ? _count + 1 : _count, edit);
    }

    /// <summary>The tree without the object of that name; this tree if there is none.</summary>
    public NameTree<T> Remove(string name, Edit? edit = null)
    {
        edit = Edit.Begin(edit, _owner);
        if (Find(name) is null)
        {
            return this;
        }

        NameTreeNode root = _root.Remove(name, edit);
        while (!root.IsLeaf && root.Count == 1)
        {
            root = root.ChildAt(0);
        }

        return Become(root, _count - 1, edit);
    }

    /// <summary>The objects whose names come after this one; all of them if it is null.</summary>
    public Cursor After(string? name) => new(_root, name ?? "", name is not null);

    /// <summary>The objects whose names are this one or come after it.</summary>
    public Cursor From(string prefixOrName) => new(_root, prefixOrName, false);

    /// <summary>Checks, in a debug build, that the tree is in order and in shape.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => Debug.Assert(_root.CheckShape(null, null, true, true) == _count);

    private static T ItemAt(NameTreeNode leaf, int at)
    {
        // Only objects of type T ever get in, so the cast needs no check.
        object item = leaf.ItemAt(at);
        Debug.Assert(item is T);
        return Unsafe.As<T>(item);
    }

    private NameTree<T> Become(NameTreeNode root, int count, Edit? edit)
    {
        if (edit is null || edit != _owner)
        {
            return new NameTree<T>(root, count, edit);
        }

        _root = root;
        _count = count;
        return this;
    }

    /// <summary>Reads on from a position. Good for as long as its tree is not edited in place.</summary>
    public struct Cursor
    {
        // Leaves cannot link to each other where versions share them: the next one is beside this one below its parent or, after the
        // last one there, is found again from the root, which is rare enough and simpler than a stack.
        private readonly NameTreeNode _root;
        private NameTreeNode.Place _place;
        private int _at;

        internal Cursor(NameTreeNode root, string name, bool after)
        {
            _root = root;
            _place = root.PlaceOf(name);
            int at = _place.Leaf.Search(name);
            _at = (at < 0 ? ~at : after ? at + 1 : at) - 1;
        }

        public readonly T Current => ItemAt(_place.Leaf, _at);

        public readonly Cursor GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_at + 1 < _place.Leaf.Count)
            {
                _at++;
                return true;
            }

            if (_place.Parent is not null && _place.At + 1 < _place.Parent.Count)
            {
                _place.At++;
                _place.Leaf = _place.Parent.ChildAt(_place.At);
            }
            else if (_place.Next is not null)
            {
                _place = _root.PlaceOf(_place.Next);
            }
            else
            {
                return false;
            }

            Debug.Assert(_place.Leaf.Count > 0);
            _at = 0;
            return true;
        }
    }
}

/// <summary>
/// A node of the tree. In a leaf a slot is an object and stands beside its name; above, a slot is a node and stands beside a name
/// that is not greater than any below it and greater than all to its left. The first such name of a node takes no part in the search.
/// </summary>
internal sealed class NameTreeNode
{
    public static readonly NameTreeNode Empty = new(true, 0, [], null);

    private const int Max = 32;
    private const int Min = Max / 4;

    public readonly bool IsLeaf;
    private readonly Edit? _owner;

    // Under a token there may be free places at the end.
    private Slot[] _slots;
    private int _count;

    private NameTreeNode(bool isLeaf, int count, Slot[] slots, Edit? owner)
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

    /// <summary>Where the name stands, or the complement of where it would.</summary>
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

    /// <summary>The leaf in which the name belongs, and the way on from there.</summary>
    public Place PlaceOf(string name)
    {
        var place = new Place { Leaf = this };
        while (!place.Leaf.IsLeaf)
        {
            if (place.Parent is not null && place.At + 1 < place.Parent._count)
            {
                place.Next = place.Parent._slots[place.At + 1].Name;
            }

            place.Parent = place.Leaf;
            place.At = place.Parent.ChildOf(name);
            place.Leaf = place.Parent.ChildAt(place.At);
        }

        return place;
    }

    /// <summary>A root above two halves.</summary>
    public static NameTreeNode Join(NameTreeNode left, NameTreeNode right, Edit? edit) =>
        new(false, 2, [left._slots[0] with { Value = left }, right._slots[0] with { Value = right }], edit);

    /// <summary>
    /// Adds or replaces below the node, which may be the last of its level; leaves in its variable what now stands in its place, and
    /// gives what a split put to its right.
    /// </summary>
    public static NameTreeNode? Set(ref NameTreeNode node, string name, object item, bool last, Edit? edit, ref bool added)
    {
        if (node.IsLeaf)
        {
            int found = node.Search(name);
            if (found < 0)
            {
                added = true;
                return Insert(ref node, ~found, new Slot(name, item), last, edit);
            }

            node = node.Own(edit);
            node._slots[found] = new Slot(name, item);
            return null;
        }

        int at = node.ChildOf(name);
        NameTreeNode child = node.ChildAt(at);
        NameTreeNode? right = Set(ref child, name, item, last && at + 1 == node._count, edit, ref added);
        node = node.Own(edit);
        node._slots[at].Value = child;
        return right is null ? null : Insert(ref node, at + 1, right._slots[0] with { Value = right }, last, edit);
    }

    /// <summary>Removes a name that is there; gives the node that stands in the place of this one, perhaps with too few slots.</summary>
    public NameTreeNode Remove(string name, Edit? edit)
    {
        if (IsLeaf)
        {
            return Without(Search(name), edit);
        }

        int at = ChildOf(name);
        NameTreeNode child = ChildAt(at).Remove(name, edit);
        if (_count == 1 && child._count == 0)
        {
            return Without(0, edit);
        }

        NameTreeNode node = Own(edit);
        node._slots[at].Value = child;
        return _count == 1 || child._count >= Min ? node : node.Refill(Math.Max(at, 1), edit);
    }

    /// <summary>The number of objects below, once it is sure that the names and the counts are as they should be.</summary>
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

    private static NameTreeNode? Insert(ref NameTreeNode node, int at, in Slot slot, bool last, Edit? edit)
    {
        if (node._count < Max)
        {
            node = node.With(at, slot, edit);
            return null;
        }

        // Names that come in order leave full nodes behind them, not half-full ones.
        bool append = last && at == Max;
        int keep = append ? Max : Max / 2;
        NameTreeNode right = node.Slice(keep, Max, edit);
        node = append ? node : node.Truncate(keep, edit);
        if (!append && at <= keep)
        {
            node = node.With(at, slot, edit);
            return right;
        }

        return right.With(at - keep, slot, edit);
    }

    /// <summary>Evens out the children at and before a place, or makes one of the two. This node was just made or is owned.</summary>
    private NameTreeNode Refill(int at, Edit? edit)
    {
        NameTreeNode left = ChildAt(at - 1);
        NameTreeNode right = ChildAt(at);
        int total = left._count + right._count;
        var both = new NameTreeNode(
            left.IsLeaf,
            total,
            [.. left._slots.AsSpan(0, left._count), .. right._slots.AsSpan(0, right._count)],
            edit);
        if (total <= Max)
        {
            _slots[at - 1].Value = both;
            return Without(at, edit);
        }

        right = both.Slice(total / 2, total, edit);
        _slots[at - 1].Value = both.Slice(0, total / 2, edit);
        _slots[at] = right._slots[0] with { Value = right };
        return this;
    }

    private bool IsOwnedBy(Edit? edit) => edit is not null && _owner == edit;

    private NameTreeNode Own(Edit? edit) => IsOwnedBy(edit) ? this : Slice(0, _count, edit);

    private NameTreeNode Slice(int from, int to, Edit? edit) =>
        new(IsLeaf, to - from, _slots.AsSpan(from, to - from).ToArray(), edit);

    private NameTreeNode Truncate(int count, Edit? edit)
    {
        if (!IsOwnedBy(edit))
        {
            return Slice(0, count, edit);
        }

        Array.Clear(_slots, count, _count - count);
        _count = count;
        return this;
    }

    private NameTreeNode With(int at, in Slot slot, Edit? edit)
    {
        Slot[] slots = _slots;
        bool owned = IsOwnedBy(edit);
        if (!owned || _count == slots.Length)
        {
            // Only a batch is likely to come back soon for the spare room.
            slots = new Slot[edit is null ? _count + 1 : Math.Min(Max, _count + 1 + (_count >> 2))];
            Array.Copy(_slots, slots, at);
        }

        Array.Copy(_slots, at, slots, at + 1, _count - at);
        slots[at] = slot;
        if (!owned)
        {
            return new NameTreeNode(IsLeaf, _count + 1, slots, edit);
        }

        _slots = slots;
        _count++;
        return this;
    }

    private NameTreeNode Without(int at, Edit? edit)
    {
        if (!IsOwnedBy(edit))
        {
            return new NameTreeNode(
                IsLeaf,
                _count - 1,
                [.. _slots.AsSpan(0, at), .. _slots.AsSpan(at + 1, _count - at - 1)],
                edit);
        }

        Array.Copy(_slots, at + 1, _slots, at, _count - at - 1);
        return Truncate(_count - 1, edit);
    }

    /// <summary>An object or a node, and beside it the name to find it by.</summary>
    private record struct Slot(string Name, object Value);

    /// <summary>A leaf, its place below its parent (none if it is the root), and the first name, if any, past that parent.</summary>
    public struct Place
    {
        public NameTreeNode Leaf;
        public NameTreeNode? Parent;
        public int At;
        public string? Next;
    }
}
