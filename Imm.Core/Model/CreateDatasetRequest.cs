using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// A dataset to create: the parameters of the service's CreateDataset, under its names. Nothing is checked before the request is used.
/// </summary>
/// <remarks>Not safe to change while a call that was given it has not returned.</remarks>
public sealed class CreateDatasetRequest : IRequestedDataset
{
    /// <summary>The project. Required.</summary>
    public string? ProjectName { get; set; }

    /// <summary>The name. Required; 1 to 128 of the ASCII letters, digits, <c>-</c> and <c>_</c>, the first a letter or <c>_</c>.</summary>
    public string? DatasetName { get; set; }

    /// <summary>The description: at most 256 characters (Unicode scalar values), kept exactly as given. Null or empty: none.</summary>
    public string? Description { get; set; }

    /// <summary>
    /// The workflow template: at most 128 characters (Unicode scalar values), none of them a control character. Null or empty: none.
    /// </summary>
    public string? TemplateId { get; set; }

    /// <summary>The most bindings: 1 to 10. Null: what the project says now.</summary>
    public long? DatasetMaxBindCount { get; set; }

    /// <summary>The most files: 1 to 100,000,000. Null: what the project says now.</summary>
    public long? DatasetMaxFileCount { get; set; }

    /// <summary>The most metadata entities: 1 to 2^63−1. Null: what the project says now.</summary>
    public long? DatasetMaxEntityCount { get; set; }

    /// <summary>The most metadata relations: 1 to 2^63−1. Null: what the project says now.</summary>
    public long? DatasetMaxRelationCount { get; set; }

    /// <summary>The most bytes in the files: 1 to 2^63−1. Null: what the project says now.</summary>
    public long? DatasetMaxTotalFileSize { get; set; }

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
    internal CreateDatasetRequest Copy() => (CreateDatasetRequest)MemberwiseClone();
}
