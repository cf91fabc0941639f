using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A dataset of a project as it was at one committed moment: its fields, its limits, and the counts of its content.</summary>
/// <remarks>
/// The fields are those of the service's structure "Dataset". Equal where all of them are equal. Immutable and thread-safe.
/// </remarks>
public sealed record Dataset
{
    private readonly long _createTicks;
    private readonly long _updateTicks;

    internal Dataset(
        ProjectName projectName,
        string datasetName,
        string description,
        string templateId,
        DatasetQuota quota,
        long createTicks,
        long updateTicks)
    {
        ProjectName = projectName;
        DatasetName = datasetName;
        Description = description;
        TemplateId = templateId;
        Quota = quota;
        _createTicks = createTicks;
        _updateTicks = updateTicks;
        Invariant.Holds(
            NameRule.Holds(datasetName) && updateTicks >= createTicks, "a dataset has a name and is changed after it is created");
    }

    /// <summary>The project that the dataset belongs to.</summary>
    public ProjectName ProjectName { get; }

    /// <summary>The name, unique in its project, under the same rule as a project's.</summary>
    public string DatasetName { get; }

    /// <summary>The workflow template; empty unless the request set one.</summary>
    public string TemplateId { get; internal init; }

    /// <summary>The time at which the dataset was created, in UTC, to 100 ns. Never changes.</summary>
    public DateTimeOffset CreateTime => new(_createTicks, TimeSpan.Zero);

    /// <summary>The time of the last change of the dataset's own fields, in UTC, to 100 ns. Bindings and files do not move it.</summary>
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

    /// <summary>The number of bindings.</summary>
    public long BindCount { get; internal init; }

    /// <summary>The number of files; may be above its limit after the limit was lowered.</summary>
    public long FileCount { get; internal init; }

    /// <summary>The number of bytes in those files together; may be above its limit after the limit was lowered.</summary>
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
