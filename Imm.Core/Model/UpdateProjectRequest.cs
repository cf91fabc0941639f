using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// The changes of a project: the parameters of the service's UpdateProject, under its names. A field that is null stays as it is; at least
/// one is not null.
/// </summary>
/// <remarks>Not safe to change while a call that was given it has not returned.</remarks>
public sealed class UpdateProjectRequest : IRequestedProject
{
    /// <summary>The name of the project to change. Required; it cannot be changed itself.</summary>
    public string? ProjectName { get; set; }

    /// <summary>
    /// The description: at most 256 characters (Unicode scalar values), kept exactly as given. Empty: none. Null: unchanged.
    /// </summary>
    public string? Description { get; set; }

    /// <summary>
    /// The RAM role: 1 to 64 of the ASCII letters, digits, <c>.</c>, <c>-</c> and <c>_</c>. Empty: <c>AliyunIMMDefaultRole</c>. Null:
    /// unchanged.
    /// </summary>
    public string? ServiceRole { get; set; }

    /// <summary>
    /// The workflow template: at most 128 characters (Unicode scalar values), none of them a control character. Empty: none. Null:
    /// unchanged.
    /// </summary>
    public string? TemplateId { get; set; }

    /// <summary>The most datasets in the project: 1 to 1,000,000,000. Null: unchanged.</summary>
    public long? ProjectMaxDatasetCount { get; set; }

    /// <summary>The most bindings in a dataset: 1 to 10. Null: unchanged.</summary>
    public long? DatasetMaxBindCount { get; set; }

    /// <summary>The most files in a dataset: 1 to 100,000,000. Null: unchanged.</summary>
    public long? DatasetMaxFileCount { get; set; }

    /// <summary>The most metadata entities in a dataset: 1 to 2^63−1. Null: unchanged.</summary>
    public long? DatasetMaxEntityCount { get; set; }

    /// <summary>The most metadata relations in a dataset: 1 to 2^63−1. Null: unchanged.</summary>
    public long? DatasetMaxRelationCount { get; set; }

    /// <summary>The most bytes in the files of a dataset: 1 to 2^63−1. Null: unchanged.</summary>
    public long? DatasetMaxTotalFileSize { get; set; }

    /// <summary>
    /// The tags that replace all present ones, empty for none: under the rules of
    /// <see cref="CreateProjectRequest.Tag"/>. Null: unchanged.
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
    internal UpdateProjectRequest Copy()
    {
        var copy = (UpdateProjectRequest)MemberwiseClone();
        UnreadableParameters? unreadable = copy.Unreadable;
        copy.Tag = TagSet.Copy(copy.Tag, ref unreadable);
        copy.Unreadable = unreadable;
        return copy;
    }
}
