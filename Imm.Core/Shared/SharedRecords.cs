using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>
/// Writes the records of a shared store as JSON with the names of the service, and reads them. A field that has its default is left out,
/// and one that is not known is ignored, so that a later version may add some. What is read passes the rules of requests.
/// </summary>
internal sealed class SharedRecords(ServiceDefaults defaults)
{
    // A jsonb value holds every character but U+0000. It is written as two characters, of which the first is one of private use.
    private const string Escape = "\uE000";
    private const string EscapedEscape = "\uE000e";
    private const string EscapedNull = "\uE0000";

    private static readonly SearchValues<char> Escaped = SearchValues.Create('\0', '\uE000');

    /// <summary>The options of the writers: texts stay readable.</summary>
    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes the value of a record.</summary>
    public static void Write(Utf8JsonWriter json, ChangeKind kind, object value)
    {
        json.WriteStartObject();
        switch (kind)
        {
            case ChangeKind.Scope:
                WriteScope(json, (ScopeState)value);
                break;
            case ChangeKind.Project:
                WriteProject(json, (Project)value);
                break;
            case ChangeKind.Dataset:
                WriteDataset(json, (DatasetEntry)value);
                break;
            default:
                WriteAttachment(json, (OssBucketAttachment)value);
                break;
        }

        json.WriteEndObject();
    }

    /// <summary>The name of a kind in the tables.</summary>
    public static string NameOf(ChangeKind kind) => kind switch
    {
        ChangeKind.Scope => nameof(ChangeKind.Scope),
        ChangeKind.Project => nameof(ChangeKind.Project),
        ChangeKind.Dataset => nameof(ChangeKind.Dataset),
        _ => nameof(ChangeKind.Attachment),
    };

    /// <summary>Reads the value of a record.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="kind">The name of its kind.</param>
    /// <param name="number">Its number.</param>
    /// <param name="json">The JSON, in UTF-8.</param>
    /// <exception cref="FormatException">The value is not one that was written here.</exception>
    public (ChangeKind Kind, object Value) Read(Scope scope, string kind, long number, ReadOnlySpan<byte> json)
    {
        var place = new DocumentPlace(kind, "$");
        return kind switch
        {
            nameof(ChangeKind.Project) => (ChangeKind.Project, ReadProject(json, number, place)),
            nameof(ChangeKind.Dataset) => (ChangeKind.Dataset, ReadDataset(json, number, place)),
            nameof(ChangeKind.Attachment) => (ChangeKind.Attachment, ReadAttachment(json, number, place, scope)),
            nameof(ChangeKind.Scope) => (ChangeKind.Scope, Parse(json, SharedJsonContext.Default.ScopeRecord)),
            _ => throw new FormatException($"The kind '{kind}' is not known."),
        };
    }

    private static void WriteScope(Utf8JsonWriter json, ScopeState state)
    {
        if (state.OwnProjectQuota is { } quota)
        {
            json.WriteNumber("ProjectQuota"u8, quota);
        }

        json.WriteNumber("Revision"u8, state.Revision);
    }

