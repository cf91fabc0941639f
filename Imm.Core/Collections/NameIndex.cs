using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent set of objects with unique names that is searched by name and read in ordinal order.</summary>
/// <remarks>
/// <para>
/// A table and a tree hold the objects, and a change of either copies a path. So the last changes stand beside both, in an array that
/// an index shares with its successors: a change writes one slot, a search looks there first. When the array is full its changes are made
/// together, each node copied once.
/// </para>
/// <para>
/// The tree is half of the cost of a change and serves only who reads in order. So an index has one while it is read in order from time to
/// time, and none otherwise. It is made, or brought up to date, by the next such read. To sort the objects costs a fraction of what the
/// tree would have cost the changes that were made without it.
/// </para>
/// <para>
/// Thread-safe for readers. Two threads may not change indexes that share an array, but an index may have more than one successor. Under an
/// <see cref="OwnerToken"/> a change may alter the table and the tree of the index that it was called on: use the result and no older one.
/// </para>
/// </remarks>
internal sealed class NameIndex<T> where T : class, INamed
{
    public static readonly NameIndex<T> Empty = Of(NameTable<T>.Empty);

    /// <summary>
    /// The number of changes that are made together. A search compares the hashes of all of them, which vector instructions do in about ten
    /// nanoseconds; the more there are, the fewer copies of nodes grow old.
    /// </summary>
    private const int MaxRecent = 128;

    private readonly NameTable<T> _table;
    private readonly RecentChanges _recent;
    private readonly int _recentCount;
    private Order _order;

    private NameIndex(NameTable<T> table, Order order, RecentChanges recent, int recentCount, int count)
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
            Order order = Volatile.Read(ref _order);
            if (order.Tree is { } known && order is { IsRead: true } && order.ChangeCount == _recentCount)
            {
                return known;
            }

