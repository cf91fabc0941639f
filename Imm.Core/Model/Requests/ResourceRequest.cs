using Imm.Core.Model;

namespace Imm.Core;

/// <summary>The parameters that requests about a project and requests about a dataset share.</summary>
/// <inheritdoc cref="ImmRequest" path="/remarks"/>
public abstract class ResourceRequest : ImmRequest
{
    private LimitSet<long?> _limits;

    private protected ResourceRequest()
    {
    }

    /// <summary>
    /// The name of the project. Required; 1 to 128 of the ASCII letters, digits, <c>-</c> and <c>_</c>, the first a letter or <c>_</c>. No
    /// update can change it.
    /// </summary>
    public string? ProjectName { get; set; }

    /// <summary>
    /// The description: at most 256 characters (Unicode scalar values), kept exactly as given. Empty: none. Null: none when it is created,
    /// unchanged in an update.
    /// </summary>
    public string? Description { get; set; }

    /// <summary>
    /// The workflow template: at most 128 characters (Unicode scalar values), none of them a control character. Empty: none. Null: none
    /// when it is created, unchanged in an update.
    /// </summary>
    public string? TemplateId { get; set; }

    /// <summary>
    /// The most bindings in a dataset: 1 to 10. Null: 10 for a new project, the project's present limit for a new dataset, unchanged in an
    /// update.
    /// </summary>
    public long? DatasetMaxBindCount
    {
        get => _limits[Limit.DatasetMaxBindCount];
        set => _limits[Limit.DatasetMaxBindCount] = value;
    }

    /// <summary>
    /// The most files in a dataset: 1 to 100,000,000. Null: 100,000,000 for a new project, the project's present limit for a new dataset,
    /// unchanged in an update.
    /// </summary>
    public long? DatasetMaxFileCount
    {
        get => _limits[Limit.DatasetMaxFileCount];
        set => _limits[Limit.DatasetMaxFileCount] = value;
    }

    /// <summary>
    /// The most metadata entities in a dataset: 1 to 2^63−1. Null: 10,000,000,000 for a new project, the project's present limit for a new
    /// dataset, unchanged in an update.
    /// </summary>
    public long? DatasetMaxEntityCount
    {
        get => _limits[Limit.DatasetMaxEntityCount];
        set => _limits[Limit.DatasetMaxEntityCount] = value;
    }

    /// <summary>
    /// The most metadata relations in a dataset: 1 to 2^63−1. Null: 100,000,000,000 for a new project, the project's present limit for a
    /// new dataset, unchanged in an update.
    /// </summary>
    public long? DatasetMaxRelationCount
    {
        get => _limits[Limit.DatasetMaxRelationCount];
        set => _limits[Limit.DatasetMaxRelationCount] = value;
    }

    /// <summary>
    /// The most bytes in the files of a dataset: 1 to 2^63−1. Null: 90,000,000,000,000,000 for a new project, the project's present limit
    /// for a new dataset, unchanged in an update.
    /// </summary>
    public long? DatasetMaxTotalFileSize
    {
        get => _limits[Limit.DatasetMaxTotalFileSize];
        set => _limits[Limit.DatasetMaxTotalFileSize] = value;
    }

    /// <summary>
    /// True if a text form of the request has a parameter that the service has and Imm.Core ignores: an update of nothing else is accepted.
    /// </summary>
    internal bool HasIgnoredParameter { get; set; }

    internal ref LimitSet<long?> Limits => ref _limits;
}
