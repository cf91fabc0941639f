using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>Checks that a watch can begin after a revision. The answer is a page without projects.</summary>
/// <param name="changes">The changes of the store.</param>
/// <param name="afterRevision">The revision, from 0.</param>
internal sealed class BeginWatch(ChangeHistory changes, long afterRevision) : Query<ProjectPage>
{
    public override ImmRefusal? Run(ScopeState state, out ProjectPage? answer)
    {
        answer = new ProjectPage([], null, afterRevision);
        return changes.Check(state.Scope, afterRevision);
    }
}
