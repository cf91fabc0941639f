namespace Imm.Core.Model;

/// <summary>Changes the fields of a dataset that the request sets.</summary>
internal sealed class UpdateDataset : DatasetCommand<Dataset>
{
    private readonly DatasetFields _fields;
    private readonly ExpectedRevision _expected;

    private UpdateDataset(string projectName, string datasetName, in DatasetFields fields, ExpectedRevision expected)
        : base(projectName, datasetName) => (_fields, _expected) = (fields, expected);

    /// <inheritdoc/>
    public override bool IsEmpty => !_fields.Any;

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(UpdateDatasetRequest request, out UpdateDataset? command)
    {
        ExpectedRevision expected = default;
        ImmRefusal? refusal = DatasetFields.Parse(request, out DatasetFields fields)
            ?? (fields.Any || request.HasIgnoredParameter ? null : ImmRefusal.ChangesNothing("ProjectName and DatasetName"))
            ?? ExpectedRevision.Parse(request.ExpectedRevision, out expected);
        command = refusal is null ? new UpdateDataset(request.ProjectName!, request.DatasetName!, fields, expected) : null;
        return refusal;
    }

    protected override ImmRefusal? Check(DatasetEntry dataset) => _expected.Check("dataset", dataset.Dataset.Revision);

    protected override (Dataset Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long revision, long nowTicks)
    {
        Dataset old = dataset.Dataset;
        if (IsEmpty)
        {
            return (old, dataset);
        }

        Dataset next = old with
        {
            Description = _fields.Description ?? old.Description,
            TemplateId = _fields.TemplateId ?? old.TemplateId,
            Quota = old.Quota.With(_fields.Limits),
            Revision = revision,
            UpdateTicks = Times.NextUpdate(old.UpdateTicks, nowTicks),
        };
        return (next, dataset.With(next));
    }
}
