using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// Deletes a project. Refused where it has another revision than is expected, then while it has datasets or attached buckets.
/// </summary>
/// <param name="name">A well-formed name.</param>
/// <param name="expected">The condition.</param>
internal sealed class DeleteProject(string name, ExpectedRevision expected) : Command<Project>
{
    public override ImmRefusal? Check(ScopeState state) =>
        !state.TryFind(name, out Project? project) ? ImmRefusal.NotFound("project", nameof(Project.ProjectName))
        : expected.Check("project", project.Revision)
            ?? (project.DatasetCount > 0
                ? ImmRefusal.Conflict("The project cannot be deleted while it has datasets.", nameof(Project.ProjectName))
                : project.Attachments.Count > 0
                    ? ImmRefusal.Conflict("The project cannot be deleted while buckets are attached to it.", nameof(Project.ProjectName))
                : null);

    protected override Decision<Project> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(state.TryFind(name, out Project? project), "a deleted project exists");
        long revision = state.Revision + 1;
        ScopeState next = state.Without(project, revision, owner);

        // The scope is stored too: with the project goes the record that has its highest revision.
        return Decision<Project>.Accepted(
            project,
            next,
            new Change(ChangeKind.Project, project.Number, project with { Revision = revision }, ChangeState.Deleted),
            new Change(ChangeKind.Scope, 0, next));
    }
}
