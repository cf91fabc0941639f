using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Imm.Core.Json;

// The JSON objects that are read. Any of their properties may be absent.

/// <summary>The fields that a project and a dataset have in common.</summary>
internal abstract class ResourceDocument
{
    public string? TemplateId { get; set; }

    public string? CreateTime { get; set; }

    public string? UpdateTime { get; set; }

    public string? Description { get; set; }

    public long? DatasetMaxBindCount { get; set; }

    public long? DatasetMaxFileCount { get; set; }

    public long? DatasetMaxEntityCount { get; set; }

    public long? DatasetMaxRelationCount { get; set; }

    public long? DatasetMaxTotalFileSize { get; set; }

    public long? FileCount { get; set; }

    public long? TotalFileSize { get; set; }
}

/// <summary>The service's structure "Project".</summary>
internal class ProjectDocument : ResourceDocument
{
    public string? ProjectName { get; set; }

    public string? ServiceRole { get; set; }

    public long? ProjectQueriesPerSecond { get; set; }

    public long? EngineConcurrency { get; set; }

    public long? ProjectMaxDatasetCount { get; set; }

    public long? DatasetCount { get; set; }

    public TagDocument?[]? Tags { get; set; }
}

/// <summary>An answer of the service: a project by itself, an answer about one project, or a page of projects.</summary>
internal sealed class AnswerDocument : ProjectDocument
{
    public ProjectDocument? Project { get; set; }

    public ProjectDocument?[]? Projects { get; set; }

    public string? NextToken { get; set; }
}

/// <summary>The service's structure "Dataset".</summary>
internal class DatasetStructureDocument : ResourceDocument
{
    public string? ProjectName { get; set; }

    public string? DatasetName { get; set; }

    public long? BindCount { get; set; }
}

/// <summary>An answer of the service: a dataset by itself, an answer about one dataset, or a page of datasets.</summary>
internal sealed class DatasetAnswerDocument : DatasetStructureDocument
{
    public DatasetStructureDocument? Dataset { get; set; }

    public DatasetStructureDocument?[]? Datasets { get; set; }

    public string? NextToken { get; set; }
}

/// <summary>A tag in an answer.</summary>
internal sealed class TagDocument
{
    public string? TagKey { get; set; }

    public string? TagValue { get; set; }
}

/// <summary>A tag in a request.</summary>
internal sealed class RequestTagDocument
{
    public string? Key { get; set; }

    public string? Value { get; set; }
}

/// <summary>The types of the documents. Fields that are not known are skipped, as a later version of the service may add some.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(AnswerDocument))]
[JsonSerializable(typeof(DatasetAnswerDocument))]
[JsonSerializable(typeof(RequestTagDocument[]))]
internal sealed partial class DocumentJsonContext : JsonSerializerContext
{
    /// <summary>Reads a document.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="subject">The noun for the document in messages.</param>
    /// <param name="type">The type of the document.</param>
    /// <exception cref="FormatException">The text is not the JSON of such a document, or is null.</exception>
    public static T Read<T>(string json, string subject, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw Null(subject);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // The argument is wrong where the text holds a lone surrogate.
            throw NotJson(subject, e);
        }
    }

    /// <inheritdoc cref="Read{T}(string, string, JsonTypeInfo{T})"/>
    public static T Read<T>(ReadOnlySpan<byte> utf8Json, string subject, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(utf8Json, type) ?? throw Null(subject);
        }
        catch (JsonException e)
        {
            throw NotJson(subject, e);
        }
    }

    /// <inheritdoc cref="Read{T}(string, string, JsonTypeInfo{T})"/>
    public static async ValueTask<T> ReadAsync<T>(
        Stream utf8Json, string subject, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await JsonSerializer.DeserializeAsync(utf8Json, type, cancellationToken).ConfigureAwait(false) ?? throw Null(subject);
        }
        catch (JsonException e)
        {
            throw NotJson(subject, e);
        }
    }

    private static FormatException Null(string subject) => new($"The JSON of the {subject} is null.");

    private static FormatException NotJson(string subject, Exception e) => new($"The text is not the JSON of a {subject}. {e.Message}", e);
}
