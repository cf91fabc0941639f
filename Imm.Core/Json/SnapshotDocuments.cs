using System.Text.Json.Serialization;

namespace Imm.Core.Json;

// The JSON objects of a snapshot that are read as a whole. All properties but the names may be absent.

/// <summary>A project with its datasets and attached buckets.</summary>
internal sealed class ProjectWithDatasets : ProjectDocument
{
    public long? Revision { get; set; }

    public DatasetDocument?[]? Datasets { get; set; }

    [JsonPropertyName("AttachedOSSBuckets")]
    public AttachmentDocument?[]? AttachedOssBuckets { get; set; }
}

/// <summary>A dataset with its bindings.</summary>
internal sealed class DatasetDocument : ResourceDocument
{
    public string? DatasetName { get; set; }

    public long? Revision { get; set; }

    public long? BindCount { get; set; }

    public BindingDocument?[]? Bindings { get; set; }
}

/// <summary>A binding.</summary>
internal sealed class BindingDocument
{
    [JsonPropertyName("URI")]
    public string? Uri { get; set; }

    public string? CreateTime { get; set; }
}

/// <summary>An attached bucket.</summary>
internal sealed class AttachmentDocument
{
    [JsonPropertyName("OSSBucket")]
    public string? OssBucket { get; set; }

    public string? Description { get; set; }

    public string? CreateTime { get; set; }
}

/// <summary>
/// The types of the documents. An unknown or repeated field is an error and not skipped: a snapshot is written by hand too.
/// </summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(ProjectWithDatasets))]
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(long?))]
[JsonSerializable(typeof(string))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;
