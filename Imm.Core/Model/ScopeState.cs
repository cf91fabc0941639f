using System.Diagnostics.CodeAnalysis;
using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// Everything in one scope at one moment. Immutable once published; within a batch that nobody else sees yet, an <see cref="Edit"/> lets
/// the next state take over the nodes that the batch itself has made.
/// </summary>
internal sealed class ScopeState
{
    /// <summary>The greatest number that a project or dataset can have in its scope: about 10^12, and deleted ones use theirs up.</summary>
    public const long MaxNumber = (1L << 40) - 1;

    private readonly NameTable<Project> _byName;
    private readonly NameTree<Project> _inOrder;

    private ScopeState(
        Scope scope,
        ServiceFigures figures,
        int? ownProjectQuota,
        NameTable<Project> byName,
        NameTree<Project> inOrder,
        long datasetCount,
        long lastNumber)
    {
        Scope = scope;
        Figures = figures;
        OwnProjectQuota = ownProjectQuota;
        _byName = byName;
        _inOrder = inOrder;
        DatasetCount = datasetCount;
        LastNumber = lastNumber;
    }

    public Scope Scope { get; }

    public ServiceFigures Figures { get; }

    /// <summary>The project quota that was set for this scope; null where none was.</summary>
    public int? OwnProjectQuota { get; }

    public int ProjectQuota => OwnProjectQuota ?? Figures.ProjectQuota;

    public int ProjectCount => _byName.Count;

    /// <summary>The number of datasets of all projects together.</summary>
    public long DatasetCount { get; }

    /// <summary>The greatest number given to a project or dataset of the scope.</summary>
    public long LastNumber { get; }

    /// <summary>All projects, in ordinal order of their names.</summary>
    public NameTree<Project> Projects => _inOrder;

    public static ScopeState Empty(Scope scope, ServiceFigures figures, int? ownProjectQuota = null) =>
        new(scope, figures, ownProjectQuota, NameTable<Project>.Empty, NameTree<Project>.Empty, 0, 0);

    /// <summary>Refuses something new where the scope has no number left for it.</summary>
    public Refusal? RefuseMore(string parameter) => LastNumber < MaxNumber ? null
        : Refusal.CountExceeded(parameter, "projects and datasets that the account has ever had in the region", 1, LastNumber, MaxNumber);

    public bool TryFind(string name, [NotNullWhen(true)] out Project? project) => _byName.TryGetValue(name, out project);

    /// <summary>Finds a dataset and its project, or says which of them there is none of.</summary>
    public Refusal? Find(string projectName, string datasetName, out Project? project, out DatasetEntry? dataset)
    {
        dataset = null;
        if (!TryFind(projectName, out project))
        {
            return Refusal.NotFound("project", nameof(Dataset.ProjectName));
        }

        dataset = project.Datasets.Find(datasetName);
        return dataset is null ? Refusal.NotFound("dataset", nameof(Dataset.DatasetName)) : null;
    }

    /// <param name="before">The project of that name as it is in this state; null where there is none.</param>
    /// <param name="after">The project that is new, or takes the place of the one before.</param>
    /// <param name="edit">The batch, or null.</param>
    /// <param name="number">The number that was given to what is new.</param>
    public ScopeState With(Project? before, Project after, Edit? edit, long number = 0)
    {
        Invariant.Holds(after.DatasetCount == after.Datasets.Count, "a project counts its datasets");
        return new ScopeState(
            Scope,
            Figures,
            OwnProjectQuota,
            _byName.Set(after, edit),
            _inOrder.Set(after, edit),
            DatasetCount - (before?.DatasetCount ?? 0) + after.DatasetCount,
            Math.Max(LastNumber, number));
    }

    /// <param name="before">A project of this state.</param>
    /// <param name="edit">The batch, or null.</param>
    public ScopeState Without(Project before, Edit? edit) => new(
        Scope,
        Figures,
        OwnProjectQuota,
        _byName.Remove(before.ProjectName.Value, edit),
        _inOrder.Remove(before.ProjectName.Value, edit),
        DatasetCount - before.DatasetCount,
        LastNumber);

    /// <summary>The same content, quicker to find: for a state that was built from many projects and will be read from then on.</summary>
    public ScopeState Packed() => new(Scope, Figures, OwnProjectQuota, _byName.Packed(), _inOrder, DatasetCount, LastNumber);

    /// <summary>The same content in a store of other figures.</summary>
    public ScopeState With(ServiceFigures figures) =>
        figures == Figures ? this : new(Scope, figures, OwnProjectQuota, _byName, _inOrder, DatasetCount, LastNumber);

    public ScopeState WithProjectQuota(int projectQuota) => new(Scope, Figures, projectQuota, _byName, _inOrder, DatasetCount, LastNumber);
}

/// <summary>A dataset with what belongs to it.</summary>
internal sealed class DatasetEntry : INamed
{
    public DatasetEntry(long number, long projectNumber, Dataset dataset, Binding[] bindings)
    {
        Invariant.Holds(dataset.BindCount == bindings.Length, "a dataset counts its bindings");
        Number = number;
        ProjectNumber = projectNumber;
        Dataset = dataset;
        Bindings = bindings;
    }

    /// <summary>The dataset's number in its scope, under which it is stored.</summary>
    public long Number { get; }

    /// <summary>The number of its project.</summary>
    public long ProjectNumber { get; }

    public string Name => Dataset.DatasetName;

    public Dataset Dataset { get; }

    /// <summary>The bindings, in ordinal order of their URIs; never changed in place.</summary>
    public Binding[] Bindings { get; }

    /// <summary>The same dataset with other fields or another use.</summary>
    public DatasetEntry With(Dataset dataset) => new(Number, ProjectNumber, dataset, Bindings);

    /// <summary>The same dataset with other bindings.</summary>
    public DatasetEntry With(Binding[] bindings) => new(Number, ProjectNumber, Dataset with { BindCount = bindings.Length }, bindings);
}
