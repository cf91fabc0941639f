using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Imm.Core.Wire;

// The JSON objects of the wire. Their properties stand in the order in which they are written. What is read may lack any of them.

/// <summary>The service's structure "Project".</summary>
internal class ProjectDocument
{
    public string? ProjectName { get; set; }

    public string? ServiceRole { get; set; }

    public string? TemplateId { get; set; }

    public string? CreateTime { get; set; }

    public string? UpdateTime { get; set; }

    public string? Description { get; set; }

    public long? ProjectQueriesPerSecond { get; set; }

    public long? EngineConcurrency { get; set; }

    public long? ProjectMaxDatasetCount { get; set; }

    public long? DatasetMaxBindCount { get; set; }

    public long? DatasetMaxFileCount { get; set; }

    public long? DatasetMaxEntityCount { get; set; }

    public long? DatasetMaxRelationCount { get; set; }

    public long? DatasetMaxTotalFileSize { get; set; }

    public long? DatasetCount { get; set; }

    public long? FileCount { get; set; }

    public long? TotalFileSize { get; set; }

    public TagDocument?[]? Tags { get; set; }
}

/// <summary>A recorded project: bare, or in the envelope that CreateProject, GetProject and UpdateProject answer with.</summary>
internal sealed class RecordedProject : ProjectDocument
{
    public ProjectDocument? Project { get; set; }
}

/// <summary>A tag as an answer shows it.</summary>
internal sealed class TagDocument
{
    public string? TagKey { get; set; }

    public string? TagValue { get; set; }
}

/// <summary>A tag as a request names it.</summary>
internal sealed class RequestedTagDocument
{
    public string? Key { get; set; }

    public string? Value { get; set; }
}

internal sealed record ProjectAnswer(string RequestId, ProjectDocument Project);

internal sealed record ProjectsAnswer(
    string RequestId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextToken,
    ProjectDocument[] Projects);

internal sealed record DoneAnswer(string RequestId);

internal sealed record ErrorAnswer(string RequestId, string HostId, string Code, string Message, string Recommend);

[JsonSerializable(typeof(ProjectDocument))]
[JsonSerializable(typeof(RecordedProject))]
[JsonSerializable(typeof(RequestedTagDocument[]))]
[JsonSerializable(typeof(ProjectAnswer))]
[JsonSerializable(typeof(ProjectsAnswer))]
[JsonSerializable(typeof(DoneAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class WireJsonContext : JsonSerializerContext
{
    /// <summary>
    /// Escapes what JSON requires and nothing else, so that Chinese text and the '+' of an offset stay readable. What the default escapes besides
    /// guards text pasted into HTML; this text is served as application/json.
    /// </summary>
    public static WireJsonContext Instance { get; } = new(new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
}
