namespace Imm.Core.Model;

/// <summary>Changes the fields of a dataset that the request sets.</summary>
internal sealed class UpdateDataset : DatasetCommand<Dataset>
{
    private readonly DatasetFields _fields;

    private UpdateDataset(string projectName, string datasetName, in DatasetFields fields)
        : base(projectName, datasetName) => _fields = fields;

    /// <summary>Parses a request, first failure first.</summary>
    public static Refusal? Parse(UpdateDatasetRequest request, out UpdateDataset? command)
    {
        Refusal? refusal = DatasetFields.Parse(request, out DatasetFields fields)
            ?? (fields.Any ? null : Refusal.ChangesNothing("ProjectName and DatasetName"));
        command = refusal is null ? new UpdateDataset(request.ProjectName!, request.DatasetName!, fields) : null;
        return refusal;
    }

    protected override (Dataset Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks)
    {
        Dataset old = dataset.Dataset;
        Dataset next = old with
        {
            Description = _fields.Description ?? old.Description,
            TemplateId = _fields.TemplateId ?? old.TemplateId,
            Quota = old.Quota.With(_fields.Limits),
            UpdateTicks = Times.NextUpdate(old.UpdateTicks, nowTicks),
        };
        return (next, dataset.With(next));
    }
}
