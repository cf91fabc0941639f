namespace Imm.Core.Model;

/// <summary>Binds a bucket to a dataset. Refused where it is bound already, or the dataset is at its limit.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
/// <param name="uri">A well-formed URI.</param>
internal sealed class CreateBinding(string projectName, string datasetName, string uri) : DatasetCommand<Binding>(projectName, datasetName)
{
    protected override ImmRefusal? Check(DatasetEntry dataset) =>
        dataset.Find(uri) is not null
            ? ImmRefusal.AlreadyExists("binding", Binding.UriParameter)
            : Limit.DatasetMaxBindCount.CheckGrowth(1, dataset.Bindings.Length, dataset.Dataset.DatasetMaxBindCount);

    protected override (Binding Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long revision, long nowTicks)
    {
        var binding = new Binding(dataset.Dataset.ProjectName, dataset.Name, uri, nowTicks);
        Binding[] bindings = [.. dataset.Bindings, binding];
        Array.Sort(bindings, static (a, b) => string.CompareOrdinal(a.Uri, b.Uri));
        return (binding, dataset.With(bindings, revision));
    }
}
