using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent table of objects by ordinal name: a hash trie with structural sharing.</summary>
/// <remarks>
/// A change copies the path to its entry. Under an <see cref="OwnerToken"/> a change may return the table that it was called on: use the
/// result and no older table.
/// </remarks>
internal sealed class NameTable<T> where T : class, INamed
{
    public static readonly NameTable<T> Empty = new(null, 0, null, null);

    private readonly Func<string, int>? _hash;
    private readonly OwnerToken? _owner;
    private object? _root;
    private int _count;

    private NameTable(object? root, int count, Func<string, int>? hash, OwnerToken? owner)
    {
        _root = root;
        _count = count;
        _hash = hash;
        _owner = owner;
    }

    public int Count => _count;

    /// <summary>Makes an empty table with the given hash function, for tests of collisions.</summary>
    public static NameTable<T> WithHash(Func<string, int> hash) => new(null, 0, hash, null);

    /// <summary>
    /// Makes a table of objects, in nodes that are allocated in the order in which a search reads them. Those of a table that was built
    /// entry by entry lie scattered over the heap, and each step of a search is then a cache miss.
    /// </summary>
    /// <param name="items">The objects.</param>
    /// <param name="repeated">Takes each object whose name an object before it has; the table does not.</param>
    /// <param name="hash">A hash function, for tests of collisions; null for that of the names.</param>
    public static NameTable<T> Of(IReadOnlyList<T> items, Action<T> repeated, Func<string, int>? hash = null)
    {
        var order = new NameTableNode.Place[items.Count];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = new(HashOf(items[i].Name, hash), i);
        }

        int count = order.Length;
        object? root = NameTableNode.Build(items, order, new NameTableNode.Place[order.Length], 0, item =>
        {
            count--;
            repeated(Unsafe.As<T>(item));
        });
        return new NameTable<T>(root, count, hash, null);
    }

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public T? Find(string name) => Find(name, HashOf(name));

    /// <summary>Finds the object of a name whose hash the caller knows; null where there is none.</summary>
    public T? Find(string name, uint hash)
    {
        // Only objects of type T are ever added, so the cast needs no check.
        INamed? item = NameTableNode.Find(_root, name, new NameKey(name, hash));
        Debug.Assert(item is null or T);
        return Unsafe.As<T?>(item);
    }

    /// <summary>Makes changes in the order given, which copies each node and each bucket at most once.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="hashes">The hashes of the names in <paramref name="changes"/>.</param>
    /// <param name="owner">The token under which the table is changed; null for none.</param>
    public NameTable<T> With(ReadOnlySpan<NameChange> changes, ReadOnlySpan<uint> hashes, OwnerToken? owner)
    {
        Debug.Assert(changes.Length == hashes.Length);
        owner = OwnerToken.ForChange(owner, _owner);

        // Sorted by hash, so that changes below one node are neighbours, then by the index, which is in the low half.
        Span<ulong> order = stackalloc ulong[changes.Length];
        for (int i = 0; i < order.Length; i++)
        {
            order[i] = ((ulong)hashes[i] << 32) | (uint)i;
        }

        order.Sort();
        int count = _count;
        return WithRoot(NameTableNode.Apply(_root, changes, order, 0, owner, ref count), count, owner);
    }

    /// <summary>Makes a tree of the objects.</summary>
    public NameTree<T> InOrder()
    {
        var items = new INamed[_count];
        NameTableNode.CopyTo(_root, items, 0);
        NameOrder.Sort(items);
        return NameTree<T>.OfSorted(items);
    }

    /// <summary>Asserts in a debug build that the counts are right and that no node could be an array.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => Debug.Assert(NameTableNode.CheckShape(_root, 0) == _count);

    /// <summary>The hash under which the table keeps a name.</summary>
    public uint HashOf(string name) => HashOf(name, _hash);

    private static uint HashOf(string name, Func<string, int>? hash) =>
        unchecked((uint)(hash is null ? name.GetHashCode() : hash(name)));

    private NameTable<T> WithRoot(object? root, int count, OwnerToken? owner)
    {
        if (owner is null || owner != _owner)
        {
            return new NameTable<T>(root, count, _hash, owner);
        }

        _root = root;
        _count = count;
        return this;
    }
}
