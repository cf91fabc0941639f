namespace Imm.Core.Model;

/// <summary>Lists all projects of one state that a list selects.</summary>
/// <param name="list">The list, whose page size does not matter.</param>
internal sealed class ListAllProjects(ListProjects list) : Query<IEnumerable<Project>>
{
    public override ImmRefusal? Run(ScopeState state, out IEnumerable<Project>? answer)
    {
        answer = list.All(state);
        return null;
    }
}
