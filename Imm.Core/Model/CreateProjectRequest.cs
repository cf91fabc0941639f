using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// A project to create: the parameters of the service's CreateProject, under its names. Nothing is checked before the request is used.
/// </summary>
/// <remarks>Not safe to change while a call that was given it has not returned.</remarks>
public sealed class CreateProjectRequest : IRequestedProject
{
    /// <summary>The name. Required; 1 to 128 of the ASCII letters, digits, <c>-</c> and <c>_</c>, the first a letter or <c>_</c>.</summary>
    public string? ProjectName { get; set; }

    /// <summary>The description: at most 256 characters (Unicode scalar values), kept exactly as given. Null or empty: none.</summary>
    public string? Description { get; set; }

    /// <summary>
    /// The RAM role: 1 to 64 of the ASCII letters, digits, <c>.</c>, <c>-</c> and <c>_</c>. Null or empty: <c>AliyunIMMDefaultRole</c>.
    /// </summary>
    public string? ServiceRole { get; set; }

    /// <summary>
    /// The workflow template: at most 128 characters (Unicode scalar values), none of them a control character. Null or empty: none.
    /// </summary>
    public string? TemplateId { get; set; }

    /// <summary>The most datasets in the project: 1 to 1,000,000,000. Null: 1,000,000,000.</summary>
    public long? ProjectMaxDatasetCount { get; set; }

    /// <summary>The most bindings in a dataset: 1 to 10. Null: 10.</summary>
    public long? DatasetMaxBindCount { get; set; }

    /// <summary>The most files in a dataset: 1 to 100,000,000. Null: 100,000,000.</summary>
    public long? DatasetMaxFileCount { get; set; }

    /// <summary>The most metadata entities in a dataset: 1 to 2^63−1. Null: 10,000,000,000.</summary>
    public long? DatasetMaxEntityCount { get; set; }

    /// <summary>The most metadata relations in a dataset: 1 to 2^63−1. Null: 100,000,000,000.</summary>
    public long? DatasetMaxRelationCount { get; set; }

    /// <summary>The most bytes in the files of a dataset: 1 to 2^63−1. Null: 90,000,000,000,000,000.</summary>
    public long? DatasetMaxTotalFileSize { get; set; }

    /// <summary>
    /// The tags: at most 20, keys distinct. A key has 1 to 128 characters (Unicode scalar values) and does not start with <c>aliyun</c> or
    /// <c>acs:</c>; a value has 0 to 128 and does not start with <c>acs:</c>; neither contains <c>http://</c> or <c>https://</c>; all in
    /// any case. Null: none.
    /// </summary>
    public IReadOnlyList<Tag>? Tag { get; set; }

    /// <summary>The texts in a text form of the request that are no values of their types, by parameter.</summary>
    internal UnreadableParameters? Unreadable { get; set; }

    UnreadableParameters? IRequestedLimits.Unreadable
    {
        get => Unreadable;
        set => Unreadable = value;
    }

    /// <summary>
    /// Copies the request, reading each property once: all that is done for a call is done from the copy, whatever the caller changes
    /// meanwhile.
    /// </summary>
    internal CreateProjectRequest Copy()
    {
        var copy = (CreateProjectRequest)MemberwiseClone();
        UnreadableParameters? unreadable = copy.Unreadable;
        copy.Tag = TagSet.Copy(copy.Tag, ref unreadable);
        copy.Unreadable = unreadable;
        return copy;
    }
}
