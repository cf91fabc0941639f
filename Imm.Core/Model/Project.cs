using System.Globalization;
using System.Text.Json.Serialization;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A project as it was at one committed moment: a named container for datasets, with limits and tags.</summary>
/// <remarks>
/// The 18 fields are those of the service's structure "Project". Equal where all of them are equal. Immutable and thread-safe.
/// </remarks>
[JsonConverter(typeof(ImmJsonConverter))]
public sealed record Project : INamed
{
    private readonly long _createTicks;
    private readonly long _updateTicks;
    private readonly ProjectContents _contents = ProjectContents.None;

    internal Project(
        string name,
        string description,
        string serviceRole,
        string templateId,
        Quota quota,
        TagSet tags,
        long createTicks,
        long updateTicks,
        ProjectCapacity capacity)
        : this(name, description, ProjectSettings.Of(serviceRole, templateId, quota, tags, capacity), createTicks, updateTicks)
    {
    }

    internal Project(string name, string description, ProjectSettings settings, long createTicks, long updateTicks)
    {
        Name = name;
        Description = description;
        Settings = settings;
        _createTicks = createTicks;
        _updateTicks = updateTicks;
        Invariant.Holds(
            NameRule.Holds(name) && updateTicks >= createTicks, "a project has a name and is changed after it is created");
    }

    /// <summary>The name, unique in its account and region. Each call makes a new object, and all of them are equal.</summary>
    public ProjectName ProjectName => ProjectName.Trusted(Name);

    /// <summary>
    /// The RAM role that the service would use to reach other resources; <c>AliyunIMMDefaultRole</c> unless the request set one.
    /// </summary>
    public string ServiceRole => Settings.ServiceRole;

    /// <summary>The workflow template; empty unless the request set one.</summary>
    public string TemplateId => Settings.TemplateId;

    /// <summary>The time at which the project was created, in UTC, to 100 ns. Never changes.</summary>
    public DateTimeOffset CreateTime => new(_createTicks, TimeSpan.Zero);

    /// <summary>
    /// The time of the last change of the project itself, in UTC, to 100 ns. Each update moves it on by at least 100 ns; a change of a
    /// dataset does not.
    /// </summary>
    public DateTimeOffset UpdateTime => new(UpdateTicks, TimeSpan.Zero);

    /// <summary>The description, exactly as given; may be empty.</summary>
    public string Description { get; internal init; }

    /// <summary>The queries per second that the service grants the project. Informative: not enforced here.</summary>
    public long ProjectQueriesPerSecond => Settings.Capacity.ProjectQueriesPerSecond;

    /// <summary>The concurrent processing that the service grants the project. Informative: not enforced here.</summary>
    public long EngineConcurrency => Settings.Capacity.EngineConcurrency;

    /// <inheritdoc cref="Quota.ProjectMaxDatasetCount"/>
    public long ProjectMaxDatasetCount => Quota.ProjectMaxDatasetCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxBindCount"/>
    public long DatasetMaxBindCount => Quota.DatasetMaxBindCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxFileCount"/>
    public long DatasetMaxFileCount => Quota.DatasetMaxFileCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxEntityCount"/>
    public long DatasetMaxEntityCount => Quota.DatasetMaxEntityCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxRelationCount"/>
    public long DatasetMaxRelationCount => Quota.DatasetMaxRelationCount;

    /// <inheritdoc cref="DatasetQuota.DatasetMaxTotalFileSize"/>
    public long DatasetMaxTotalFileSize => Quota.DatasetMaxTotalFileSize;

    /// <summary>The number of datasets in the project.</summary>
    public long DatasetCount
    {
        get => _contents.DatasetCount;
        internal init => _contents = value == DatasetCount ? _contents : _contents with { DatasetCount = value };
    }

    /// <summary>The number of files in its datasets together.</summary>
    public long FileCount
    {
        get => _contents.FileCount;
        internal init => _contents = value == FileCount ? _contents : _contents with { FileCount = value };
    }

    /// <summary>The number of bytes in those files together.</summary>
    public long TotalFileSize
    {
        get => _contents.TotalFileSize;
        internal init => _contents = value == TotalFileSize ? _contents : _contents with { TotalFileSize = value };
    }

