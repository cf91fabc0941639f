namespace Imm.Core.Model;

/// <summary>Lists all datasets of one state that a list selects.</summary>
/// <param name="list">The list, whose page size does not matter.</param>
internal sealed class ListAllDatasets(ListDatasets list) : Query<IEnumerable<Dataset>>
{
    public override ImmRefusal? Run(ScopeState state, out IEnumerable<Dataset>? answer) => list.RunAll(state, out answer);
}
