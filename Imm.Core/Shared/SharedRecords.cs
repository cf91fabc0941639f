using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Imm.Core.Json;
using Imm.Core.Model;

namespace Imm.Core.Shared;

/// <summary>
/// Writes the records of a shared store as JSON with the names of the service. A field that has its default is left out.
/// </summary>
internal static class SharedRecords
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

    /// <summary>Undoes the escape of a text.</summary>
    public static string Unescape(string text) => !text.AsSpan().ContainsAny(Escaped) ? text
        : text.Replace(EscapedNull, "\0", StringComparison.Ordinal).Replace(EscapedEscape, Escape, StringComparison.Ordinal);

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
}
