using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// A well-formed write to one scope. <see cref="Decide"/> is a pure function of the command, the state and the time, so a command can be
/// decided again against a later state.
/// </summary>
internal abstract class Command<TAnswer>
{
    /// <summary>True if the command, where it is accepted, changes no state, so that there is nothing to store.</summary>
    public virtual bool IsEmpty => false;

    /// <summary>Checks existence, conflicts and quotas in a state. Cheap; changes nothing.</summary>
    public abstract ImmRefusal? Check(ScopeState state);

    /// <summary>Decides the command: a refusal, or an answer with the next state.</summary>
    /// <param name="state">The state of the scope.</param>
    /// <param name="nowTicks">The time, as UTC ticks of 100 ns.</param>
    /// <param name="owner">The token of the batch that the next state is built in; null for none.</param>
    /// <param name="isChecked">True if <see cref="Check"/> has found no refusal in this state already.</param>
    public Decision<TAnswer> Decide(ScopeState state, long nowTicks, OwnerToken? owner, bool isChecked = false) =>
        !isChecked && Check(state) is { } refusal ? Decision<TAnswer>.Refused(refusal) : Accept(state, nowTicks, owner);

    /// <summary>Makes the next state. <see cref="Check"/> has found no refusal in this state.</summary>
    protected abstract Decision<TAnswer> Accept(ScopeState state, long nowTicks, OwnerToken? owner);
}
