using System.Globalization;

namespace Imm.Core.Testing;

/// <summary>A fault that is injected into calls until it is disposed. Made by <see cref="ImmFaultRule"/>. Thread-safe.</summary>
public sealed class ImmFault : IDisposable
{
    private readonly string _effect;
    private readonly string _calls;
    private readonly int _every;
    private readonly int? _times;
    private readonly Action<ImmFault> _remove;
    private long _matches;
    private int _hits;

    /// <param name="effect">The name of the effect.</param>
    /// <param name="calls">The calls that it is about.</param>
    /// <param name="every">The fault is injected into every so many matching calls.</param>
    /// <param name="times">The number of calls that the fault is injected into; null for no limit.</param>
    /// <param name="remove">Ends the fault.</param>
    internal ImmFault(string effect, string calls, int every, int? times, Action<ImmFault> remove)
    {
        _effect = effect;
        _calls = calls;
        _every = every;
        _times = times;
        _remove = remove;
    }

    /// <summary>The number of calls that the fault was injected into.</summary>
    public int Hits => Volatile.Read(ref _hits);

    /// <summary>Removes the fault. It is not injected into later calls. A call that it delays goes on waiting for the clock.</summary>
    public void Dispose() => _remove(this);

    /// <summary>Describes the fault, such as <c>fault: Throttling.User in CreateProject of photos, the first 2 times</c>.</summary>
    public override string ToString()
    {
        string every = _every == 1 ? "" : string.Create(CultureInfo.InvariantCulture, $", every {_every} calls");
        string times = _times switch
        {
            null => "",
            1 => ", once",
            int number => string.Create(CultureInfo.InvariantCulture, $", the first {number} times"),
        };
        return $"fault: {_effect} in {_calls}{every}{times}";
    }

    /// <summary>Counts a call that the fault is about.</summary>
    /// <returns>True if the fault is to be injected into the call.</returns>
    internal bool TryHit()
    {
        long match = Interlocked.Increment(ref _matches);
        if (match % _every != 0 || match / _every > (_times ?? long.MaxValue))
        {
            return false;
        }

        Interlocked.Increment(ref _hits);
        return true;
    }
}
