using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>
/// A table of objects by ordinal name that is changed in place: extendible hashing. The first bits of a hash are an index
/// of the directory, which refers to a bucket there. A bucket that is full is split into two; the directory is doubled where only one index
/// of it refers to the bucket.
/// </summary>
/// <remarks>
/// <para>
/// A random search is bound by cache misses, so it is made to have few: the directory is small enough to stay in the processor's cache, the
/// hash says where in its bucket an entry is, or is to be expected soon, and the entry holds the key of the name, so no object is
/// dereferenced, not even the one that is found.
/// </para>
/// <para>
/// Buckets are in random order and hold no references, but the numbers of slots in which the objects stand in the order of their coming
/// (<see cref="NameSlots"/>): where an old object refers to a new one a garbage collection reads the old one too, in each of its phases.
/// </para>
/// <para>
/// One thread changes it. Others may read meanwhile: they find each object as it was before or after a change. For that an entry keeps its
/// key and its slot for as long as the bucket lives, also when its object is removed, and a split makes new buckets. Before the memory of
/// an older bucket, or the slot of a removed object, is used again a count is raised: a search during which it was raised is repeated.
/// </para>
/// </remarks>
internal sealed class NameDirectory
{
    private const int HashBits = 32;

    /// <summary>The number of entries for each bucket of a new directory; in a grown one it is the same on average.</summary>
    private const int FirstFill = 19;

    /// <summary>The size up to which a directory is doubled whatever the number of objects.</summary>
    private const int MinDirectory = 8;

    private readonly NameBuckets _buckets;
    private readonly NameSlots _slots;
    private int[] _directory;
    private int _reuseCount;

    /// <param name="capacity">The number of objects to make room for.</param>
    public NameDirectory(int capacity)
    {
        // The size is no power of two: an index divides into two of a directory of double size whatever the size is.
        _directory = new int[Math.Max(1, capacity / FirstFill)];
        _buckets = new NameBuckets(_directory.Length);
        _slots = new NameSlots(capacity);
        foreach (ref int bucket in _directory.AsSpan())
        {
            bucket = _buckets.Take();
        }
    }

    public int Count { get; private set; }

    /// <summary>The greatest number of objects that there have been.</summary>
    public int MaxCount { get; private set; }

    /// <summary>Finds the object of a name; null where there is none.</summary>
    public INamed? Find(string name, uint hash)
    {
        var key = new NameKey(name, hash);
        while (true)
        {
            int reuseCount = Volatile.Read(ref _reuseCount);
            ref NameEntry entry = ref Search(key, name, out int slot);
            INamed? item = slot == NameSlots.None ? null : _slots.Read(slot);
            if (slot < 0)
            {
                // It is packed no more. Whatever the entry is used for now: where it has this number it is one of the same object.
                Interlocked.CompareExchange(ref entry.Slot, NameSlots.Unpacked(slot), slot);
            }

            Volatile.ReadBarrier();
            if (Volatile.Read(ref _reuseCount) == reuseCount)
            {
                return item;
            }
        }
    }

    /// <summary>Makes a change of a name whose hash the caller knows.</summary>
    public void Apply(ref NameChange change, uint hash)
    {
        NameKey key = change.KeyOf(hash);
        ref NameEntry entry = ref Search(key, key.IsWhole ? "" : change.Name(), out int slot);
        if (slot != NameSlots.None)
        {
            Count -= change.After.IsSet ? 0 : 1;
            _slots.Replace(slot, change.After.Read());
        }
        else if (change.After.IsSet)
        {
            Add(ref entry, key, ref change.After);
        }
    }

    /// <summary>Adds an object; false where there is one of its name.</summary>
    public bool TryAdd(INamed item, uint hash)
    {
        var key = new NameKey(item.Name, hash);
        ref NameEntry entry = ref Search(key, item.Name, out int slot);
        if (slot == NameSlots.None)
        {
            var added = new NamedItem(item);
            Add(ref entry, key, ref added);
        }

        return slot == NameSlots.None;
    }

    /// <inheritdoc cref="NameSlots.ToList"/>
    public List<INamed> ToList() => _slots.ToList(Count);

    /// <summary>Asserts in a debug build that each object is in its bucket, and is found.</summary>
    [Conditional("DEBUG")]
    public void AssertShape()
    {
        var slots = new HashSet<int>();
        var buckets = new HashSet<int>();
        int count = 0;
        for (int from = 0, to; from < _directory.Length; from = to)
        {
            to = EndOf(_directory[from], from, _directory);
            for (int bucket = _directory[from]; bucket != NameBuckets.None; bucket = _buckets.OverflowOf(bucket))
            {
                Debug.Assert(buckets.Add(bucket));
                foreach (ref readonly NameEntry entry in _buckets[bucket])
                {
                    if (entry.Slot == NameSlots.None)
                    {
                        continue;
                    }

                    Debug.Assert(IsBetween(entry, from, to) && slots.Add(NameSlots.Unpacked(entry.Slot)));
                    if (_slots.Read(entry.Slot) is { } item)
                    {
                        Debug.Assert(Find(item.Name, entry.Key.Hash) == item);
                        count++;
                    }
                }
            }
        }

        Debug.Assert(count == Count && count == ToList().Count);
        Debug.Assert(_slots.AreUsedOrFree(slots) && _buckets.AreUsedOrFree(buckets));
    }

    private static int IndexOf(uint hash, int size) => (int)(((ulong)hash * (uint)size) >> HashBits);

    /// <summary>The index behind the last one that refers to a bucket.</summary>
    private static int EndOf(int bucket, int index, int[] directory)
    {
        while (index < directory.Length && directory[index] == bucket)
        {
            index++;
        }

        return index;
    }

