using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A node of the tree. A slot of a leaf holds an object, which knows its name. A slot of an inner node holds a child and a separator: a
/// name that is not greater than any name below the child and greater than all names to its left. The first separator of a node is not
/// compared.
/// </summary>
/// <remarks>
/// Names and values are two arrays, because most changes replace a child and no name: the copy of a node then shares the array of names.
/// A leaf has no array of names, and is small: it is what each change copies.
/// </remarks>
internal sealed class NameTreeNode
{
    public static readonly NameTreeNode Empty = new(true, 0, [], [], null);

    private const int MaxLeaf = 16;
    private const int MaxInner = 32;

    public readonly bool IsLeaf;
    private readonly OwnerToken? _owner;

    // Those of an inner node. Both can be longer than the count where the node was made under a token.
    private string[] _names;
    private object[] _values;
    private int _count;

    // The array of names is another node's, and is copied before it is changed.
    private bool _sharesNames;

    private NameTreeNode(bool isLeaf, int count, string[] names, object[] values, OwnerToken? owner, bool sharesNames = false)
    {
        Debug.Assert((isLeaf || count <= names.Length) && count <= values.Length);
        IsLeaf = isLeaf;
        _count = count;
        _names = names;
        _values = values;
        _owner = owner;
        _sharesNames = sharesNames;
    }

    public int Count => _count;

    private int Max => IsLeaf ? MaxLeaf : MaxInner;

    private int Min => Max / 4;

    public object ItemAt(int at) => _values[at];

    public NameTreeNode ChildAt(int at) => Unsafe.As<NameTreeNode>(_values[at]);

    /// <summary>Searches the node: the slot of a name, or the complement of the slot where it would be inserted.</summary>
    public int Search(string name)
    {
        int low = IsLeaf ? 0 : 1;
        int high = _count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            int order = string.CompareOrdinal(NameAt(middle), name);
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
                path.Next = path.Parent._names[path.Index + 1];
            }

