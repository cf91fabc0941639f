namespace Imm.Core.Model;

/// <summary>Deletes a dataset. Refused where it has another revision than is expected, then while it has bindings or files.</summary>
/// <param name="projectName">A well-formed name.</param>
/// <param name="datasetName">A well-formed name.</param>
/// <param name="expected">The condition.</param>
internal sealed class DeleteDataset(string projectName, string datasetName, ExpectedRevision expected)
    : DatasetCommand<Dataset>(projectName, datasetName)
{
    protected override ImmRefusal? Check(DatasetEntry dataset) =>
        expected.Check("dataset", dataset.Dataset.Revision) is { } mismatch ? mismatch
        : dataset.Bindings.Length > 0
            ? ImmRefusal.Conflict("The dataset cannot be deleted while it has bindings.", nameof(Dataset.DatasetName))
        : dataset.Dataset.FileCount > 0
            ? ImmRefusal.Conflict("The dataset cannot be deleted while it has files.", nameof(Dataset.DatasetName))
        : null;

    protected override (Dataset Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long revision, long nowTicks) =>
        (dataset.Dataset, null);
}
