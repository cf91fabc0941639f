using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent set of objects with unique names that is searched by name and read in ordinal order.</summary>
/// <remarks>
/// <para>
/// The last changes stand in an array that an index shares with its successors: a change writes one slot, a search looks there first. When
/// the array is full its changes are made together in a table, or, of few objects, those that are left begin the next array.
/// </para>
/// <para>
/// A tree would cost each change more than the table does, and serves only who reads in order. So an index has one while it is read in
/// order from time to time, and none otherwise. It is made, or brought up to date, by the next such read.
/// </para>
/// <para>
/// Thread-safe for readers. Two threads may not change indexes that share an array, but an index may have more than one successor. Under an
/// <see cref="OwnerToken"/> a change may alter the tree of the index that it was called on: use the result and no older one.
/// </para>
/// </remarks>
internal sealed class NameIndex<T> where T : class, INamed
{
    public static readonly NameIndex<T> Empty = new(NameTable<T>.Empty, Order.None, NameChanges.None, 0, 0);

    /// <summary>The number of objects up to which an index has no table.</summary>
    private const int MaxWithoutTable = NameChanges.Max / 2;

    private readonly NameTable<T> _table;
    private readonly NameChanges _recent;
    private readonly int _recentCount;
    private Order _order;

    private NameIndex(NameTable<T> table, Order order, NameChanges recent, int recentCount, int count)
    {
        _table = table;
        _order = order;
        _recent = recent;
        _recentCount = recentCount;
        Count = count;
    }

    public int Count { get; }

    /// <summary>True if the objects need not be sorted for the next read in order.</summary>
    public bool HasTree => Volatile.Read(ref _order).Tree is not null;

    /// <summary>The objects in order, at no cost where the index was read in order before.</summary>
    public NameTree<T> InOrder
    {
        get
        {
            if (Count == 0)
            {
                // Nothing that successors had to keep: all begin with the empty index.
                return NameTree<T>.Empty;
            }

            Order order = Volatile.Read(ref _order);
            if (order.Tree is { } known && order is { IsRead: true } && order.ChangeCount == _recentCount)
            {
                return known;
            }

            // Two threads may do this at once; either result will do.
            NameTree<T> tree = Updated(order, null);
            Volatile.Write(ref _order, new Order(tree, _recentCount, Count));
            _recent.MarkAsRead();
            return tree;
        }
    }

    /// <summary>Makes an index of objects, at a fraction of the cost of adding one after the other.</summary>
    /// <param name="items">The objects.</param>
    /// <param name="repeated">Takes each object whose name an object before it has; the index does not.</param>
    public static NameIndex<T> Of(IReadOnlyList<T> items, Action<T> repeated)
    {
        if (items.Count > MaxWithoutTable)
        {
            int repeatedCount = 0;
            NameTable<T> table = NameTable<T>.Of(items, item =>
            {
                repeatedCount++;
                repeated(item);
            });
            return new(table, Order.None, NameChanges.None, 0, items.Count - repeatedCount);
        }

        NameIndex<T> index = new(NameTable<T>.Empty, Order.None, new NameChanges(items.Count), 0, 0);
        foreach (T item in items)
        {
            if (index.Find(item.Name) is null)
            {
                index = index.Set(null, item);
            }
            else
            {
                repeated(item);
            }
        }

        return index;
    }

    /// <summary>Makes an empty index whose table has the given hash function, for tests of collisions.</summary>
    public static NameIndex<T> WithHash(Func<string, int> hash) =>
        new(NameTable<T>.WithHash(hash), Order.None, NameChanges.None, 0, 0);

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public T? Find(string name)
    {
        uint hash = _table.HashOf(name);

        // Only objects of type T are ever added, so the cast needs no check.
        return _recentCount > 0 && _recent.TryFindAfter(name, hash, _recentCount, out INamed? item)
            ? Unsafe.As<T?>(item)
            : _table.Find(name, hash);
    }

    /// <summary>Copies the packed object of the last change; not set where that is of another name, or its object is not packed.</summary>
    public NamedItem LastPacked(string name)
    {
        if (_recentCount > 0)
        {
            ref NamedItem last = ref _recent.First(_recentCount)[^1].After;
            if (last.IsPacked && last.IsNamed(name))
            {
                return last.Copy();
            }
        }

        return default;
    }

    /// <summary>Adds an object, or replaces the one of its name.</summary>
    /// <param name="before">The object of that name in this index; null for none.</param>
    /// <param name="after">The object.</param>
    /// <param name="owner">The token under which the tree is changed; null for none.</param>
    public NameIndex<T> Set(T? before, T after, OwnerToken? owner = null)
    {
        Debug.Assert(Find(after.Name) == before);
        return With(Change(before, after), _table.HashOf(after.Name), before is null ? Count + 1 : Count, owner);
    }

