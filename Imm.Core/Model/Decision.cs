using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// The outcome of a command in one state of its scope: a refusal, or an answer with the next state and what to store for it.
/// </summary>
internal readonly struct Decision<TAnswer>
{
    private Decision(Refusal? refusal, TAnswer? answer, ScopeState? next, Change[] changes)
    {
        Refusal = refusal;
        Answer = answer;
        Next = next;
        Changes = changes;
    }

    public Refusal? Refusal { get; }

    /// <summary>The answer for the caller; only where there is no refusal.</summary>
    public TAnswer? Answer { get; }

    /// <summary>The state afterwards; only where there is no refusal.</summary>
    public ScopeState? Next { get; }

    /// <summary>The changes to store, from which the store comes to <see cref="Next"/> again.</summary>
    public Change[] Changes { get; }

    public static Decision<TAnswer> Refused(Refusal refusal) => new(refusal, default, null, []);

    public static Decision<TAnswer> Accepted(TAnswer answer, ScopeState next, params Change[] changes) => new(null, answer, next, changes);
}

/// <summary>The kind of thing that a change is about. The numbers are part of the file format.</summary>
internal enum ChangeKind : byte
{
    Scope = 1,
    Project = 2,
    Dataset = 3,
    DatasetUse = 4,
}

/// <summary>One thing that a decision changed.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Number">Its number within the scope.</param>
/// <param name="Value">Its new value; null where it is gone.</param>
/// <param name="IsNew">Whether it is known that there was none before.</param>
internal readonly record struct Change(ChangeKind Kind, long Number, object? Value, bool IsNew = false);

/// <summary>
/// A well-formed write to one scope. <see cref="Decide"/> is a pure function of the command, the state and the time, so that it can be
/// asked again, against a later state.
/// </summary>
internal abstract class Command<TAnswer>
{
    /// <summary>True if the command, where it is accepted, leaves every state as it is: there is nothing to store.</summary>
    public virtual bool IsEmpty => false;

    /// <summary>Checks existence, conflicts and quotas for the command in this state; cheap, and changes nothing.</summary>
    public abstract Refusal? Refuse(ScopeState state);

    /// <param name="state">The state of the scope.</param>
    /// <param name="nowTicks">The time, as UTC ticks of 100 ns.</param>
    /// <param name="edit">The batch that the next state is built in, or null.</param>
    public Decision<TAnswer> Decide(ScopeState state, long nowTicks, Edit? edit) =>
        Refuse(state) is { } refusal ? Decision<TAnswer>.Refused(refusal) : Accept(state, nowTicks, edit);

    protected abstract Decision<TAnswer> Accept(ScopeState state, long nowTicks, Edit? edit);
}
