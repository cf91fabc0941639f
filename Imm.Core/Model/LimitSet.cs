using System.Globalization;

namespace Imm.Core.Model;

/// <summary>A value for each limit: a number, or in a request a number that may be absent.</summary>
internal struct LimitSet<T> : IEquatable<LimitSet<T>>
{
    private static readonly T[] None = new T[Limit.Count];

    // Most requests set no limit. The array is never changed: copies of the set share it.
    private T[]? _values;

    private readonly ReadOnlySpan<T> Values => _values ?? None;

    public T this[Limit limit]
    {
        readonly get => Values[limit.Index];
        set
        {
            if (!EqualityComparer<T>.Default.Equals(value, this[limit]))
            {
                T[] values = Values.ToArray();
                values[limit.Index] = value;
                _values = values;
            }
        }
    }

    public readonly bool Equals(LimitSet<T> other) => _values == other._values || Values.SequenceEqual(other.Values, null);

    public override readonly bool Equals(object? obj) => obj is LimitSet<T> other && Equals(other);

    public override readonly int GetHashCode()
    {
        var hash = new HashCode();
        foreach (T value in Values)
        {
            hash.Add(value);
        }

        return hash.ToHashCode();
    }

    /// <summary>True if a value is not the default: in a request, if a limit is set.</summary>
    public readonly bool AnySet() => !Equals(default);
}

/// <summary>The rules of all limits together.</summary>
internal static class LimitSet
{
    /// <summary>The default of every limit.</summary>
    public static LimitSet<long> Defaults { get; } = CreateDefaults();

    /// <summary>Checks the limits that a request sets, in the order of the table, first failure first.</summary>
    public static ImmRefusal? Check(ReadOnlySpan<Limit> limits, in LimitSet<long?> requested, UnreadableParameters? unreadable)
    {
        foreach (Limit limit in limits)
        {
            if ((unreadable?[limit.Name] ?? limit.Check(requested[limit])) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Takes for each of the limits the value that a checked request sets, or else the present one. Others become 0.</summary>
    public static LimitSet<long> Replace(ReadOnlySpan<Limit> limits, in LimitSet<long> values, in LimitSet<long?> requested)
    {
        LimitSet<long> next = default;
        foreach (Limit limit in limits)
        {
            next[limit] = requested[limit] ?? values[limit];
            Invariant.Holds(limit.Check(next[limit]) is null, "a limit is in its range");
        }

        return next;
    }

    /// <summary>Describes the limits that are not the defaults.</summary>
    public static string Describe(ReadOnlySpan<Limit> limits, in LimitSet<long> values)
    {
        var others = new List<string>();
        foreach (Limit limit in limits)
        {
            if (values[limit] != limit.Default)
            {
                others.Add(string.Create(CultureInfo.InvariantCulture, $"{limit.Name} {values[limit]}"));
            }
        }

        return others.Count == 0 ? "the default limits" : string.Join(", ", others);
    }

    private static LimitSet<long> CreateDefaults()
    {
        LimitSet<long> values = default;
        foreach (Limit limit in Limit.OfProject)
        {
            values[limit] = limit.Default;
        }

        return values;
    }
}
