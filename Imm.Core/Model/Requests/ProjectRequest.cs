using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The parameters that CreateProject and UpdateProject share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class ProjectRequest : ImmRequest
{
    private LimitSet<long?> _limits;

    private protected ProjectRequest()
    {
    }

    /// <summary>
    /// The name. Required; 1 to 128 of the ASCII letters, digits, <c>-</c> and <c>_</c>, the first a letter or <c>_</c>. An update cannot
    /// change it: there it names the project to change.
    /// </summary>
    public string? ProjectName { get; set; }

    /// <summary>
    /// The description: at most 256 characters (Unicode scalar values), kept exactly as given. Empty: none. Null: none for a new project,
    /// unchanged in an update.
    /// </summary>
    public string? Description { get; set; }

    /// <summary>
    /// The RAM role: 1 to 64 of the ASCII letters, digits, <c>.</c>, <c>-</c> and <c>_</c>. Empty: <c>AliyunIMMDefaultRole</c>. Null:
    /// <c>AliyunIMMDefaultRole</c> for a new project, unchanged in an update.
    /// </summary>
    public string? ServiceRole { get; set; }

    /// <summary>
    /// The workflow template: at most 128 characters (Unicode scalar values), none of them a control character. Empty: none. Null: none for
    /// a new project, unchanged in an update.
    /// </summary>
    public string? TemplateId { get; set; }

    /// <summary>
    /// The most datasets in the project: 1 to 1,000,000,000. Null: 1,000,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? ProjectMaxDatasetCount
    {
        get => _limits[Limit.ProjectMaxDatasetCount];
        set => _limits[Limit.ProjectMaxDatasetCount] = value;
    }

    /// <summary>The most bindings in a dataset: 1 to 10. Null: 10 for a new project, unchanged in an update.</summary>
    public long? DatasetMaxBindCount
    {
        get => _limits[Limit.DatasetMaxBindCount];
        set => _limits[Limit.DatasetMaxBindCount] = value;
    }

    /// <summary>
    /// The most files in a dataset: 1 to 100,000,000. Null: 100,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? DatasetMaxFileCount
    {
        get => _limits[Limit.DatasetMaxFileCount];
        set => _limits[Limit.DatasetMaxFileCount] = value;
    }

    /// <summary>
    /// The most metadata entities in a dataset: 1 to 2^63−1. Null: 10,000,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? DatasetMaxEntityCount
    {
        get => _limits[Limit.DatasetMaxEntityCount];
        set => _limits[Limit.DatasetMaxEntityCount] = value;
    }

    /// <summary>
    /// The most metadata relations in a dataset: 1 to 2^63−1. Null: 100,000,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? DatasetMaxRelationCount
    {
        get => _limits[Limit.DatasetMaxRelationCount];
        set => _limits[Limit.DatasetMaxRelationCount] = value;
    }

    /// <summary>
    /// The most bytes in the files of a dataset: 1 to 2^63−1. Null: 90,000,000,000,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? DatasetMaxTotalFileSize
    {
        get => _limits[Limit.DatasetMaxTotalFileSize];
        set => _limits[Limit.DatasetMaxTotalFileSize] = value;
    }

    /// <summary>
    /// The tags: at most 20, keys distinct. A key has 1 to 128 characters (Unicode scalar values) and does not start with <c>aliyun</c> or
    /// <c>acs:</c>; a value has 0 to 128 and does not start with <c>acs:</c>; neither contains <c>http://</c> or <c>https://</c>; all in
    /// any case. In an update they replace all present ones. Empty: none. Null: none for a new project, unchanged in an update.
    /// </summary>
    public IReadOnlyList<Tag>? Tag { get; set; }

    internal ref LimitSet<long?> Limits => ref _limits;

    private protected override void CopyTags() => Tag = TagSet.Copy(Tag, this);
}
