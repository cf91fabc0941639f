using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Sets the quota and the revision of a scope as they were.</summary>
/// <param name="ownProjectQuota">The project quota of the scope; null for none of its own.</param>
/// <param name="revision">The revision, not below that of a project.</param>
internal sealed class ImportScope(int? ownProjectQuota, long revision) : Command<long>
{
    public override ImmRefusal? Check(ScopeState state) => null;

    protected override Decision<long> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        ScopeState next = state.WithProjectQuota(ownProjectQuota).WithRevision(revision);
        return Decision<long>.Accepted(revision, next, new Change(ChangeKind.Scope, 0, next));
    }
}
