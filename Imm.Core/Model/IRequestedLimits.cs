namespace Imm.Core.Model;

/// <summary>A request that names limits for datasets.</summary>
internal interface IRequestedLimits
{
    long? DatasetMaxBindCount { get; }

    long? DatasetMaxFileCount { get; }

    long? DatasetMaxEntityCount { get; }

    long? DatasetMaxRelationCount { get; }

    long? DatasetMaxTotalFileSize { get; }

    UnreadableParameters? Unreadable { get; }
}

/// <summary>A request that names fields of a project.</summary>
internal interface IRequestedProject : IRequestedLimits
{
    string? Description { get; }

    string? ServiceRole { get; }

    string? TemplateId { get; }

    long? ProjectMaxDatasetCount { get; }

    IReadOnlyList<Tag>? Tag { get; }
}

/// <summary>A request that names fields of a dataset.</summary>
internal interface IRequestedDataset : IRequestedLimits
{
    string? ProjectName { get; }

    string? DatasetName { get; }

    string? Description { get; }

    string? TemplateId { get; }
}
