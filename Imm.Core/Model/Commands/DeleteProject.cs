using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Deletes a project. Refused while it has datasets.</summary>
/// <param name="name">A well-formed name.</param>
internal sealed class DeleteProject(string name) : Command<Project>
{
    public override Refusal? Check(ScopeState state) =>
        !state.TryFind(name, out Project? project) ? Refusal.NotFound("project", nameof(Project.ProjectName))
        : project.DatasetCount > 0
            ? Refusal.Conflict("The project cannot be deleted while it has datasets.", nameof(Project.ProjectName))
        : null;

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(state.TryFind(name, out Project? project), "a deleted project exists");
        return Decision<Project>.Accepted(project, state.Without(project, owner), new Change(ChangeKind.Project, project.Number, null));
    }
}
