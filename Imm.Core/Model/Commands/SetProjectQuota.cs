using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Sets how many projects the scope may have.</summary>
/// <param name="projectQuota">0 or more.</param>
internal sealed class SetProjectQuota(int projectQuota) : Command<int>
{
    public override ImmRefusal? Check(ScopeState state) => null;

    protected override Decision<int> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        ScopeState next = state.WithProjectQuota(projectQuota);
        return Decision<int>.Accepted(projectQuota, next, new Change(ChangeKind.Scope, 0, next));
    }
}
