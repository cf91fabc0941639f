using System.Globalization;
using System.Text;
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
[JsonSerializable(typeof(DatasetAnswer))]
[JsonSerializable(typeof(DatasetsAnswer))]
[JsonSerializable(typeof(BindingAnswer))]
[JsonSerializable(typeof(BindingsAnswer))]
[JsonSerializable(typeof(DoneAnswer))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class WireJsonContext : JsonSerializerContext
{
    public static WireJsonContext Instance { get; } = new(new JsonSerializerOptions { Converters = { new PlainTextConverter() } });
}

/// <summary>
/// Writes texts with the escapes that JSON requires and no others, so that Chinese text, also beyond the basic plane, and the '+' of an offset stay
/// readable. The encoders of the framework escape at least what is beyond the basic plane.
/// </summary>
internal sealed class PlainTextConverter : JsonConverter<string>
{
    public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? reader.GetString() : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        var json = new StringBuilder(value.Length + 2).Append('"');
        foreach (Rune rune in value.EnumerateRunes())
        {
            _ = rune.Value switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append(@"\\"),
                '\n' => json.Append(@"\n"),
                '\r' => json.Append(@"\r"),
                '\t' => json.Append(@"\t"),
                '\b' => json.Append(@"\b"),
                '\f' => json.Append(@"\f"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
                _ => json.Append(rune),
            };
        }

        writer.WriteRawValue(json.Append('"').ToString(), skipInputValidation: true);
    }
}
