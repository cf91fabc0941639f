using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Imm.Core.Wire;

namespace Imm.Core.Testing;

// The JSON of a snapshot. Its properties stand in the order in which they are written; a project's fields are those of the service.
// What is read may lack all but the names.

/// <summary>A whole store.</summary>
internal sealed class SnapshotDocument
{
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

    public ProjectWithDatasets?[]? Projects { get; set; }
}

/// <summary>A project in the service's form, with what belongs to it.</summary>
internal sealed class ProjectWithDatasets : ProjectDocument
{
    [JsonPropertyOrder(1)]
    public DatasetDocument?[]? Datasets { get; set; }
}

/// <summary>A dataset in the service's form, with what belongs to it.</summary>
internal sealed class DatasetDocument
{
    public string? DatasetName { get; set; }

    public string? TemplateId { get; set; }

    public string? CreateTime { get; set; }

    public string? UpdateTime { get; set; }

    public string? Description { get; set; }

    public long? DatasetMaxBindCount { get; set; }

    public long? DatasetMaxFileCount { get; set; }

    public long? DatasetMaxEntityCount { get; set; }

    public long? DatasetMaxRelationCount { get; set; }

    public long? DatasetMaxTotalFileSize { get; set; }

    public long? BindCount { get; set; }

    public long? FileCount { get; set; }

    public long? TotalFileSize { get; set; }

    public BindingDocument?[]? Bindings { get; set; }
}

/// <summary>A binding.</summary>
internal sealed class BindingDocument
{
    [JsonPropertyName("URI")]
    public string? Uri { get; set; }

    public string? CreateTime { get; set; }
}

/// <summary>An answer of the service that was recorded: a bare project, the answer about one project, or a page of projects.</summary>
internal sealed class RecordedAnswer : ProjectDocument
{
    public ProjectDocument? Project { get; set; }

    public ProjectDocument?[]? Projects { get; set; }
}

[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJsonContext : JsonSerializerContext
{
    /// <summary>For people to read, to keep in a repository and to compare: one field a line. A field that is not known is a mistake and not skipped.</summary>
    public static SnapshotJsonContext Instance { get; } = new(new JsonSerializerOptions
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
    });
}

/// <summary>What the service answers may have fields that are not known here.</summary>
[JsonSerializable(typeof(RecordedAnswer))]
internal sealed partial class RecordedJsonContext : JsonSerializerContext;
