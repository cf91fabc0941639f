using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A table of objects by ordinal name that is changed in place: extendible hashing. The first bits of a hash choose a bucket in the
/// directory. A bucket that is full is split into two; the directory is doubled where it has only one place for the bucket.
/// </summary>
/// <remarks>
/// <para>
/// A random search is bound by cache misses, so it is made to have one: the directory is small enough to stay in the processor's cache, the
/// hash says where in its bucket an entry is, or is to be expected soon, and the entry holds the key of the name, so no object is
/// dereferenced, not even the one that is found.
/// </para>
/// <para>
/// One thread changes it. Others may read meanwhile: they find each object as it was before or after a change. For that an entry keeps its
/// key for as long as the bucket lives, also when its object is removed, and a split makes new buckets.
/// </para>
/// </remarks>
internal sealed class NameDirectory
{
    private const int HashBits = 32;

    /// <summary>
    /// The number of entries that a search in a bucket reads at most. Random names fill 60 % of the buckets then, and a search reads two.
    /// </summary>
    private const int MaxProbes = 12;

    /// <summary>The number of entries for each bucket of a new directory; in a grown one it is the same on average.</summary>
    private const int FirstFill = 19;

    /// <summary>The size up to which a directory is doubled whatever the number of objects.</summary>
    private const int MinDirectory = 8;

    private static readonly INamed Removed = new RemovedItem();

    private Bucket[] _buckets;

    /// <param name="capacity">The number of objects to make room for.</param>
    public NameDirectory(int capacity)
    {
        // The size is no power of two: a place divides into two places of a directory of double size whatever the size is.
        _buckets = new Bucket[Math.Max(1, capacity / FirstFill)];
        foreach (ref Bucket bucket in _buckets.AsSpan())
        {
            bucket = new Bucket();
        }
    }

    public int Count { get; private set; }

    /// <summary>The greatest number of objects that there have been.</summary>
    public int MaxCount { get; private set; }

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public INamed? Find(string name, uint hash)
    {
        Bucket[] buckets = Volatile.Read(ref _buckets);
        Search(buckets[PlaceOf(hash, buckets.Length)], name, hash, out INamed? item);
        return item;
    }

    /// <summary>Makes a change of a name whose hash the caller knows.</summary>
    public void Apply(in NameChange change, uint hash)
    {
        string name = change.Name;
        ref Entry entry = ref Search(_buckets[PlaceOf(hash, _buckets.Length)], name, hash, out INamed? before);
        if (before is null)
        {
            if (change.After is not null)
            {
                Add(ref entry, change.After, hash);
            }

            return;
        }

        Count -= change.After is null ? 1 : 0;
        Volatile.Write(ref entry.Item, change.After ?? Removed);
    }

    /// <summary>Adds an object; false where there is one of its name.</summary>
    public bool TryAdd(INamed item, uint hash)
    {
        ref Entry entry = ref Search(_buckets[PlaceOf(hash, _buckets.Length)], item.Name, hash, out INamed? before);
        if (before is null)
        {
            Add(ref entry, item, hash);
        }

        return before is null;
    }

    /// <summary>Collects the objects, in no order; where changes are made meanwhile, that of each name before or after a change.</summary>
    public List<INamed> ToList()
    {
        Bucket[] buckets = Volatile.Read(ref _buckets);
        var items = new List<INamed>(Count);
        for (int from = 0, to; from < buckets.Length; from = to)
        {
            Bucket bucket = buckets[from];
            to = EndOf(bucket, from, buckets);
            for (Bucket? each = bucket; each is not null; each = Volatile.Read(ref each.Overflow))
            {
                foreach (ref Entry entry in each.Entries)
                {
                    // A bucket that was split meanwhile has those of other places too.
                    if (Volatile.Read(ref entry.Item) is { } item && item != Removed && IsBetween(entry, from, to, buckets.Length))
                    {
                        items.Add(item);
                    }
                }
            }
        }

        return items;
    }

    /// <summary>Asserts in a debug build that each object is in its bucket, and is found.</summary>
    [Conditional("DEBUG")]
    public void AssertShape()
    {
        int count = 0;
        for (int from = 0, to; from < _buckets.Length; from = to)
        {
            to = EndOf(_buckets[from], from, _buckets);
            for (Bucket? bucket = _buckets[from]; bucket is not null; bucket = bucket.Overflow)
            {
                foreach (ref Entry entry in bucket.Entries)
                {
                    if (entry.IsLive)
                    {
                        Debug.Assert(IsBetween(entry, from, to, _buckets.Length));
                        Debug.Assert(Find(entry.Item!.Name, entry.Key.Hash) == entry.Item);
                        count++;
                    }
                }
            }
        }

        Debug.Assert(count == Count && count == ToList().Count);
    }

    private static int PlaceOf(uint hash, int places) => (int)(((ulong)hash * (uint)places) >> HashBits);

    private static bool IsBetween(in Entry entry, int from, int to, int places)
    {
        int place = PlaceOf(entry.Key.Hash, places);
        return place >= from && place < to;
    }

    /// <summary>The place behind the last one of a bucket.</summary>
    private static int EndOf(Bucket bucket, int place, Bucket[] buckets)
    {
        while (place < buckets.Length && buckets[place] == bucket)
        {
            place++;
        }

        return place;
    }

