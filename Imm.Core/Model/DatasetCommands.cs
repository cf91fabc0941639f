using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>The fields of a dataset that a request names, checked; null where it does not name them.</summary>
internal readonly record struct DatasetFields(string? Description, string? TemplateId, RequestedDatasetQuota Quota)
{
    public bool Any => Description is not null || TemplateId is not null || Quota.Any;

    /// <summary>Reads names and fields in the order of the service's page, first failure first.</summary>
    public static Refusal? TryRead(IRequestedDataset request, out string projectName, out string datasetName, out DatasetFields fields)
    {
        // Each property is read once: the request belongs to the caller and may change under us.
        fields = new DatasetFields(request.Description, request.TemplateId, RequestedDatasetQuota.Of(request));
        projectName = request.ProjectName ?? "";
        datasetName = request.DatasetName ?? "";
        return NameRule.Check(nameof(request.ProjectName), projectName)
            ?? NameRule.Check(nameof(request.DatasetName), datasetName)
            ?? ProjectFields.CheckDescription(fields.Description)
            ?? ProjectFields.CheckTemplateId(fields.TemplateId)
            ?? DatasetQuota.Check(fields.Quota);
    }
}

/// <summary>Creates a dataset: refused where the project does not exist, the name is taken, or the project has as many as it may.</summary>
internal sealed class CreateDataset(string projectName, string datasetName, DatasetFields fields) : Command<Dataset>
{
    public string ProjectName => projectName;

    public string DatasetName => datasetName;

    public static Refusal? TryRead(CreateDatasetRequest request, out CreateDataset? command)
    {
        Refusal? refusal = DatasetFields.TryRead(request, out string projectName, out string datasetName, out DatasetFields fields);
        command = refusal is null ? new CreateDataset(projectName, datasetName, fields) : null;
        return refusal;
    }

    public override Refusal? Refuse(ScopeState state)
    {
        if (!state.TryFind(projectName, out Project? project))
        {
            return Refusal.NotFound("project", nameof(ProjectName));
        }

        if (project.Datasets.Find(datasetName) is not null)
        {
            return Refusal.AlreadyExists("dataset", nameof(DatasetName));
        }

        long limit = project.ProjectMaxDatasetCount;
        return project.DatasetCount >= limit
            ? Refusal.CountExceeded(nameof(Project.ProjectMaxDatasetCount), "datasets of the project", 1, project.DatasetCount, limit)
            : state.RefuseMore(nameof(DatasetName));
    }

    protected override Decision<Dataset> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        Invariant.Holds(state.TryFind(projectName, out Project? project), "a dataset is created in a project");
        var dataset = new Dataset(
            project.ProjectName,
            datasetName,
            fields.Description ?? "",
            fields.TemplateId ?? "",
            project.Quota.Dataset.With(fields.Quota),
            nowTicks,
            nowTicks);
        var entry = new DatasetEntry(state.LastNumber + 1, project.Number, dataset, []);
        return Decision<Dataset>.Accepted(
            dataset,
            state.With(project, project.With(entry, edit), edit, entry.Number),
            new Change(ChangeKind.Dataset, entry.Number, entry, IsNew: true));
    }
}

/// <summary>A command that changes one dataset that exists.</summary>
internal abstract class DatasetCommand<TAnswer>(string projectName, string datasetName) : Command<TAnswer>
{
    public string ProjectName => projectName;

    public string DatasetName => datasetName;

    public sealed override Refusal? Refuse(ScopeState state) =>
        state.Find(projectName, datasetName, out _, out DatasetEntry? dataset) ?? Refuse(dataset!);

    /// <summary>The refusal of the command by the dataset; null where there is none.</summary>
    protected virtual Refusal? Refuse(DatasetEntry dataset) => null;

    protected static (Project Project, DatasetEntry Dataset) Find(ScopeState state, string projectName, string datasetName)
    {
        Invariant.Holds(
            state.Find(projectName, datasetName, out Project? project, out DatasetEntry? dataset) is null, "the dataset exists");
        return (project!, dataset!);
    }