    private static void WriteProject(Utf8JsonWriter json, Project project)
    {
        json.WriteString("ProjectName"u8, project.ProjectName.Value);
        WriteTimes(json, project.CreateTicks, project.UpdateTicks);
        json.WriteNumber("Revision"u8, project.Revision);
        WriteText(json, "Description"u8, project.Description);
        if (project.ServiceRole != ProjectFields.DefaultServiceRole)
        {
            WriteText(json, "ServiceRole"u8, project.ServiceRole);
        }

        WriteText(json, "TemplateId"u8, project.TemplateId);
        foreach (Limit limit in Limit.OfProject)
        {
            WriteLimit(json, limit, project.Quota[limit]);
        }

        WriteCount(json, "DatasetCount"u8, project.DatasetCount);
        WriteCount(json, "FileCount"u8, project.FileCount);
        WriteCount(json, "TotalFileSize"u8, project.TotalFileSize);
        if (project.Tags.Count == 0)
        {
            return;
        }

        json.WriteStartArray("Tags"u8);
        for (int i = 0; i < project.Tags.Count; i++)
        {
            json.WriteStartObject();
            WriteText(json, "TagKey"u8, project.Tags[i].Key);
            WriteText(json, "TagValue"u8, project.Tags[i].Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteDataset(Utf8JsonWriter json, DatasetEntry entry)
    {
        Dataset dataset = entry.Dataset;
        json.WriteString("ProjectName"u8, dataset.ProjectName.Value);
        json.WriteString("DatasetName"u8, dataset.DatasetName);
        WriteTimes(json, dataset.CreateTicks, dataset.UpdateTicks);
        json.WriteNumber("Revision"u8, dataset.Revision);
        WriteText(json, "Description"u8, dataset.Description);
        WriteText(json, "TemplateId"u8, dataset.TemplateId);
        foreach (Limit limit in Limit.OfDataset)
        {
            WriteLimit(json, limit, dataset.Quota[limit]);
        }

        WriteCount(json, "FileCount"u8, dataset.FileCount);
        WriteCount(json, "TotalFileSize"u8, dataset.TotalFileSize);
        if (entry.Bindings.Length == 0)
        {
            return;
        }

        json.WriteStartArray("Bindings"u8);
        foreach (Binding binding in entry.Bindings)
        {
            json.WriteStartObject();
            WriteText(json, "URI"u8, binding.Uri);
            WriteTimes(json, binding.CreateTicks, binding.CreateTicks);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteAttachment(Utf8JsonWriter json, OssBucketAttachment attachment)
    {
        json.WriteString("ProjectName"u8, attachment.ProjectName.Value);
        json.WriteString("OSSBucket"u8, attachment.OssBucket);
        WriteText(json, "Description"u8, attachment.Description);
        WriteTimes(json, attachment.CreateTicks, attachment.CreateTicks);
    }

    private static void WriteTimes(Utf8JsonWriter json, long createTicks, long updateTicks)
    {
        Span<byte> text = stackalloc byte[WireTime.Length];
        json.WriteString("CreateTime"u8, WireTime.Write(createTicks, TimeSpan.Zero, text));
        if (updateTicks != createTicks)
        {
            json.WriteString("UpdateTime"u8, WireTime.Write(updateTicks, TimeSpan.Zero, text));
        }
    }

    private static void WriteLimit(Utf8JsonWriter json, Limit limit, long value)
    {
        if (value != limit.Default)
        {
            json.WriteNumber(limit.Name, value);
        }
    }

    private static void WriteCount(Utf8JsonWriter json, ReadOnlySpan<byte> name, long value)
    {
        if (value != 0)
        {
            json.WriteNumber(name, value);
        }
    }

    private static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(
                name,
                text.AsSpan().ContainsAny(Escaped)
                    ? text.Replace(Escape, EscapedEscape, StringComparison.Ordinal).Replace("\0", EscapedNull, StringComparison.Ordinal)
                    : text);
        }
    }

    private static string? Unescape(string? text) => text is null || !text.AsSpan().ContainsAny(Escaped) ? text
        : text.Replace(EscapedNull, "\0", StringComparison.Ordinal).Replace(EscapedEscape, Escape, StringComparison.Ordinal);

    private static T Parse<T>(ReadOnlySpan<byte> json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class => DocumentJsonContext.Read(json, "record", type);

    private Project ReadProject(ReadOnlySpan<byte> json, long number, DocumentPlace place)
    {
        ProjectRecord document = Parse(json, SharedJsonContext.Default.ProjectRecord);
        document.Description = Unescape(document.Description);
        document.ServiceRole = Unescape(document.ServiceRole);
        document.TemplateId = Unescape(document.TemplateId);
        document.ProjectQueriesPerSecond = defaults.Capacity.ProjectQueriesPerSecond;
        document.EngineConcurrency = defaults.Capacity.EngineConcurrency;
        document.UpdateTime ??= document.CreateTime;
        foreach (TagDocument? tag in document.Tags ?? [])
        {
            if (tag is not null)
            {
                tag.TagKey = Unescape(tag.TagKey);
                tag.TagValue = Unescape(tag.TagValue);
            }
        }

        return DocumentReader.ReadProject(document, place) with
        {
            Number = number,
            Revision = place.Number(nameof(Project.Revision), document.Revision, 0),
        };
    }

    private static DatasetEntry ReadDataset(ReadOnlySpan<byte> json, long number, DocumentPlace place)
    {
        DatasetRecord document = Parse(json, SharedJsonContext.Default.DatasetRecord);
        document.Description = Unescape(document.Description);
        document.TemplateId = Unescape(document.TemplateId);
        document.UpdateTime ??= document.CreateTime;
        Dataset dataset = DocumentReader.ReadDataset(document, place);
        BindingDocument?[] all = document.Bindings ?? [];
        var bindings = new Binding[all.Length];
        for (int i = 0; i < all.Length; i++)
        {
            DocumentPlace at = place.Entry(nameof(document.Bindings), i);
            BindingDocument entry = at.Required(all[i]);
            string? uri = Unescape(entry.Uri);
            if (Binding.Check(uri) is { } refusal)
            {
                throw at.Wrong(refusal.Parameter!, refusal.Message);
            }

            bindings[i] = new Binding(
                dataset.ProjectName, dataset.DatasetName, uri!, at.Time(nameof(entry.CreateTime), entry.CreateTime));
        }

        return new DatasetEntry(
            number,
            dataset with
            {
                BindCount = bindings.Length,
                Revision = place.Number(nameof(Dataset.Revision), document.Revision, 0),
            },
            bindings);
    }

    private static OssBucketAttachment ReadAttachment(ReadOnlySpan<byte> json, long number, DocumentPlace place, Scope scope)
    {
        AttachmentRecord document = Parse(json, SharedJsonContext.Default.AttachmentRecord);
        if ((NameRule.Check(nameof(document.ProjectName), document.ProjectName) ?? OssBucketAttachment.CheckBucket(document.OssBucket))
            is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        return new OssBucketAttachment(
            scope.AccountId,
            ProjectName.Parse(document.ProjectName!),
            document.OssBucket!,
            Unescape(document.Description) ?? "",
            place.Time(nameof(document.CreateTime), document.CreateTime))
        {
            Number = number,
        };
    }
}

/// <summary>The quota and revision of a scope.</summary>
internal sealed class ScopeRecord
{
    public int? ProjectQuota { get; set; }

    public long? Revision { get; set; }
}

/// <summary>A stored project.</summary>
internal sealed class ProjectRecord : ProjectDocument
{
    public long? Revision { get; set; }
}

/// <summary>A stored dataset with its bindings.</summary>
internal sealed class DatasetRecord : DatasetStructureDocument
{
    public long? Revision { get; set; }

    public BindingDocument?[]? Bindings { get; set; }
}

/// <summary>A stored attachment.</summary>
internal sealed class AttachmentRecord
{
    public string? ProjectName { get; set; }

    [JsonPropertyName("OSSBucket")]
    public string? OssBucket { get; set; }

    public string? Description { get; set; }

    public string? CreateTime { get; set; }
}

/// <summary>The change of one record in the log.</summary>
internal sealed class ChangeRecord
{
    public string? Kind { get; set; }

    public long? Number { get; set; }

    public string? State { get; set; }

    public bool? IsLast { get; set; }

    public JsonElement Value { get; set; }
}

/// <summary>The types of the JSON in the tables.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ScopeRecord))]
[JsonSerializable(typeof(ProjectRecord))]
[JsonSerializable(typeof(DatasetRecord))]
[JsonSerializable(typeof(AttachmentRecord))]
[JsonSerializable(typeof(ChangeRecord[]))]
internal sealed partial class SharedJsonContext : JsonSerializerContext;
