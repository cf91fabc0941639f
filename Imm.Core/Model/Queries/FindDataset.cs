namespace Imm.Core.Model;

/// <summary>Gets a dataset, or null where it or its project does not exist.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
internal sealed class FindDataset(string projectName, string datasetName) : Query<Dataset?>
{
    public override ImmRefusal? Run(ScopeState state, out Dataset? answer)
    {
        answer = state.TryFind(projectName, out Project? project) ? project.Datasets.Find(datasetName)?.Dataset : null;
        return null;
    }
}
