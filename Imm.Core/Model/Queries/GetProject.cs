namespace Imm.Core.Model;

/// <summary>Gets a project; a project that does not exist is refused.</summary>
/// <param name="name">A well-formed name.</param>
internal sealed class GetProject(string name) : Query<Project>
{
    public override ImmRefusal? Run(ScopeState state, out Project? answer) =>
        state.TryFind(name, out answer) ? null : ImmRefusal.NotFound("project", nameof(Project.ProjectName));
}
