using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Collections;

/// <summary>A persistent table of objects by ordinal name, of which the latest version is the fast one.</summary>
/// <remarks>
/// <para>
/// Versions share one directory, which changes make in place (the technique of Baker's persistent arrays): a version knows the changes that
/// led from it to the next one, and takes what they changed from there. The second successor of a version gets a directory of its own.
/// </para>
/// <para>
/// Thread-safe. A version tells of its next one before the directory is changed, and a search looks for it after it has read the directory:
/// what it has read is that of the version, or it finds the change.
/// </para>
/// </remarks>
internal sealed class NameTable<T> where T : class, INamed
{
    public static readonly NameTable<T> Empty = new(new NameDirectory(0), null) { _later = Later.Never };

    private readonly NameDirectory _directory;
    private readonly Func<string, int>? _hash;
    private Later? _later;

    private NameTable(NameDirectory directory, Func<string, int>? hash)
    {
        _directory = directory;
        _hash = hash;
    }

    /// <summary>Makes an empty table with the given hash function, for tests of collisions.</summary>
    public static NameTable<T> WithHash(Func<string, int> hash) => new(new NameDirectory(0), hash) { _later = Later.Never };

    /// <summary>Finds the object of a name whose hash the caller knows; null where there is none.</summary>
    public T? Find(string name, uint hash)
    {
        INamed? item = _directory.Find(name, hash);
        for (Later? later = Volatile.Read(ref _later); later is { Table: { } next }; later = Volatile.Read(ref next._later))
        {
            if (later.Changes.TryFindBefore(name, hash, later.Count, out INamed? before))
            {
                item = before;
                break;
            }
        }

        // Only objects of type T are ever added, so the cast needs no check.
        Debug.Assert(item is null or T);
        return Unsafe.As<T?>(item);
    }

    /// <summary>Makes the version that has changes.</summary>
    /// <param name="changes">Changes that follow each other.</param>
    /// <param name="count">The number of the first ones, which are made.</param>
    public NameTable<T> With(NameChanges changes, int count)
    {
        // A directory of which little is left is given up.
        bool isKept = _directory.Count >= _directory.MaxCount / 4;
        var next = new NameTable<T>(_directory, _hash);
        if (!isKept || Interlocked.CompareExchange(ref _later, new Later(changes, count, next), null) is not null)
        {
            List<INamed> items = ToList();
            next = Of(items, null, _hash, items.Count + count);
        }

        for (int i = 0; i < count; i++)
        {
            next._directory.Apply(ref changes.First(count)[i], changes.HashOf(i));
        }

        return next;
    }

    /// <summary>Makes a table of objects.</summary>
    /// <param name="items">The objects.</param>
    /// <param name="repeated">
    /// Takes each object whose name an object before it has; the table does not. Null where the names differ.
    /// </param>
    /// <param name="hash">A hash function, for tests of collisions; null for that of the names.</param>
    /// <param name="capacity">The number of objects to make room for, if that is more.</param>
    public static NameTable<T> Of(IReadOnlyList<INamed> items, Action<T>? repeated, Func<string, int>? hash = null, int capacity = 0)
    {
        var directory = new NameDirectory(Math.Max(items.Count, capacity));
        for (int i = 0; i < items.Count; i++)
        {
            if (!directory.TryAdd(items[i], HashOf(items[i].Name, hash)))
            {
                Debug.Assert(repeated is not null, "The names differ.");
                repeated?.Invoke(Unsafe.As<T>(items[i]));
            }
        }

        return new(directory, hash);
    }

    /// <summary>Collects the objects, in no order.</summary>
    public List<INamed> ToList()
    {
        List<INamed> items = _directory.ToList();
        Dictionary<string, INamed?>? changed = null;
        for (Later? later = Volatile.Read(ref _later); later is { Table: { } next }; later = Volatile.Read(ref next._later))
        {
            changed ??= new(StringComparer.Ordinal);
            foreach (ref NameChange change in later.Changes.First(later.Count))
            {
                changed.TryAdd(change.Name(), change.Before);
            }
        }

        if (changed is not null)
        {
            items.RemoveAll(item => changed.ContainsKey(item.Name));
            items.AddRange(changed.Values.OfType<INamed>());
        }

        return items;
    }

    /// <summary>Makes a tree of the objects.</summary>
    public NameTree<T> InOrder()
    {
        INamed[] items = [.. ToList()];
        NameOrder.Sort(items);
        return NameTree<T>.OfSorted(items);
    }

    /// <summary>Gets the empty table with the same hash function.</summary>
    public NameTable<T> Emptied() => _hash is null ? Empty : WithHash(_hash);

    /// <summary>Leaves the version as it is from now on: its successors get directories of their own.</summary>
    public void Freeze() => Interlocked.CompareExchange(ref _later, Later.Never, null);

    /// <summary>Asserts in a debug build that the directory is in shape. Not while it is changed.</summary>
    [Conditional("DEBUG")]
    public void AssertShape() => _directory.AssertShape();

    /// <summary>The hash under which the table keeps a name.</summary>
    public uint HashOf(string name) => HashOf(name, _hash);

    private static uint HashOf(string name, Func<string, int>? hash) =>
        unchecked((uint)(hash is null ? name.GetHashCode() : hash(name)));

    /// <summary>The first changes that made the next version of a table; no table where there is to be none.</summary>
    private sealed record Later(NameChanges Changes, int Count, NameTable<T>? Table)
    {
        public static readonly Later Never = new(NameChanges.None, 0, null);
    }
}