            // Two threads may do this at once; either result will do.
            var owner = new OwnerToken();
            NameTree<T> tree = _recent.Make(order with { Tree = order.Tree ?? _table.InOrder() }, _recentCount, owner);
            owner.Close();
            Volatile.Write(ref _order, new Order(tree, _recentCount));
            _recent.MarkAsRead();
            return tree;
        }
    }

    /// <summary>Makes an index of objects, at a fraction of the cost of adding one after the other.</summary>
    /// <param name="items">The objects.</param>
    /// <param name="repeated">Takes each object whose name an object before it has; the index does not.</param>
    public static NameIndex<T> Of(IReadOnlyList<T> items, Action<T> repeated)
    {
        NameTable<T> table = NameTable<T>.Of(items, repeated);
        return new(table, Order.None, RecentChanges.None, 0, table.Count);
    }

    /// <summary>Makes an empty index whose table has the given hash function, for tests of collisions.</summary>
    public static NameIndex<T> WithHash(Func<string, int> hash) => Of(NameTable<T>.WithHash(hash));

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public T? Find(string name)
    {
        uint hash = _table.HashOf(name);
        return _recentCount > 0 && _recent.TryFind(name, hash, _recentCount, out T? item) ? item : _table.Find(name, hash);
    }

    /// <summary>Adds an object, or replaces the one of its name.</summary>
    /// <param name="before">The object of that name in this index; null for none.</param>
    /// <param name="after">The object.</param>
    /// <param name="owner">The token under which the table and the tree are changed; null for none.</param>
    public NameIndex<T> Set(T? before, T after, OwnerToken? owner = null)
    {
        Debug.Assert(Find(after.Name) == before);
        return With(new NameChange(after, IsRemoved: false), before is null ? Count + 1 : Count, owner);
    }

    /// <summary>Adds objects and replaces others, of different names.</summary>
    /// <param name="items">For each, the object of that name in this index, null for none, and the object.</param>
    /// <param name="owner">The token under which the table and the tree are changed; null for none.</param>
    public NameIndex<T> Set(ReadOnlySpan<(T? Before, T After)> items, OwnerToken? owner)
    {
        NameIndex<T> from = this;
        (RecentChanges recent, int recentCount, int count) = (_recent, _recentCount, Count);
        foreach ((T? before, T after) in items)
        {
            Debug.Assert(Find(after.Name) == before);
            if (recentCount == MaxRecent)
            {
                from = new NameIndex<T>(from._table, Volatile.Read(ref from._order), recent, recentCount, count).Merged(owner);
                (recent, recentCount) = (from._recent, 0);
            }

            recent = recent.With(recentCount++, new NameChange(after, IsRemoved: false), _table.HashOf(after.Name));
            count += before is null ? 1 : 0;
        }

        return new(from._table, Volatile.Read(ref from._order), recent, recentCount, count);
    }

    /// <summary>Removes an object of this index.</summary>
    /// <param name="before">The object.</param>
    /// <param name="owner">The token under which the table and the tree are changed; null for none.</param>
    public NameIndex<T> Remove(T before, OwnerToken? owner = null)
    {
        Debug.Assert(Find(before.Name) == before);
        return With(new NameChange(before, IsRemoved: true), Count - 1, owner);
    }

    /// <summary>Asserts in a debug build that the table and the tree are in shape.</summary>
    [Conditional("DEBUG")]
    public void AssertShape()
    {
        _table.AssertShape();
        InOrder.AssertShape();
        Debug.Assert(InOrder.Count == Count && Merged(null)._table.Count == Count);
    }

    private static NameIndex<T> Of(NameTable<T> table) => new(table, Order.None, RecentChanges.None, 0, 0);

    private NameIndex<T> With(in NameChange change, int count, OwnerToken? owner)
    {
        NameIndex<T> from = _recentCount < MaxRecent ? this : Merged(owner);
        RecentChanges recent = from._recent.With(from._recentCount, change, _table.HashOf(change.Item.Name));
        return new(from._table, Volatile.Read(ref from._order), recent, from._recentCount + 1, count);
    }

    /// <summary>Makes the recent changes in the table, and in the tree if the index is to have one.</summary>
    private NameIndex<T> Merged(OwnerToken? owner)
    {
        OwnerToken own = owner ?? new OwnerToken();
        Order order = Volatile.Read(ref _order);
        int unread = (_recent.IsRead ? 0 : order.Unread) + _recentCount;
        NameTable<T> table = _recent.Make(_table, _recentCount, own);
        Order next = Order.None;
        bool isWanted = order.Tree is not null || _recent.IsRead;
        if (isWanted && unread <= Count)
        {
            NameTree<T> tree = order.Tree is null ? table.InOrder() : _recent.Make(order, _recentCount, own);
            next = new Order(tree, 0, unread);
        }

        if (owner is null)
        {
            own.Close();
        }

        return new(table, next, new RecentChanges(MaxRecent), 0, Count);
    }

    /// <summary>A tree with the first recent changes.</summary>
    /// <param name="Tree">The tree; null for none.</param>
    /// <param name="ChangeCount">The number of those changes.</param>
    /// <param name="Unread">The number of changes that were made in the tree since it was read.</param>
    private sealed record Order(NameTree<T>? Tree, int ChangeCount, int Unread = 0)
    {
        public static readonly Order None = new(null, 0);

        public bool IsRead => Tree is not null && Unread == 0;
    }

    /// <summary>
    /// Changes that follow each other. What was written is never overwritten: a second successor of an index gets a copy.
    /// </summary>
    private sealed class RecentChanges(int capacity)
    {
        public static readonly RecentChanges None = new(0);

        private const int MinCapacity = 4;

        private readonly uint[] _hashes = new uint[capacity];
        private readonly NameChange[] _changes = new NameChange[capacity];
        private int _count;
        private bool _isRead;

        /// <summary>True if an index with some of the changes was read in order.</summary>
        public bool IsRead => Volatile.Read(ref _isRead);

        public void MarkAsRead()
        {
            // All empty indexes share one.
            if (this != None)
            {
                Volatile.Write(ref _isRead, true);
            }
        }

        public bool TryFind(string name, uint hash, int count, out T? item)
        {
            for (int at = count; (at = _hashes.AsSpan(0, at).LastIndexOf(hash)) >= 0;)
            {
                ref readonly NameChange change = ref _changes[at];
                if (change.Item.Name == name)
                {
                    // Only objects of type T are ever added, so the cast needs no check.
                    item = change.IsRemoved ? null : Unsafe.As<T>(change.Item);
                    return true;
                }
            }

            item = null;
            return false;
        }

        /// <summary>Adds a change after the first ones.</summary>
        public RecentChanges With(int count, in NameChange change, uint hash)
        {
            RecentChanges to = this;
            if (count == _hashes.Length || Interlocked.CompareExchange(ref _count, count + 1, count) != count)
            {
                to = new RecentChanges(Math.Min(MaxRecent, Math.Max(MinCapacity, 2 * count))) { _count = count + 1, _isRead = IsRead };
                Array.Copy(_hashes, to._hashes, count);
                Array.Copy(_changes, to._changes, count);
            }

            to._hashes[count] = hash;
            to._changes[count] = change;
            return to;
        }

        public NameTable<T> Make(NameTable<T> table, int count, OwnerToken owner) =>
            table.With(_changes.AsSpan(0, count), _hashes.AsSpan(0, count), owner);

        public NameTree<T> Make(Order order, int count, OwnerToken owner)
        {
            NameTree<T> tree = order.Tree!;
            foreach (ref readonly NameChange change in _changes.AsSpan(order.ChangeCount, count - order.ChangeCount))
            {
                tree = change.IsRemoved ? tree.Remove(change.Item.Name, owner) : tree.Set(Unsafe.As<T>(change.Item), owner);
            }

            return tree;
        }
    }
}
