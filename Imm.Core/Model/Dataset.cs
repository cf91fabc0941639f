using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A dataset of a project as it was at one committed moment: what it may hold and what it holds.</summary>
/// <remarks>
/// The fields are those of the service's structure "Dataset". Equal where all of them are equal. Immutable, and so safe to share between threads.
/// </remarks>
public sealed record Dataset
{
    private readonly long _createTicks;
    private readonly long _updateTicks;

    internal Dataset(ProjectName projectName, string datasetName, string description, string templateId, DatasetQuota quota, long createTicks, long updateTicks)
    {
        ProjectName = projectName;
        DatasetName = datasetName;
        Description = description;
        TemplateId = templateId;
        Quota = quota;
        _createTicks = createTicks;
        _updateTicks = updateTicks;
        Invariant.Holds(NameRule.Holds(datasetName) && updateTicks >= createTicks, "a dataset has a name and is not changed before it is created");
    }

    /// <summary>The project that the dataset belongs to.</summary>
    public ProjectName ProjectName { get; }

    /// <summary>The name, unique in its project, under the same rule as a project's.</summary>
    public string DatasetName { get; }

    /// <summary>The workflow template; empty unless the request named one.</summary>
    public string TemplateId { get; internal init; }

    /// <summary>When the dataset was created, in UTC, to 100 ns. Never changes.</summary>
    public DateTimeOffset CreateTime => new(_createTicks, TimeSpan.Zero);

    /// <summary>When the dataset's own fields were last changed, in UTC, to 100 ns. Bindings and files do not move it.</summary>
    public DateTimeOffset UpdateTime => new(UpdateTicks, TimeSpan.Zero);

    /// <summary>The description, exactly as given; may be empty.</summary>
    public string Description { get; internal init; }

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

    /// <summary>How many bindings the dataset has.</summary>
    public long BindCount { get; internal init; }

    /// <summary>How many files the dataset has; may be above its limit after the limit was lowered.</summary>
    public long FileCount { get; internal init; }

    /// <summary>How many bytes those files have together; may be above its limit after the limit was lowered.</summary>
    public long TotalFileSize { get; internal init; }

    /// <summary>The five limits together.</summary>
    public DatasetQuota Quota { get; internal init; }

    internal long CreateTicks => _createTicks;

    internal long UpdateTicks
    {
        get => _updateTicks;
        init => _updateTicks = value;
    }
}
