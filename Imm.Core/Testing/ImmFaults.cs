using CommunityToolkit.Diagnostics;

namespace Imm.Core.Testing;

/// <summary>The faults of a fixture.</summary>
/// <remarks>
/// Faults are injected into a call in the order in which they were started. Delays add up. The first fault that refuses ends the call; the
/// faults after it neither affect nor count it. Thread-safe.
/// </remarks>
public sealed class ImmFaults
{
    private readonly FaultInjector _injector;

    internal ImmFaults(FaultInjector injector) => _injector = injector;

    /// <summary>Begins a rule for given operations.</summary>
    /// <param name="operations">One or more operations.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="operations"/> is null or empty, or one of them is not an operation.
    /// </exception>
    public ImmFaultRule On(params ImmOperation[] operations)
    {
        Guard.IsNotNull(operations, nameof(operations));
        Guard.IsNotEmpty(operations, nameof(operations));
        return new ImmFaultRule(_injector, [.. operations.Select(one => ImmOperations.Checked(one, nameof(operations)))]);
    }

    /// <summary>Begins a rule for all operations that change something.</summary>
    public ImmFaultRule OnWrites() => new(_injector, ImmOperations.Writes);

    /// <summary>Begins a rule for all operations.</summary>
    public ImmFaultRule OnAny() => new(_injector, null);

    /// <summary>Removes all faults.</summary>
    public void Clear() => _injector.Clear();
}
