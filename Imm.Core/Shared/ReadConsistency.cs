namespace Imm.Core;

/// <summary>The age that the answer of a read from a shared store may have. Immutable; equal where the ages are equal.</summary>
/// <remarks>A process always reads its own changes, whatever the consistency.</remarks>
public readonly record struct ReadConsistency
{
    private readonly TimeSpan _maximumAge;

    private ReadConsistency(TimeSpan maximumAge) => _maximumAge = maximumAge;

    /// <summary>
    /// A read sees every change that was acknowledged, in any process, before it began: the database is asked for the version of the
    /// account and region, once for all reads that wait. This is the default value.
    /// </summary>
    public static ReadConsistency Linearizable => default;

    /// <summary>
    /// A read is answered from memory. The changes of other processes are seen when this process next writes to the account and region, or
    /// watches it.
    /// </summary>
    public static ReadConsistency Local { get; } = new(TimeSpan.MaxValue);

    /// <summary>The greatest age of a check with which a read is answered from memory.</summary>
    internal TimeSpan MaximumAge => _maximumAge;

    /// <summary>A read is answered from memory if the database was asked for the version at most so long before.</summary>
    /// <param name="maximumAge">The greatest age: more than zero, and at most 1 day.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximumAge"/> is out of its range.</exception>
    public static ReadConsistency Bounded(TimeSpan maximumAge)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(maximumAge, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(maximumAge, TimeSpan.FromDays(1));
        return new(maximumAge);
    }
}
