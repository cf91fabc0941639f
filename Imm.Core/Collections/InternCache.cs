namespace Imm.Core.Collections;

/// <summary>
/// Replaces equal objects by one of them, so that values which repeat are in memory once. It knows a fixed number of objects, each in the
/// slot of its hash.
/// </summary>
/// <remarks>
/// Thread-safe without a lock: threads that race for a slot replace one another's objects, which costs no more than another object. The
/// objects must be immutable, and small: a slot keeps its object alive until another one takes the slot.
/// </remarks>
internal sealed class InternCache<T>(int capacity) where T : class, IEquatable<T>
{
    private readonly T?[] _slots = new T?[capacity];

    /// <summary>Returns the known object that is equal to a value; the value itself, known from now on, where there is none.</summary>
    public T Intern(T value)
    {
        ref T? slot = ref _slots[unchecked((uint)value.GetHashCode()) % (uint)_slots.Length];
        if (Volatile.Read(ref slot) is { } known && known.Equals(value))
        {
            return known;
        }

        Volatile.Write(ref slot, value);
        return value;
    }
}
