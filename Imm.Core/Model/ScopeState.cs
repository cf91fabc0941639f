using System.Diagnostics.CodeAnalysis;
using Imm.Core.Collections;

namespace Imm.Core.Model;

/// <summary>
/// The projects of one scope at one moment, with their datasets and attached buckets. Immutable once published. While a batch is staged,
/// its <see cref="OwnerToken"/> lets the next state change in place the nodes that the batch itself has made.
/// </summary>
internal sealed class ScopeState
{
    /// <summary>
    /// The greatest number of a project or dataset in its scope: about 10^12. The number of a deleted one is not given again.
    /// </summary>
    public const long MaxNumber = (1L << 40) - 1;

    private readonly NameIndex<Project> _projects;

    /// <summary>The attachments of all projects, by bucket.</summary>
    private readonly NameTree<OssBucketAttachment> _attachments;

    private ScopeState(
        Scope scope,
        ServiceDefaults defaults,
        int? ownProjectQuota,
        NameIndex<Project> projects,
        NameTree<OssBucketAttachment> attachments,
        long datasetCount,
        long lastNumber,
        long revision)
    {
        Scope = scope;
        Defaults = defaults;
        OwnProjectQuota = ownProjectQuota;
        _projects = projects;
        _attachments = attachments;
        DatasetCount = datasetCount;
        LastNumber = lastNumber;
        Revision = revision;
    }

    public Scope Scope { get; }

    /// <summary>The defaults of the store.</summary>
    public ServiceDefaults Defaults { get; }

    /// <summary>The project quota that was set for this scope; null where none was.</summary>
    public int? OwnProjectQuota { get; }

    public int ProjectQuota => OwnProjectQuota ?? Defaults.ProjectQuota;

    public int ProjectCount => _projects.Count;

    /// <summary>The number of datasets of all projects together.</summary>
    public long DatasetCount { get; }

    /// <summary>The greatest number given to a project or dataset of the scope.</summary>
    public long LastNumber { get; }

    /// <summary>
    /// The number of changes of projects, or of something in them, that the scope has seen: the revision of the last one. Never falls.
    /// </summary>
    public long Revision { get; }

    /// <summary>All projects, in ordinal order of their names.</summary>
    public NameTree<Project> Projects => _projects.InOrder;

    public static ScopeState Empty(Scope scope, ServiceDefaults defaults, int? ownProjectQuota = null, long revision = 0) =>
        new(
            scope,
            defaults,
            ownProjectQuota,
            NameIndex<Project>.Empty,
            NameTree<OssBucketAttachment>.Empty,
            0,
            0,
            revision);

    /// <summary>Makes the state that has projects with all that is in them, in place of an empty one.</summary>
    /// <param name="projects">The projects.</param>
    /// <param name="attachments">The attachments of these projects.</param>
    /// <param name="lastNumber">The greatest number given to a project, dataset or attachment.</param>
    /// <param name="repeated">
    /// Takes each project whose name a project before it has; the state does not. Null where all names are known to be different.
    /// </param>
    public ScopeState WithAll(
        IReadOnlyList<Project> projects,
        NameTree<OssBucketAttachment> attachments,
        long lastNumber,
        Action<Project>? repeated = null)
    {
        Invariant.Holds(ProjectCount == 0, "the state is empty");
        (long datasetCount, long revision) = (0, Revision);
        foreach (Project project in projects)
        {
            Invariant.Holds(project.DatasetCount == project.Datasets.Count, "a project counts its datasets");
            datasetCount += project.DatasetCount;
            revision = Math.Max(revision, project.Revision);
        }

        NameIndex<Project> index = NameIndex<Project>.Of(projects, project =>
        {
            Invariant.Holds(repeated is not null, "the names of the projects are different");
            datasetCount -= project.DatasetCount;
            repeated(project);
        });
        return new(Scope, Defaults, OwnProjectQuota, index, attachments, datasetCount, lastNumber, revision);
    }

    /// <summary>Checks that the scope has a number left for a new project or dataset.</summary>
    public ImmRefusal? CheckNumberLeft(string parameter) => LastNumber < MaxNumber ? null
        : ImmRefusal.CountExceeded(
            parameter, "projects and datasets that the account has ever had in the region", 1, LastNumber, MaxNumber);

    /// <summary>Copies the packed project that was added last; not set where that has another name, or is not packed.</summary>
    public NamedItem LastPacked(string name) => _projects.LastPacked(name);

    public bool TryFind(string name, [NotNullWhen(true)] out Project? project)
    {
        project = _projects.Find(name);
        return project is not null;
    }

    /// <summary>Finds a dataset and its project; the refusal names the one that does not exist.</summary>
    public ImmRefusal? Find(string projectName, string datasetName, out Project? project, out DatasetEntry? dataset)
    {
        dataset = null;
        if (!TryFind(projectName, out project))
        {
            return ImmRefusal.NotFound("project", nameof(Dataset.ProjectName));
        }

        dataset = project.Datasets.Find(datasetName);
        return dataset is null ? ImmRefusal.NotFound("dataset", nameof(Dataset.DatasetName)) : null;
    }

    /// <summary>Finds the attachment of a bucket; null where it is attached to no project.</summary>
    public OssBucketAttachment? FindAttachment(string bucket) => _attachments.Find(bucket);

