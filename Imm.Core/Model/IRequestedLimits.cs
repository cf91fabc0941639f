namespace Imm.Core.Model;

/// <summary>A request that names limits for datasets.</summary>
internal interface IRequestedLimits
{
    long? DatasetMaxBindCount { get; set; }

    long? DatasetMaxFileCount { get; set; }

    long? DatasetMaxEntityCount { get; set; }

    long? DatasetMaxRelationCount { get; set; }

    long? DatasetMaxTotalFileSize { get; set; }

    UnreadableParameters? Unreadable { get; set; }
}

/// <summary>A request that names fields of a project.</summary>
internal interface IRequestedProject : IRequestedLimits
{
    string? ProjectName { get; set; }

    string? Description { get; set; }

    string? ServiceRole { get; set; }

    string? TemplateId { get; set; }

    long? ProjectMaxDatasetCount { get; set; }

    IReadOnlyList<Tag>? Tag { get; set; }
}

/// <summary>A request that names fields of a dataset.</summary>
internal interface IRequestedDataset : IRequestedLimits
{
    string? ProjectName { get; set; }

    string? DatasetName { get; set; }

    string? Description { get; set; }

    string? TemplateId { get; set; }
}
