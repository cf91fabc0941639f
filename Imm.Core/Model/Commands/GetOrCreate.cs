using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Gets a project or dataset; creates it where it is not there. Refused where the creation is.</summary>
/// <param name="get">Finds it.</param>
/// <param name="create">Creates it.</param>
internal sealed class GetOrCreate<T>(Query<T> get, Command<T> create) : Command<GetOrCreateResult<T>>
    where T : class
{
    public override ImmRefusal? Check(ScopeState state) => get.Run(state, out _) is null ? null : create.Check(state);

    protected override Decision<GetOrCreateResult<T>> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        if (get.Run(state, out T? found) is null)
        {
            return Decision<GetOrCreateResult<T>>.Unchanged(new(found!, isNew: false));
        }

        Decision<T> created = create.Decide(state, nowTicks, owner);
        return Decision<GetOrCreateResult<T>>.Accepted(new(created.Answer!, isNew: true), created.Next!, created.Changes);
    }
}
