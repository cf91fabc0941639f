using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent set of objects in ordinal order of their names: a copy-on-write B+tree with structural sharing.</summary>
/// <remarks>
/// A change copies the path to its leaf. Under an <see cref="OwnerToken"/> a change may return the tree that it was called on: use the
/// result and no older tree.
/// </remarks>
internal sealed class NameTree<T> where T : class, INamed
{
    public static readonly NameTree<T> Empty = new(NameTreeNode.Empty, 0, null);

    private readonly OwnerToken? _owner;
    private NameTreeNode _root;
    private int _count;

    private NameTree(NameTreeNode root, int count, OwnerToken? owner)
    {
        _root = root;
        _count = count;
        _owner = owner;
    }

    public int Count => _count;

    /// <summary>Makes a tree of objects that are sorted and have different names.</summary>
    public static NameTree<T> OfSorted(ReadOnlySpan<INamed> items) => new(NameTreeNode.Build(items), items.Length, null);

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public T? Find(string name)
    {
        NameTreeNode leaf = _root.FindLeaf(name).Leaf;
        int at = leaf.Search(name);
        return at < 0 ? null : ItemAt(leaf, at);
    }

    /// <summary>Adds an object, or replaces the one of its name.</summary>
    public NameTree<T> Set(T item, OwnerToken? owner = null)
    {
        owner = OwnerToken.ForChange(owner, _owner);
        NameTreeNode root = _root;
        bool added = false;
        NameTreeNode? right = NameTreeNode.Set(ref root, item.Name, item, true, owner, ref added);
        return WithRoot(right is null ? root : NameTreeNode.Join(root, right, owner), added ? _count + 1 : _count, owner);
    }

    /// <summary>Removes the object of a name; the result is this tree where there is none.</summary>
    public NameTree<T> Remove(string name, OwnerToken? owner = null)
    {
        owner = OwnerToken.ForChange(owner, _owner);
        if (Find(name) is null)
        {
            return this;
        }

        NameTreeNode root = _root.Remove(name, owner);
        while (!root.IsLeaf && root.Count == 1)
        {
            root = root.ChildAt(0);
        }

        return WithRoot(root, _count - 1, owner);
    }

    /// <summary>Reads the objects whose names come after a name; all where it is null.</summary>
    public Cursor After(string? name) => new(_root, name ?? "", name is not null);

    /// <summary>Reads the objects whose names are equal to a text or come after it.</summary>
    public Cursor From(string prefixOrName) => new(_root, prefixOrName, false);

    /// <summary>Asserts in a debug build that the tree is in order and in shape.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => Debug.Assert(_root.CheckShape(null, null, true, true) == _count);

    private static T ItemAt(NameTreeNode leaf, int at)
    {
        // Only objects of type T are ever added, so the cast needs no check.
        object item = leaf.ItemAt(at);
        Debug.Assert(item is T);
        return Unsafe.As<T>(item);
    }

    private NameTree<T> WithRoot(NameTreeNode root, int count, OwnerToken? owner)
    {
        if (owner is null || owner != _owner)
        {
            return new NameTree<T>(root, count, owner);
        }

        _root = root;
        _count = count;
        return this;
    }

    /// <summary>Reads in order from a position. Valid until its tree is changed in place.</summary>
    public struct Cursor
    {
        // Trees share leaves, so leaves cannot be linked to each other. The next leaf is the next child of the parent; after the parent's
        // last child it is searched from the root, which is rare and simpler than a stack.
        private readonly NameTreeNode _root;
        private NameTreeNode.LeafPath _path;
        private int _at;

        internal Cursor(NameTreeNode root, string name, bool after)
        {
            _root = root;
            _path = root.FindLeaf(name);
            int at = _path.Leaf.Search(name);
            _at = (at < 0 ? ~at : after ? at + 1 : at) - 1;
        }

        public readonly T Current => ItemAt(_path.Leaf, _at);

        public readonly Cursor GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_at + 1 < _path.Leaf.Count)
            {
                _at++;
                return true;
            }

            if (_path.Parent is not null && _path.Index + 1 < _path.Parent.Count)
            {
                _path.Index++;
                _path.Leaf = _path.Parent.ChildAt(_path.Index);
            }
            else if (_path.Next is not null)
            {
                _path = _root.FindLeaf(_path.Next);
            }
            else
            {
                return false;
            }

            Debug.Assert(_path.Leaf.Count > 0);
            _at = 0;
            return true;
        }
    }
}
