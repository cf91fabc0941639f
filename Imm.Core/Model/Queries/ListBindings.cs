namespace Imm.Core.Model;

/// <summary>Lists the bindings of a dataset, in ordinal order of their URIs.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
internal sealed class ListBindings(string projectName, string datasetName) : Query<IReadOnlyList<Binding>>
{
    public override Refusal? Run(ScopeState state, out IReadOnlyList<Binding>? answer)
    {
        Refusal? refusal = state.Find(projectName, datasetName, out _, out DatasetEntry? entry);
        answer = entry is null ? null : Array.AsReadOnly(entry.Bindings);
        return refusal;
    }
}
