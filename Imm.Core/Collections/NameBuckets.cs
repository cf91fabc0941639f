namespace Imm.Core.Collections;

/// <summary>
/// The buckets of a directory by number: entries, each in the first free one from that which its hash says. A bucket that
/// cannot be split has an overflow bucket.
/// </summary>
/// <remarks>
/// Several buckets share an array, and are used again: a directory that grows replaces one bucket by two all the time, of which a garbage
/// collection would move each new one twice.
/// </remarks>
internal sealed class NameBuckets
{
    /// <summary>The number of entries in a bucket, a power of two.</summary>
    public const int Size = 32;

    /// <summary>The number of no bucket.</summary>
    public const int None = -1;

    /// <summary>
    /// The number of entries that a search in a bucket reads at most. Random names fill 60 % of the buckets then, and a search reads two.
    /// </summary>
    public const int MaxProbes = 12;

    private const int ArrayBits = 3;
    private const int ArraySize = 1 << ArrayBits;

    private readonly Stack<int> _free = [];
    private NameEntry[][] _arrays;
    private int[] _overflow = [];
    private int _count;

    /// <param name="count">The number of buckets that will be taken soon.</param>
    public NameBuckets(int count)
    {
        _arrays = new NameEntry[(count >> ArrayBits) + 1][];
        for (int i = 0; i < _arrays.Length; i++)
        {
            _arrays[i] = NewArray(Math.Min(count - (i << ArrayBits), ArraySize));
        }
    }

    /// <summary>The entries of a bucket.</summary>
    public Span<NameEntry> this[int bucket] => _arrays[bucket >> ArrayBits].AsSpan((bucket & (ArraySize - 1)) * Size, Size);

    /// <summary>The overflow bucket of a bucket; none where there is none.</summary>
    public int OverflowOf(int bucket)
    {
        int[] overflow = Volatile.Read(ref _overflow);
        return bucket < overflow.Length ? Volatile.Read(ref overflow[bucket]) - 1 : None;
    }

    /// <summary>Makes an empty bucket.</summary>
    public int Take()
    {
        if (_free.TryPop(out int bucket))
        {
            this[bucket].Clear();
            if (OverflowOf(bucket) != None)
            {
                Volatile.Write(ref _overflow[bucket], None + 1);
            }

            return bucket;
        }

        bucket = _count++;
        MakeRoom(bucket >> ArrayBits, (bucket & (ArraySize - 1)) + 1);
        return bucket;
    }

    /// <summary>
    /// Gives a bucket back with its overflow buckets. Readers may still come to them, and from one to the next, until they are taken.
    /// </summary>
    public void Free(int bucket)
    {
        for (; bucket != None; bucket = OverflowOf(bucket))
        {
            _free.Push(bucket);
        }
    }

    /// <summary>Adds an entry whose name is not there, if need be in an overflow bucket; false where there is no room.</summary>
    public bool TryAdd(int bucket, in NameEntry added, bool mayOverflow)
    {
        for (; ; bucket = OverflowOf(bucket))
        {
            Span<NameEntry> entries = this[bucket];
            for (int probe = 0; probe < MaxProbes; probe++)
            {
                ref NameEntry entry = ref At(entries, added.Key.Hash, probe);
                if (entry.Slot == NameSlots.None)
                {
                    entry = added;
                    return true;
                }
            }

            if (!mayOverflow)
            {
                return false;
            }

            if (OverflowOf(bucket) == None)
            {
                SetOverflow(bucket, Take());
            }
        }
    }

    /// <summary>True if each bucket is one of those that are used, or else free.</summary>
    public bool AreUsedOrFree(HashSet<int> used) => used.Count + _free.Count == _count && !_free.Any(used.Contains);

    /// <summary>The entry of a bucket that a search reads after some others.</summary>
    public static ref NameEntry At(Span<NameEntry> entries, uint hash, int probe) =>
        ref entries[(int)(unchecked(hash + (uint)probe) % Size)];

    /// <summary>Makes an array of entries for a number of buckets. A whole one is never moved by a garbage collection.</summary>
    private static NameEntry[] NewArray(int buckets) => GC.AllocateArray<NameEntry>(buckets * Size, pinned: buckets == ArraySize);

    private void SetOverflow(int bucket, int overflow)
    {
        if (bucket >= _overflow.Length)
        {
            int[] longer = new int[2 * (bucket + 1)];
            _overflow.CopyTo(longer, 0);
            Volatile.Write(ref _overflow, longer);
        }

        Volatile.Write(ref _overflow[bucket], overflow + 1);
    }

    private void MakeRoom(int index, int buckets)
    {
        if (index == _arrays.Length)
        {
            var more = new NameEntry[2 * index][];
            _arrays.CopyTo(more, 0);
            Volatile.Write(ref _arrays, more);
        }

        NameEntry[] array = _arrays[index] ?? [];
        if (array.Length < buckets * Size)
        {
            // A small directory has about as many as it needs.
            NameEntry[] longer = NewArray(index > 0 ? ArraySize : Math.Min(Math.Max(buckets, 2 * array.Length / Size), ArraySize));
            array.CopyTo(longer, 0);
            Volatile.Write(ref _arrays[index], longer);
        }
    }
}