            path.Parent = path.Leaf;
            path.Index = path.Parent.ChildOf(name);
            path.Leaf = path.Parent.ChildAt(path.Index);
        }

        return path;
    }

    /// <summary>Makes the nodes of objects that are sorted and have different names, each but the last of a level full.</summary>
    public static NameTreeNode Build(ReadOnlySpan<INamed> items)
    {
        var nodes = new List<NameTreeNode>((items.Length / MaxLeaf) + 1);
        var names = new List<string>(nodes.Capacity);
        for (int i = 0; i < items.Length; i += MaxLeaf)
        {
            ReadOnlySpan<INamed> some = items[i..Math.Min(i + MaxLeaf, items.Length)];
            var values = new object[some.Length];
            for (int j = 0; j < values.Length; j++)
            {
                values[j] = some[j];
            }

            nodes.Add(new NameTreeNode(true, values.Length, [], values, null));
            names.Add(some[0].Name);
        }

        while (nodes.Count > 1)
        {
            int count = 0;
            for (int i = 0; i < nodes.Count; i += MaxInner)
            {
                int length = Math.Min(MaxInner, nodes.Count - i);
                nodes[count] = new NameTreeNode(false, length, [.. names[i..(i + length)]], [.. nodes[i..(i + length)]], null);
                names[count++] = names[i];
            }

            nodes.RemoveRange(count, nodes.Count - count);
            names.RemoveRange(count, names.Count - count);
        }

        return nodes.Count == 0 ? Empty : nodes[0];
    }

    /// <summary>Makes a root above two halves.</summary>
    public static NameTreeNode Join(NameTreeNode left, NameTreeNode right, OwnerToken? owner) =>
        new(false, 2, [left.NameAt(0), right.NameAt(0)], [left, right], owner);

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
                return Insert(ref node, ~found, name, item, last, owner);
            }

            node = node.Writable(owner);
            node._values[found] = item;
            return null;
        }

        int at = node.ChildOf(name);
        NameTreeNode child = node.ChildAt(at);
        NameTreeNode? right = Set(ref child, name, item, last && at + 1 == node._count, owner, ref added);
        node = node.Writable(owner);
        node._values[at] = child;
        return right is null ? null : Insert(ref node, at + 1, right.NameAt(0), right, last, owner);
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
        node._values[at] = child;
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
            string? low = i > 0 || IsLeaf ? NameAt(i) : from;
            string? high = i + 1 < _count ? NameAt(i + 1) : to;
            Debug.Assert(from is null || low is null || string.CompareOrdinal(from, low) <= 0);
            Debug.Assert(low is null || high is null || string.CompareOrdinal(low, high) < 0);
            if (IsLeaf)
            {
                continue;
            }

            depth ??= ChildAt(i).Depth;
            Debug.Assert(depth == ChildAt(i).Depth);
            total += ChildAt(i).CheckShape(low, high, last && i + 1 == _count, false);
        }

        return total;
    }

    private string NameAt(int at) => IsLeaf ? Unsafe.As<INamed>(_values[at]).Name : _names[at];

    private int Depth => IsLeaf ? 0 : 1 + ChildAt(0).Depth;

    private int ChildOf(string name)
    {
        int at = Search(name);
        return at < 0 ? ~at - 1 : at;
    }

    private static NameTreeNode? Insert(ref NameTreeNode node, int at, string name, object value, bool last, OwnerToken? owner)
    {
        int max = node.Max;
        if (node._count < max)
        {
            node = node.With(at, name, value, owner);
            return null;
        }

        // Names that are added in order leave full nodes, not half-full ones.
        bool append = last && at == max;
        int keep = append ? max : max / 2;
        NameTreeNode right = node.Slice(keep, max, owner);
        node = append ? node : node.Truncate(keep, owner);
        if (!append && at <= keep)
        {
            node = node.With(at, name, value, owner);
            return right;
        }

        return right.With(at - keep, name, value, owner);
    }

    /// <summary>Balances a child and the one before it, or merges the two. The caller has just made this node, or owns it.</summary>
    private NameTreeNode Refill(int at, OwnerToken? owner)
    {
        NameTreeNode left = ChildAt(at - 1);
        NameTreeNode right = ChildAt(at);
        int total = left._count + right._count;
        var both = new NameTreeNode(
            left.IsLeaf,
            total,
            left.IsLeaf ? [] : [.. left._names.AsSpan(0, left._count), .. right._names.AsSpan(0, right._count)],
            [.. left._values.AsSpan(0, left._count), .. right._values.AsSpan(0, right._count)],
            owner);
        if (total <= both.Max)
        {
            _values[at - 1] = both;
            return Without(at, owner);
        }

        right = both.Slice(total / 2, total, owner);
        _values[at - 1] = both.Slice(0, total / 2, owner);
        _values[at] = right;
        _names = _sharesNames ? _names[.._count] : _names;
        _sharesNames = false;
        _names[at] = right.NameAt(0);
        return this;
    }

    private bool IsOwnedBy(OwnerToken? owner) => owner is not null && _owner == owner;

    /// <summary>Gets a node whose values can be changed: this one where it is owned, or else a copy.</summary>
    private NameTreeNode Writable(OwnerToken? owner) => IsOwnedBy(owner)
        ? this
        : new NameTreeNode(IsLeaf, _count, _names, _values.AsSpan(0, _count).ToArray(), owner, sharesNames: true);

    private NameTreeNode Slice(int from, int to, OwnerToken? owner) =>
        new(IsLeaf, to - from, IsLeaf ? [] : _names[from..to], _values[from..to], owner);

    private NameTreeNode Truncate(int count, OwnerToken? owner)
    {
        if (!IsOwnedBy(owner))
        {
            return Slice(0, count, owner);
        }

        string[] names = IsLeaf ? [] : Remove(_names, _count, count, _count, !_sharesNames);
        return Become(count, names, Remove(_values, _count, count, _count, inPlace: true));
    }

    private NameTreeNode With(int at, string name, object value, OwnerToken? owner)
    {
        bool isOwned = IsOwnedBy(owner);
        string[] names = IsLeaf ? [] : Insert(_names, _count, at, name, isOwned && !_sharesNames, owner);
        object[] values = Insert(_values, _count, at, value, isOwned, owner);
        return isOwned ? Become(_count + 1, names, values) : new NameTreeNode(IsLeaf, _count + 1, names, values, owner);
    }

    private NameTreeNode Without(int at, OwnerToken? owner)
    {
        bool isOwned = IsOwnedBy(owner);
        string[] names = IsLeaf ? [] : Remove(_names, _count, at, at + 1, isOwned && !_sharesNames);
        object[] values = Remove(_values, _count, at, at + 1, isOwned);
        return isOwned ? Become(_count - 1, names, values) : new NameTreeNode(IsLeaf, _count - 1, names, values, owner);
    }

    private NameTreeNode Become(int count, string[] names, object[] values)
    {
        _count = count;
        _names = names;
        _values = values;
        _sharesNames = false;
        return this;
    }

    private static T[] Insert<T>(T[] from, int count, int at, T item, bool inPlace, OwnerToken? owner)
    {
        // Spare room is worth its memory in a batch only: its next change is likely to use it.
        T[] to = inPlace && count < from.Length ? from : new T[owner is null ? count + 1 : Math.Min(MaxInner, count + 1 + (count >> 2))];
        if (to != from)
        {
            Array.Copy(from, to, at);
        }

        Array.Copy(from, at, to, at + 1, count - at);
        to[at] = item;
        return to;
    }

    /// <summary>Removes the items from one index to another, exclusive.</summary>
    private static T[] Remove<T>(T[] from, int count, int first, int end, bool inPlace)
    {
        if (!inPlace)
        {
            return [.. from.AsSpan(0, first), .. from.AsSpan(end, count - end)];
        }

        Array.Copy(from, end, from, first, count - end);
        Array.Clear(from, count - (end - first), end - first);
        return from;
    }

    /// <summary>A leaf, its parent (null for the root) and index there, and the first name past that parent, if any.</summary>
    public struct LeafPath
    {
        public NameTreeNode Leaf;
        public NameTreeNode? Parent;
        public int Index;
        public string? Next;
    }
}
