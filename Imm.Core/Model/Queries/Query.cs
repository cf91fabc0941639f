namespace Imm.Core.Model;

/// <summary>A well-formed read of one scope. <see cref="Run"/> is a pure function of the query and the state.</summary>
internal abstract class Query<TAnswer>
{
    /// <summary>Reads the answer from a state of the scope, or gives the refusal.</summary>
    public abstract ImmRefusal? Run(ScopeState state, out TAnswer? answer);
}
