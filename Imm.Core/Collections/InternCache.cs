namespace Imm.Core.Collections;

/// <summary>
/// Replaces equal objects by one of them, so that values which repeat are in memory once. It knows a fixed number of objects, each in one
/// of the two slots of its hash.
/// </summary>
/// <remarks>
/// Thread-safe without a lock: threads that race for a slot replace one another's objects, which costs no more than another object. The
/// objects must be immutable, and small: a slot keeps its object alive until another one takes the slot.
/// </remarks>
internal sealed class InternCache<T>(int capacity) where T : class, IEquatable<T>
{
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
        ref T? first = ref _slots[unchecked((uint)hash) % (uint)_slots.Length];
        ref T? second = ref _slots[(unchecked((uint)hash) ^ 1) % (uint)_slots.Length];
        T? last = Volatile.Read(ref first);
        if (last is not null && isOf(last, values))
        {
            return last;
        }

        if (Volatile.Read(ref second) is { } known && isOf(known, values))
        {
            return known;
        }

        // The one that came last stays: two that are asked for in turn are both known.
        T made = make(values);
        Volatile.Write(ref second, last);
        Volatile.Write(ref first, made);
        return made;
    }
}
