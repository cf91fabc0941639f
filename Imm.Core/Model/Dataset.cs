using System.Text.Json.Serialization;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>A dataset of a project as it was at one committed moment: its fields, its limits, and the counts of its content.</summary>
/// <remarks>
/// The fields are those of the service's structure "Dataset", and a revision. Equal where all of them are equal. Immutable and thread-safe.
/// </remarks>
[JsonConverter(typeof(ImmJsonConverter))]
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

    /// <summary>
    /// The revision of the account's projects in the region at which this dataset, its bindings or its files last changed: 1 or more,
    /// higher with every change, also over restarts. It is no field of the service.
    /// </summary>
    public long Revision { get; internal init; }

    internal long CreateTicks => _createTicks;

    internal long UpdateTicks
    {
        get => _updateTicks;
        init => _updateTicks = value;
    }

    /// <summary>Compares the fields of two datasets; their revisions may differ.</summary>
    /// <param name="other">The other dataset.</param>
    /// <returns>True if all are equal.</returns>
    public bool Equals(Dataset? other) =>
        ReferenceEquals(this, other)
        || (other is not null
            && ProjectName == other.ProjectName
            && DatasetName == other.DatasetName
            && TemplateId == other.TemplateId
            && _createTicks == other._createTicks
            && _updateTicks == other._updateTicks
            && Description == other.Description
            && Quota == other.Quota
            && BindCount == other.BindCount
            && FileCount == other.FileCount
            && TotalFileSize == other.TotalFileSize);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(ProjectName, DatasetName, _createTicks, _updateTicks, FileCount, TotalFileSize);

    /// <summary>The names and counts, for people.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"{ProjectName}/{DatasetName} (bindings: {BindCount}, files: {FileCount}, bytes: {TotalFileSize})");
}