    /// <summary>Searches the entry of a name.</summary>
    /// <param name="bucket">The bucket.</param>
    /// <param name="name">The name.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="item">The object; null where there is none.</param>
    /// <returns>The entry; where there is none, the free one that is to be it; null where there is no room for it.</returns>
    private static ref Entry Search(Bucket bucket, string name, uint hash, out INamed? item)
    {
        for (Bucket? each = bucket; each is not null; each = Volatile.Read(ref each.Overflow))
        {
            for (int probe = 0; probe < MaxProbes; probe++)
            {
                ref Entry entry = ref each.At(hash, probe);
                item = Volatile.Read(ref entry.Item);
                if (item is null
                    || (entry.Key.Hash == hash && item != Removed
                        && entry.Key.Equals(new NameKey(name, hash)) && (entry.Key.IsWhole || item.Name == name)))
                {
                    return ref entry;
                }
            }
        }

        item = null;
        return ref Unsafe.NullRef<Entry>();
    }

    /// <summary>Adds an object to a free entry, or where there is none, to another bucket.</summary>
    private void Add(ref Entry entry, INamed item, uint hash)
    {
        Count++;
        MaxCount = Math.Max(MaxCount, Count);
        if (Unsafe.IsNullRef(ref entry))
        {
            Split(new Entry { Key = new NameKey(item.Name, hash), Item = item });
            return;
        }

        // The key first: who sees the object sees the key.
        entry.Key = new NameKey(item.Name, hash);
        Volatile.Write(ref entry.Item, item);
    }

    /// <summary>Adds an entry for which its bucket has no room.</summary>
    private void Split(in Entry added)
    {
        int from = PlaceOf(added.Key.Hash, _buckets.Length);
        Bucket full = _buckets[from];
        int to = EndOf(full, from, _buckets);
        while (from > 0 && _buckets[from - 1] == full)
        {
            from--;
        }

        // Without those that were removed, one bucket may do.
        if (full.CountRemoved() < Bucket.Size / 4 || !TryPut(full, added, from, to))
        {
            PutHalves(full, added, from, to);
        }
    }

    /// <summary>Puts those entries of a bucket that belong to some places, and another one, into two new buckets or more.</summary>
    private void PutHalves(Bucket source, in Entry added, int from, int to)
    {
        if (to - from == 1 && 2 * _buckets.Length <= Math.Max(MinDirectory, Count / 2))
        {
            var doubled = new Bucket[2 * _buckets.Length];
            for (int i = 0; i < doubled.Length; i++)
            {
                doubled[i] = _buckets[i / 2];
            }

            Volatile.Write(ref _buckets, doubled);
            (from, to) = (2 * from, 2 * to);
        }

        if (to - from == 1)
        {
            // The directory cannot tell them apart.
            TryPut(source, added, from, to, mayOverflow: true);
            return;
        }

        // The right half first: the directory may be doubled, which moves the places behind the left half.
        int middle = (from + to) / 2;
        int places = _buckets.Length;
        if (!TryPut(source, added, middle, to))
        {
            PutHalves(source, added, middle, to);
        }

        int times = _buckets.Length / places;
        (from, middle) = (from * times, middle * times);
        if (!TryPut(source, added, from, middle))
        {
            PutHalves(source, added, from, middle);
        }
    }

    /// <summary>Puts those entries that belong to some places into one new bucket there; false where it has no room for them.</summary>
    private bool TryPut(Bucket source, in Entry added, int from, int to, bool mayOverflow = false)
    {
        var bucket = new Bucket();
        for (Bucket? each = source; each is not null; each = each.Overflow)
        {
            foreach (ref readonly Entry entry in each.Entries)
            {
                if (entry.IsLive && IsBetween(entry, from, to, _buckets.Length) && !bucket.TryAdd(entry, mayOverflow))
                {
                    return false;
                }
            }
        }

        if (IsBetween(added, from, to, _buckets.Length) && !bucket.TryAdd(added, mayOverflow))
        {
            return false;
        }

        for (int place = from; place < to; place++)
        {
            Volatile.Write(ref _buckets[place], bucket);
        }

        return true;
    }

    /// <summary>The key of a name, and its object; null where the entry is free.</summary>
    private struct Entry
    {
        public NameKey Key;
        public INamed? Item;

        public readonly bool IsLive => Item is not null && Item != Removed;
    }

    /// <summary>Stands in the place of an object that was removed, so that a search goes on behind it.</summary>
    private sealed class RemovedItem : INamed
    {
        public string Name => "";
    }

    /// <summary>Entries, each in the first free place from that which its hash says. What cannot be split goes on in another one.</summary>
    private sealed class Bucket
    {
        /// <summary>The number of entries, a power of two.</summary>
        public const int Size = 32;

        public Bucket? Overflow;
        private EntryArray _entries;

        public Span<Entry> Entries => _entries;

        /// <summary>The entry that a search reads after some others.</summary>
        public ref Entry At(uint hash, int probe) => ref _entries[(int)((hash + (uint)probe) % Size)];

        /// <summary>Adds an entry whose name is not there, if need be in another bucket; false where there is no room.</summary>
        public bool TryAdd(in Entry added, bool mayOverflow)
        {
            for (int probe = 0; probe < MaxProbes; probe++)
            {
                ref Entry entry = ref At(added.Key.Hash, probe);
                if (entry.Item is null)
                {
                    entry = added;
                    return true;
                }
            }

            return mayOverflow && (Overflow ??= new Bucket()).TryAdd(added, mayOverflow);
        }

        public int CountRemoved()
        {
            int count = 0;
            for (Bucket? bucket = this; bucket is not null; bucket = bucket.Overflow)
            {
                foreach (ref readonly Entry entry in bucket.Entries)
                {
                    count += entry.Item == Removed ? 1 : 0;
                }
            }

            return count;
        }

        [InlineArray(Size)]
        private struct EntryArray
        {
            private Entry _first;
        }
    }
}
