using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The parameters that CreateProject and UpdateProject share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class ProjectRequest : ResourceRequest
{
    private protected ProjectRequest()
    {
    }

    /// <summary>
    /// The RAM role: 1 to 64 of the ASCII letters, digits, <c>.</c>, <c>-</c> and <c>_</c>. Empty: <c>AliyunIMMDefaultRole</c>. Null:
    /// <c>AliyunIMMDefaultRole</c> for a new project, unchanged in an update.
    /// </summary>
    public string? ServiceRole { get; set; }

    /// <summary>
    /// The most datasets in the project: 1 to 1,000,000,000. Null: 1,000,000,000 for a new project, unchanged in an update.
    /// </summary>
    public long? ProjectMaxDatasetCount
    {
        get => Limits[Limit.ProjectMaxDatasetCount];
        set => Limits[Limit.ProjectMaxDatasetCount] = value;
    }

    /// <summary>
    /// The tags: at most 20, keys distinct. A key has 1 to 128 characters (Unicode scalar values) and does not start with <c>aliyun</c> or
    /// <c>acs:</c>; a value has 0 to 128 and does not start with <c>acs:</c>; neither contains <c>http://</c> or <c>https://</c>; all in
    /// any case. In an update they replace all present ones. Empty: none. Null: none for a new project, unchanged in an update.
    /// </summary>
    public IReadOnlyList<Tag>? Tag { get; set; }

    private protected override void CopyTags() => Tag = TagSet.Copy(Tag, this);
}
