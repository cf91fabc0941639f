using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>Creates a dataset. Refused where the project does not exist, the name is taken, or the project is at its limit.</summary>
internal sealed class CreateDataset : Command<Dataset>
{
    private readonly string _projectName;
    private readonly string _datasetName;
    private readonly DatasetFields _fields;

    private CreateDataset(string projectName, string datasetName, in DatasetFields fields)
    {
        _projectName = projectName;
        _datasetName = datasetName;
        _fields = fields;
    }

    /// <summary>Parses a request, first failure first.</summary>
    public static ImmRefusal? Parse(CreateDatasetRequest request, out CreateDataset? command)
    {
        ImmRefusal? refusal = DatasetFields.Parse(request, out DatasetFields fields);
        command = refusal is null ? new CreateDataset(request.ProjectName!, request.DatasetName!, fields) : null;
        return refusal;
    }

    public override ImmRefusal? Check(ScopeState state) =>
        !state.TryFind(_projectName, out Project? project) ? ImmRefusal.NotFound("project", nameof(Dataset.ProjectName))
        : project.Datasets.Find(_datasetName) is not null ? ImmRefusal.AlreadyExists("dataset", nameof(Dataset.DatasetName))
        : Limit.ProjectMaxDatasetCount.CheckGrowth(1, project.DatasetCount, project.ProjectMaxDatasetCount)
            ?? state.CheckNumberLeft(nameof(Dataset.DatasetName));

    protected override Decision<Dataset> Accept(ScopeState state, long nowTicks, OwnerToken? owner)
    {
        Invariant.Holds(state.TryFind(_projectName, out Project? project), "a dataset is created in a project");
        var dataset = new Dataset(
            project.ProjectName,
            _datasetName,
            _fields.Description ?? "",
            _fields.TemplateId ?? "",
            project.Quota.Dataset.With(_fields.Limits),
            nowTicks,
            nowTicks)
        { Revision = state.Revision + 1 };
        var entry = new DatasetEntry(state.LastNumber + 1, dataset, []);
        Project after = project.With(entry, owner);
        return Decision<Dataset>.Accepted(
            dataset,
            state.With(project, after, owner, entry.Number),
            new Change(ChangeKind.Dataset, entry.Number, entry, ChangeState.Created),
            new Change(ChangeKind.Project, after.Number, after));
    }
}