    /// <summary>Adds objects and replaces others, of different names.</summary>
    /// <param name="items">For each, the object of that name in this index, null for none, and the object.</param>
    /// <param name="owner">The token under which the tree is changed; null for none.</param>
    public NameIndex<T> Set(ReadOnlySpan<(T? Before, T After)> items, OwnerToken? owner)
    {
        NameIndex<T> from = this;
        (NameChanges recent, int recentCount, int count) = (_recent, _recentCount, Count);
        foreach ((T? before, T after) in items)
        {
            Debug.Assert(Find(after.Name) == before);
            if (recentCount == NameChanges.Max)
            {
                from = new NameIndex<T>(from._table, Volatile.Read(ref from._order), recent, recentCount, count).Merged(owner);
                (recent, recentCount) = (from._recent, from._recentCount);
            }

            recent = recent.With(recentCount++, Change(before, after), _table.HashOf(after.Name));
            count += before is null ? 1 : 0;
        }

        return new(from._table, Volatile.Read(ref from._order), recent, recentCount, count);
    }

    /// <summary>Removes an object of this index.</summary>
    /// <param name="before">The object.</param>
    /// <param name="owner">The token under which the tree is changed; null for none.</param>
    public NameIndex<T> Remove(T before, OwnerToken? owner = null)
    {
        Debug.Assert(Find(before.Name) == before);
        return With(new NameChange(before, default), _table.HashOf(before.Name), Count - 1, owner);
    }

    /// <summary>
    /// Prepares an index that is kept while its successors are changed: what it costs to read does not grow with their changes.
    /// </summary>
    public void Freeze() => _table.Freeze();

    /// <summary>Asserts in a debug build that the table and the tree are in shape. Not while a successor is made.</summary>
    [Conditional("DEBUG")]
    public void AssertShape()
    {
        _table.AssertShape();
        InOrder.AssertShape();
        Debug.Assert(InOrder.Count == Count && Updated(Order.None, null).Count == Count);
    }

    /// <summary>
    /// Packs an object that is new, unless a tree is to have it: who has created it has it, and may never read it here.
    /// </summary>
    private NameChange Change(T? before, T after) =>
        new(before, before is null && !HasTree ? NamedItem.Pack(after) : new NamedItem(after));

    private NameIndex<T> With(in NameChange change, uint hash, int count, OwnerToken? owner)
    {
        NameIndex<T> from = _recentCount < NameChanges.Max ? this : Merged(owner);
        NameChanges recent = from._recent.With(from._recentCount, change, hash);
        return new(from._table, Volatile.Read(ref from._order), recent, from._recentCount + 1, count);
    }

    /// <summary>Makes room for recent changes: makes them in the table, and in the tree if the index is to have one.</summary>
    private NameIndex<T> Merged(OwnerToken? owner)
    {
        Order order = Volatile.Read(ref _order);
        (int unread, int readCount) = _recent.IsRead ? (_recentCount, Count) : (order.Unread + _recentCount, order.ReadCount);
        NameTree<T>? tree = null;
        if ((order.Tree is not null || _recent.IsRead) && unread <= readCount)
        {
            tree = Updated(order, owner);
        }

        if (Count > MaxWithoutTable)
        {
            NameTable<T> table = _table.With(_recent, _recentCount);
            Order kept = tree is null ? Order.None : new Order(tree, 0, readCount, unread);
            return new(table, kept, new NameChanges(NameChanges.Max), 0, Count);
        }

        Dictionary<string, NamedItem> left = _table.ToList().ToDictionary(static item => item.Name, static item => new NamedItem(item));
        foreach (ref NameChange change in _recent.First(_recentCount))
        {
            left[change.Name()] = change.After.Copy();
        }

        var recent = new NameChanges(NameChanges.Max);
        int count = 0;
        foreach ((string name, NamedItem item) in left.Where(static one => one.Value.IsSet))
        {
            recent = recent.With(count++, new NameChange(null, item), _table.HashOf(name));
        }

        return new(_table.Emptied(), tree is null ? Order.None : new Order(tree, count, readCount, unread), recent, count, Count);
    }

    /// <summary>Makes the recent changes in a tree that does not have them yet, or is still to be made.</summary>
    private NameTree<T> Updated(Order order, OwnerToken? owner)
    {
        OwnerToken own = owner ?? new OwnerToken();
        NameTree<T> tree = order.Tree ?? _table.InOrder();
        foreach (ref NameChange change in _recent.First(_recentCount)[order.ChangeCount..])
        {
            tree = change.After.Read() is { } after ? tree.Set(Unsafe.As<T>(after), own) : tree.Remove(change.Name(), own);
        }

        if (owner is null)
        {
            own.Close();
        }

        return tree;
    }

    /// <summary>A tree with the first recent changes.</summary>
    /// <param name="Tree">The tree; null for none.</param>
    /// <param name="ChangeCount">The number of those changes.</param>
    /// <param name="ReadCount">The number of objects when it was read last.</param>
    /// <param name="Unread">The number of changes that were made in the tree since it was read.</param>
    private sealed record Order(NameTree<T>? Tree, int ChangeCount, int ReadCount, int Unread = 0)
    {
        public static readonly Order None = new(null, 0, 0);

        public bool IsRead => Tree is not null && Unread == 0;
    }
}
