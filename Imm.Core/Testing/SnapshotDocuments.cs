using System.Text.Json.Serialization;
using Imm.Core.Model;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

/// <summary>The content of a snapshot.</summary>
/// <param name="Image">The scopes that are not as in a new store.</param>
/// <param name="ProjectQuota">The project quota of the other scopes.</param>
/// <param name="Time">The time on the clock of the store.</param>
internal sealed record SnapshotContent(IReadOnlyDictionary<Scope, ScopeState> Image, int ProjectQuota, DateTimeOffset Time);

// The JSON objects of a snapshot as they are read. All properties but the names may be absent.

/// <summary>A whole store.</summary>
internal sealed class SnapshotDocument
{
    public const string CurrentFormat = "imm-core-snapshot/1";

    public string? Format { get; set; }

    public string? Time { get; set; }

    public int? ProjectQuota { get; set; }

    public ScopeDocument?[]? Scopes { get; set; }
}

/// <summary>An account in a region.</summary>
internal sealed class ScopeDocument
{
    public string? AccountId { get; set; }

    public string? RegionId { get; set; }

    /// <summary>Only where it was set.</summary>
    public int? ProjectQuota { get; set; }

    public long? Revision { get; set; }

    public ProjectWithDatasets?[]? Projects { get; set; }
}

/// <summary>A project with its datasets.</summary>
internal sealed class ProjectWithDatasets : ProjectDocument
{
    public long? Revision { get; set; }

    public DatasetDocument?[]? Datasets { get; set; }
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

/// <summary>
/// The types of the documents. An unknown or repeated field is an error and not skipped: a snapshot is written by hand too.
/// </summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext;
