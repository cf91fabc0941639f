namespace Imm.Core.Model;

/// <summary>
/// The outcome of a command in one state of its scope: a refusal, or an answer with the next state and the records to store for it, or an
/// answer alone where there is nothing to change.
/// </summary>
internal readonly struct Decision<TAnswer>
{
    private Decision(ImmRefusal? refusal, TAnswer? answer, ScopeState? next, Change[] changes)
    {
        Refusal = refusal;
        Answer = answer;
        Next = next;
        Changes = changes;
    }

    public ImmRefusal? Refusal { get; }

    /// <summary>The answer for the caller; default where the command is refused.</summary>
    public TAnswer? Answer { get; }

    /// <summary>The state afterwards; null where the command is refused, or changes nothing.</summary>
    public ScopeState? Next { get; }

    /// <summary>The records to store, from which <see cref="Next"/> can be loaded again.</summary>
    public Change[] Changes { get; }

    public static Decision<TAnswer> Refused(ImmRefusal refusal) => new(refusal, default, null, []);

    public static Decision<TAnswer> Unchanged(TAnswer answer) => new(null, answer, null, []);

    public static Decision<TAnswer> Accepted(TAnswer answer, ScopeState next, params Change[] changes) => new(null, answer, next, changes);
}