    protected sealed override Decision<TAnswer> Accept(ScopeState state, long nowTicks, Edit? edit)
    {
        (Project project, DatasetEntry dataset) = Find(state, projectName, datasetName);
        (TAnswer answer, DatasetEntry? next) = Change(dataset, nowTicks);
        return next is not null
            ? Decision<TAnswer>.Accepted(
                answer, state.With(project, project.With(next, edit), edit), new Change(ChangeKind.Dataset, next.Number, next))
            : Decision<TAnswer>.Accepted(
                answer,
                state.With(project, project.Without(dataset, edit), edit),
                new Change(ChangeKind.Dataset, dataset.Number, null),
                new Change(ChangeKind.DatasetUse, dataset.Number, null));
    }

    /// <summary>The answer, and what the dataset becomes; null where it is gone.</summary>
    protected abstract (TAnswer Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks);
}

/// <summary>Changes the fields of a dataset that the request names.</summary>
internal sealed class UpdateDataset(string projectName, string datasetName, DatasetFields fields)
    : DatasetCommand<Dataset>(projectName, datasetName)
{
    public static Refusal? TryRead(UpdateDatasetRequest request, out UpdateDataset? command)
    {
        Refusal? refusal = DatasetFields.TryRead(request, out string projectName, out string datasetName, out DatasetFields fields)
            ?? (fields.Any ? null : Refusal.ChangesNothing("ProjectName and DatasetName"));
        command = refusal is null ? new UpdateDataset(projectName, datasetName, fields) : null;
        return refusal;
    }

    protected override (Dataset Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks)
    {
        Dataset old = dataset.Dataset;
        Dataset next = old with
        {
            Description = fields.Description ?? old.Description,
            TemplateId = fields.TemplateId ?? old.TemplateId,
            Quota = old.Quota.With(fields.Quota),
            UpdateTicks = Times.NextUpdate(old.UpdateTicks, nowTicks),
        };
        return (next, dataset.With(next));
    }
}

/// <summary>Deletes a dataset: refused while it has bindings or files.</summary>
internal sealed class DeleteDataset(string projectName, string datasetName) : DatasetCommand<Dataset>(projectName, datasetName)
{
    protected override Refusal? Refuse(DatasetEntry dataset) =>
        dataset.Bindings.Length > 0 ? Refusal.Conflict("The dataset cannot be deleted while it has bindings.", nameof(DatasetName))
        : dataset.Dataset.FileCount > 0 ? Refusal.Conflict("The dataset cannot be deleted while it has files.", nameof(DatasetName))
        : null;

    protected override (Dataset Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks) => (dataset.Dataset, null);
}

/// <summary>Binds a bucket to a dataset: refused where it is bound already, or the dataset has as many bindings as it may.</summary>
internal sealed class CreateBinding(string projectName, string datasetName, string uri) : DatasetCommand<Binding>(projectName, datasetName)
{
    protected override Refusal? Refuse(DatasetEntry dataset) =>
        Array.Exists(dataset.Bindings, binding => binding.Uri == uri) ? Refusal.AlreadyExists("binding", "URI")
        : dataset.Bindings.Length >= dataset.Dataset.DatasetMaxBindCount
            ? Refusal.CountExceeded(
                nameof(Dataset.DatasetMaxBindCount),
                "bindings of the dataset",
                1,
                dataset.Bindings.Length,
                dataset.Dataset.DatasetMaxBindCount)
        : null;

    protected override (Binding Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks)
    {
        var binding = new Binding(dataset.Dataset.ProjectName, DatasetName, uri, nowTicks);
        Binding[] bindings = [.. dataset.Bindings, binding];
        Array.Sort(bindings, static (a, b) => string.CompareOrdinal(a.Uri, b.Uri));
        return (binding, dataset.With(bindings));
    }
}

/// <summary>Unbinds a bucket from a dataset.</summary>
internal sealed class DeleteBinding(string projectName, string datasetName, string uri) : DatasetCommand<Binding>(projectName, datasetName)
{
    protected override Refusal? Refuse(DatasetEntry dataset) =>
        Array.Exists(dataset.Bindings, binding => binding.Uri == uri) ? null : Refusal.NotFound("binding", "URI");

    protected override (Binding Answer, DatasetEntry? Next) Change(DatasetEntry dataset, long nowTicks) =>
        (Array.Find(dataset.Bindings, binding => binding.Uri == uri)!,
            dataset.With(Array.FindAll(dataset.Bindings, binding => binding.Uri != uri)));
}
