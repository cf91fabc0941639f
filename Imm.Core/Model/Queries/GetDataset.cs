namespace Imm.Core.Model;

/// <summary>Gets a dataset.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
internal sealed class GetDataset(string projectName, string datasetName) : Query<Dataset>
{
    public override ImmRefusal? Run(ScopeState state, out Dataset? answer)
    {
        ImmRefusal? refusal = state.Find(projectName, datasetName, out _, out DatasetEntry? entry);
        answer = entry?.Dataset;
        return refusal;
    }
}