    private bool IsBetween(in NameEntry entry, int from, int to)
    {
        int index = IndexOf(entry.Key.Hash, _directory.Length);
        return index >= from && index < to;
    }

    private bool IsLive(in NameEntry entry) => entry.Slot != NameSlots.None && _slots.IsSet(entry.Slot);

    private bool IsRemoved(in NameEntry entry) => entry.Slot != NameSlots.None && !_slots.IsSet(entry.Slot);

    private bool IsNamed(int slot, in NameKey key, string name) => key.IsWhole ? _slots.IsSet(slot) : _slots.IsNamed(slot, name);

    /// <summary>Searches the entry of a name.</summary>
    /// <param name="key">The key of the name.</param>
    /// <param name="name">The name, for a key that is not whole.</param>
    /// <param name="slot">The slot of its object; none where there is no object of the name.</param>
    /// <returns>The entry; where there is none, the free one that is to be it; null where there is no room for it.</returns>
    private ref NameEntry Search(in NameKey key, string name, out int slot)
    {
        int[] directory = Volatile.Read(ref _directory);
        int bucket = Volatile.Read(ref directory[IndexOf(key.Hash, directory.Length)]);
        do
        {
            Span<NameEntry> entries = _buckets[bucket];
            for (int probe = 0; probe < NameBuckets.MaxProbes; probe++)
            {
                ref NameEntry entry = ref NameBuckets.At(entries, key.Hash, probe);
                slot = Volatile.Read(ref entry.Slot);
                if (slot == NameSlots.None || (entry.Key.Equals(key) && IsNamed(slot, key, name)))
                {
                    return ref entry;
                }
            }

            bucket = _buckets.OverflowOf(bucket);
        }
        while (bucket != NameBuckets.None);

        slot = NameSlots.None;
        return ref Unsafe.NullRef<NameEntry>();
    }

    /// <summary>Adds an item to a free entry, or where there is none, to another bucket.</summary>
    private void Add(ref NameEntry entry, in NameKey key, ref NamedItem item)
    {
        Count++;
        MaxCount = Math.Max(MaxCount, Count);
        if (_slots.HasFree)
        {
            Interlocked.Increment(ref _reuseCount);
        }

        int slot = _slots.Take(ref item);
        if (Unsafe.IsNullRef(ref entry))
        {
            Split(new NameEntry { Key = key, Slot = slot });
            return;
        }

        // The key first: who sees the slot sees the key, and the object.
        entry.Key = key;
        Volatile.Write(ref entry.Slot, slot);
    }

    /// <summary>Adds an entry for which its bucket has no room.</summary>
    private void Split(in NameEntry added)
    {
        Interlocked.Increment(ref _reuseCount);
        int from = IndexOf(added.Key.Hash, _directory.Length);
        int full = _directory[from];
        int to = EndOf(full, from, _directory);
        while (from > 0 && _directory[from - 1] == full)
        {
            from--;
        }

        // Without those that were removed, one bucket may do.
        int removed = 0;
        foreach (ref readonly NameEntry entry in _buckets[full])
        {
            removed += IsRemoved(entry) ? 1 : 0;
        }

        if (removed < NameBuckets.Size / 4 || !TryPut(full, added, from, to))
        {
            PutHalves(full, added, from, to);
        }

        for (int bucket = full; bucket != NameBuckets.None; bucket = _buckets.OverflowOf(bucket))
        {
            foreach (ref readonly NameEntry entry in _buckets[bucket])
            {
                if (IsRemoved(entry))
                {
                    _slots.Free(entry.Slot);
                }
            }
        }

        _buckets.Free(full);
    }

    /// <summary>Puts those entries of a bucket that belong to some indexes, and another one, into two new buckets or more.</summary>
    private void PutHalves(int source, in NameEntry added, int from, int to)
    {
        if (to - from == 1 && 2 * _directory.Length <= Math.Max(MinDirectory, Count / 2))
        {
            int[] doubled = new int[2 * _directory.Length];
            for (int i = 0; i < doubled.Length; i++)
            {
                doubled[i] = _directory[i / 2];
            }

            Volatile.Write(ref _directory, doubled);
            (from, to) = (2 * from, 2 * to);
        }

        if (to - from == 1)
        {
            // The directory cannot tell them apart.
            TryPut(source, added, from, to, mayOverflow: true);
            return;
        }

        // The right half first: the directory may be doubled, which moves the indexes behind the left half.
        int middle = (from + to) / 2;
        int size = _directory.Length;
        if (!TryPut(source, added, middle, to))
        {
            PutHalves(source, added, middle, to);
        }

        int times = _directory.Length / size;
        (from, middle) = (from * times, middle * times);
        if (!TryPut(source, added, from, middle))
        {
            PutHalves(source, added, from, middle);
        }
    }

    /// <summary>Puts those entries that belong to some indexes into one new bucket there; false where it has no room for them.</summary>
    private bool TryPut(int source, in NameEntry added, int from, int to, bool mayOverflow = false)
    {
        int bucket = _buckets.Take();
        bool hasRoom = true;
        for (int each = source; each != NameBuckets.None; each = _buckets.OverflowOf(each))
        {
            foreach (ref readonly NameEntry entry in _buckets[each])
            {
                hasRoom = hasRoom && (!IsLive(entry) || !IsBetween(entry, from, to) || _buckets.TryAdd(bucket, entry, mayOverflow));
            }
        }

        hasRoom = hasRoom && (!IsBetween(added, from, to) || _buckets.TryAdd(bucket, added, mayOverflow));
        if (!hasRoom)
        {
            _buckets.Free(bucket);
            return false;
        }

        for (int index = from; index < to; index++)
        {
            Volatile.Write(ref _directory[index], bucket);
        }

        return true;
    }
}