    /// <summary>Attaches a bucket to a project.</summary>
    /// <param name="before">The project in this state.</param>
    /// <param name="attachment">The attachment, of a bucket that has none.</param>
    /// <param name="revision">The revision of the change.</param>
    /// <param name="owner">The token of the batch; null for none.</param>
    /// <param name="after">The project afterwards.</param>
    public ScopeState Attach(
        Project before, OssBucketAttachment attachment, long revision, OwnerToken? owner, out Project after)
    {
        after = before with { Attachments = before.Attachments.Set(attachment, owner), Revision = revision };
        return With(before, after, owner, attachment.Number).WithAttachments(_attachments.Set(attachment, owner));
    }

    /// <summary>Detaches a bucket from its project.</summary>
    /// <param name="attachment">An attachment of this state.</param>
    /// <param name="revision">The revision of the change.</param>
    /// <param name="owner">The token of the batch; null for none.</param>
    /// <param name="after">The project afterwards.</param>
    public ScopeState Detach(OssBucketAttachment attachment, long revision, OwnerToken? owner, out Project after)
    {
        Invariant.Holds(TryFind(attachment.ProjectName.Value, out Project? before), "a bucket is attached to a project that exists");
        after = before with { Attachments = before.Attachments.Remove(attachment.OssBucket, owner), Revision = revision };
        return With(before, after, owner).WithAttachments(_attachments.Remove(attachment.OssBucket, owner));
    }

    /// <summary>Adds a project, or replaces the one of its name, which has the same attached buckets.</summary>
    /// <param name="before">The project of that name in this state; null for a new one.</param>
    /// <param name="after">The project.</param>
    /// <param name="owner">The token of the batch; null for none.</param>
    /// <param name="number">The greatest number that the change has given out; 0 for none.</param>
    public ScopeState With(Project? before, Project after, OwnerToken? owner, long number = 0)
    {
        Invariant.Holds(after.DatasetCount == after.Datasets.Count, "a project counts its datasets");
        NameTree<OssBucketAttachment> attachments = _attachments;
        if (before is null && after.Attachments.Count > 0)
        {
            foreach (OssBucketAttachment attachment in after.Attachments.After(null))
            {
                attachments = attachments.Set(attachment, owner);
            }
        }

        return new ScopeState(
            Scope,
            Defaults,
            OwnProjectQuota,
            _projects.Set(before, after, owner),
            attachments,
            DatasetCount - (before?.DatasetCount ?? 0) + after.DatasetCount,
            Math.Max(LastNumber, number),
            Math.Max(Revision, after.Revision));
    }

    /// <summary>Adds projects and replaces others, of different names. What is added has no attached buckets.</summary>
    /// <param name="projects">For each, the project of that name in this state, null for a new one, and the project.</param>
    /// <param name="owner">The token of the batch; null for none.</param>
    /// <param name="number">The greatest number that the changes have given out.</param>
    public ScopeState With(ReadOnlySpan<(Project? Before, Project After)> projects, OwnerToken? owner, long number)
    {
        if (projects.IsEmpty)
        {
            return this;
        }

        (long datasetCount, long revision) = (DatasetCount, Revision);
        foreach ((Project? before, Project after) in projects)
        {
            Invariant.Holds(after.DatasetCount == after.Datasets.Count, "a project counts its datasets");
            Invariant.Holds(before is not null || after.Attachments.Count == 0, "a project is new before a bucket is attached");
            datasetCount += after.DatasetCount - (before?.DatasetCount ?? 0);
            revision = Math.Max(revision, after.Revision);
        }

        return new ScopeState(
            Scope,
            Defaults,
            OwnProjectQuota,
            _projects.Set(projects, owner),
            _attachments,
            datasetCount,
            Math.Max(LastNumber, number),
            revision);
    }

    /// <summary>Removes a project.</summary>
    /// <param name="before">A project of this state.</param>
    /// <param name="revision">The revision of the removal.</param>
    /// <param name="owner">The token of the batch; null for none.</param>
    public ScopeState Without(Project before, long revision, OwnerToken? owner) => new(
        Scope,
        Defaults,
        OwnProjectQuota,
        _projects.Remove(before, owner),
        _attachments,
        DatasetCount - before.DatasetCount,
        LastNumber,
        revision);

    /// <summary>
    /// Prepares a state that is kept while the scope is changed: what it costs to read does not grow with the changes.
    /// </summary>
    public void Freeze() => _projects.Freeze();

    /// <summary>Copies the state for a store with other defaults.</summary>
    public ScopeState With(ServiceDefaults defaults) =>
        defaults == Defaults
            ? this
            : new(Scope, defaults, OwnProjectQuota, _projects, _attachments, DatasetCount, LastNumber, Revision);

    /// <summary>Copies the state with a revision that is not below the present one.</summary>
    public ScopeState WithRevision(long revision)
    {
        Invariant.Holds(revision >= Revision, "a revision never falls");
        return new(Scope, Defaults, OwnProjectQuota, _projects, _attachments, DatasetCount, LastNumber, revision);
    }

    public ScopeState WithProjectQuota(int? projectQuota) =>
        new(Scope, Defaults, projectQuota, _projects, _attachments, DatasetCount, LastNumber, Revision);

    private ScopeState WithAttachments(NameTree<OssBucketAttachment> attachments) =>
        new(Scope, Defaults, OwnProjectQuota, _projects, attachments, DatasetCount, LastNumber, Revision);
}
