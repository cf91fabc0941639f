namespace Imm.Core.Model;

/// <summary>Removes the binding of a bucket from a dataset.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
/// <param name="uri">A well-formed URI.</param>
internal sealed class DeleteBinding(string projectName, string datasetName, string uri) : DatasetCommand<Binding>(projectName, datasetName)
{
    protected override ImmRefusal? Check(DatasetEntry dataset) =>
        dataset.Find(uri) is null ? ImmRefusal.NotFound("binding", Binding.UriParameter) : null;

    protected override (Binding Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long revision, long nowTicks) =>
        (dataset.Find(uri)!, dataset.With(Array.FindAll(dataset.Bindings, binding => binding.Uri != uri), revision));
}
