namespace Imm.Core.Collections;

/// <summary>
/// Replaces equal objects by one of them, so that values which repeat are in memory once. It knows a fixed number of objects, each in one
/// of the few slots of its hash.
/// </summary>
/// <remarks>
/// <para>
/// Objects that are made again and again cost more than their memory. An old object that refers to a new one is read by each garbage
/// collection until the new one is old too, so those that repeat must be known: with four slots for a hash nearly all of them are, up to
/// a number of a quarter of the capacity.
/// </para>
/// <para>
/// Thread-safe without a lock: threads that race for a slot replace one another's objects, which costs no more than another object. The
/// objects must be immutable, and small: a slot keeps its object alive until another one takes the slot.
/// </para>
/// </remarks>
/// <param name="capacity">The number of objects, a multiple of 4.</param>
internal sealed class InternCache<T>(int capacity) where T : class, IEquatable<T>
{
    /// <summary>The number of slots for the objects of a hash.</summary>
    private const int SlotsOfHash = 4;

    private readonly T?[] _slots = new T?[capacity];

    /// <summary>Returns the known object that is equal to a value; the value itself, known from now on, where there is none.</summary>
    public T Intern(T value) =>
        Intern(value.GetHashCode(), value, static (known, value) => known.Equals(value), static value => value);

    /// <summary>Returns the known object of some values; a new one, known from now on, where there is none.</summary>
    /// <param name="hash">The hash of the values.</param>
    /// <param name="values">The values.</param>
    /// <param name="isOf">True if an object is that of the values.</param>
    /// <param name="make">Makes the object of the values.</param>
    public T Intern<TValues>(int hash, TValues values, Func<T, TValues, bool> isOf, Func<TValues, T> make)
    {
        int first = (int)(unchecked((uint)hash) % (uint)(_slots.Length / SlotsOfHash)) * SlotsOfHash;
        Span<T?> slots = _slots.AsSpan(first, SlotsOfHash);
        foreach (ref T? slot in slots)
        {
            if (Volatile.Read(ref slot) is { } known && isOf(known, values))
            {
                return known;
            }
        }

        // The one that came first goes.
        T made = make(values);
        for (int i = SlotsOfHash - 1; i > 0; i--)
        {
            Volatile.Write(ref slots[i], slots[i - 1]);
        }

        Volatile.Write(ref slots[0], made);
        return made;
    }
}
