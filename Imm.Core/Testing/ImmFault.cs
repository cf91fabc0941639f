using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>A fault at work, until it is disposed. Made by <see cref="ImmFaultRule"/>. Safe to use from many threads at once.</summary>
public sealed class ImmFault : IDisposable
{
    private readonly ImmFaults _owner;
    private readonly ImmFaultRule.Condition _condition;
    private readonly string _outcome;
    private long _matches;
    private int _hits;

    internal ImmFault(
        ImmFaults owner, ImmFaultRule.Condition condition, string outcome, Refusal? refusal, TimeSpan delay, TimeSpan elapse, bool afterCommit)
    {
        _owner = owner;
        _condition = condition;
        _outcome = outcome;
        Refusal = refusal;
        Latency = delay;
        Elapsed = elapse;
        IsAfterCommit = afterCommit;
    }

    /// <summary>How many calls it has had a part in.</summary>
    public int Hits => Volatile.Read(ref _hits);

    internal Refusal? Refusal { get; }

    internal TimeSpan Latency { get; }

    internal TimeSpan Elapsed { get; }

    internal bool IsAfterCommit { get; }

    /// <summary>Takes the fault away; calls that come later meet it no more. One that it keeps waiting goes on waiting for the clock.</summary>
    public void Dispose() => _owner.Remove(this);

    /// <summary>What it does, in words, such as <c>fault: Throttling.User, the first 2 times</c>.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"fault: {_outcome}{_condition.Every switch
        {
            1 => "",
            int every => string.Create(CultureInfo.InvariantCulture, $", every {every} calls"),
        }}{_condition.Times switch
        {
            null => "",
            1 => ", once",
            int times => string.Create(CultureInfo.InvariantCulture, $", the first {times} times"),
        }}");

    /// <summary>Whether it has a part in a call; counts the call where it is one of those that the rule is about.</summary>
    internal bool Meets(ImmCall call)
    {
        if (!_condition.Holds(call))
        {
            return false;
        }

        long match = Interlocked.Increment(ref _matches);
        if (match % _condition.Every != 0 || match / _condition.Every > (_condition.Times ?? long.MaxValue))
        {
            return false;
        }

        Interlocked.Increment(ref _hits);
        call.Add(this);
        return true;
    }
}
