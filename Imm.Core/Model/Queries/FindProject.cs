namespace Imm.Core.Model;

/// <summary>Gets a project, or null where it does not exist.</summary>
/// <param name="name">A well-formed name.</param>
internal sealed class FindProject(string name) : Query<Project?>
{
    public override ImmRefusal? Run(ScopeState state, out Project? answer)
    {
        state.TryFind(name, out answer);
        return null;
    }
}
