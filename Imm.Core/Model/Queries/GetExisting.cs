namespace Imm.Core.Model;

/// <summary>Gets a project or dataset for a call that creates it where it is not there.</summary>
/// <param name="get">Finds it.</param>
internal sealed class GetExisting<T>(Query<T> get) : Query<GetOrCreateResult<T>>
    where T : class
{
    public override ImmRefusal? Run(ScopeState state, out GetOrCreateResult<T> answer)
    {
        ImmRefusal? refusal = get.Run(state, out T? found);
        answer = new(found!, isNew: false);
        return refusal;
    }
}