    /// <summary>The tags, in the order given; never null.</summary>
    public IReadOnlyList<Tag> Tags => Settings.Tags;

    /// <summary>The six limits together.</summary>
    public Quota Quota => Settings.Quota;

    /// <summary>
    /// The revision of the account's projects in the region at which this project, or something in it, last changed: 1 or more, higher with
    /// every change, also over restarts. 0 for a project that no store returned. It is no field of the service.
    /// </summary>
    public long Revision { get; internal init; }

    /// <summary>The name as text. <see cref="ProjectName"/> is made at each call, so that a project is one object less.</summary>
    internal string Name { get; }

    internal long CreateTicks => _createTicks;

    internal long UpdateTicks
    {
        get => _updateTicks;
        init
        {
            Invariant.Holds(value >= _updateTicks, "an update moves the time on");
            _updateTicks = value;
        }
    }

    internal ProjectSettings Settings { get; init; }

    /// <summary>The number in its scope, under which the project is stored; 0 for one that is not in a scope.</summary>
    internal long Number { get; init; }

    /// <summary>The datasets; none for a project that is not in a scope, whatever its counts say.</summary>
    internal NameTree<DatasetEntry> Datasets
    {
        get => _contents.Datasets;
        init => _contents = value == Datasets ? _contents : _contents with { Datasets = value };
    }

    /// <summary>The attached buckets; none for a project that is not in a scope.</summary>
    internal NameTree<OssBucketAttachment> Attachments
    {
        get => _contents.Attachments;
        init => _contents = value == Attachments ? _contents : _contents with { Attachments = value };
    }

    string INamed.Name => Name;

    private ProjectContents Contents
    {
        init => _contents = value;
    }

    /// <inheritdoc/>
    IUnpacker? INamed.Pack(Span<byte> bytes, out int length)
    {
        length = 0;
        return _contents == ProjectContents.None && ProjectSettings.TryPack(this, bytes, out length) ? Settings : null;
    }

    /// <summary>Compares the 18 fields of two projects; their revisions may differ.</summary>
    /// <param name="other">The other project.</param>
    /// <returns>True if all are equal.</returns>
    public bool Equals(Project? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && Name == other.Name
            && _createTicks == other._createTicks
            && _updateTicks == other._updateTicks
            && Description == other.Description
            && DatasetCount == other.DatasetCount
            && FileCount == other.FileCount
            && TotalFileSize == other.TotalFileSize
            && Settings == other.Settings);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, _createTicks, _updateTicks, DatasetCount, FileCount, TotalFileSize);

    /// <summary>The name, counts and creation time, for people.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Name} (datasets: {DatasetCount}, files: {FileCount}, bytes: {TotalFileSize}, "
        + $"created: {CreateTime:yyyy-MM-dd'T'HH:mm:ss'Z'})");

    /// <summary>Adds a dataset, or replaces the one of its name, and brings the sums up to date.</summary>
    internal Project With(DatasetEntry dataset, OwnerToken? owner)
    {
        DatasetEntry? before = Datasets.Find(dataset.Name);
        return this with
        {
            Revision = Math.Max(Revision, dataset.Dataset.Revision),
            Contents = _contents with
            {
                DatasetCount = DatasetCount + (before is null ? 1 : 0),
                FileCount = FileCount - (before?.Dataset.FileCount ?? 0) + dataset.Dataset.FileCount,
                TotalFileSize = TotalFileSize - (before?.Dataset.TotalFileSize ?? 0) + dataset.Dataset.TotalFileSize,
                Datasets = Datasets.Set(dataset, owner),
            },
        };
    }

    /// <summary>Removes a dataset of the project and brings the sums up to date.</summary>
    internal Project Without(DatasetEntry dataset, long revision, OwnerToken? owner) => this with
    {
        Revision = revision,
        Contents = _contents with
        {
            DatasetCount = DatasetCount - 1,
            FileCount = FileCount - dataset.Dataset.FileCount,
            TotalFileSize = TotalFileSize - dataset.Dataset.TotalFileSize,
            Datasets = Datasets.Remove(dataset.Name, owner),
        },
    };
}
