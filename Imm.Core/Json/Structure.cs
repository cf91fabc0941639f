using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>
/// A structure of the service: the one way to write it and to read it, as text, as UTF-8 and for a serializer. Thread-safe.
/// </summary>
/// <param name="subject">The noun for the structure in messages.</param>
/// <param name="type">The type of the document that is read.</param>
/// <param name="read">Makes the value of a document, under the rules of a request.</param>
/// <param name="write">Writes the value.</param>
internal sealed class Structure<T, TDocument>(
    string subject, JsonTypeInfo<TDocument> type, Func<TDocument, T> read, Action<DocumentWriter, T> write) : JsonConverter<T>
    where T : class
    where TDocument : class
{
    public string Write(T value, TimeSpan timeOffset)
    {
        DocumentWriter document = DocumentWriter.Begin(timeOffset);
        write(document, value);
        return document.End();
    }

    public void Write(Utf8JsonWriter writer, T value, TimeSpan timeOffset) => write(new DocumentWriter(writer, timeOffset), value);

    /// <exception cref="FormatException">The text is not the JSON of such a structure.</exception>
    public T Read(string json) => read(DocumentJsonContext.Read(json, subject, type));

    /// <exception cref="FormatException">The text is not the JSON of such a structure.</exception>
    public T Read(ReadOnlySpan<byte> utf8Json) => read(DocumentJsonContext.Read(utf8Json, subject, type));

    /// <exception cref="FormatException">The text is not the JSON of such a structure.</exception>
    public async ValueTask<T> ReadAsync(Stream utf8Json, CancellationToken cancellationToken) =>
        read(await DocumentJsonContext.ReadAsync(utf8Json, subject, type, cancellationToken).ConfigureAwait(false));

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => Write(writer, value, UtcOffset.Default);

    public override T? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        TDocument document = JsonSerializer.Deserialize(ref reader, type)!;
        try
        {
            return read(document);
        }
        catch (FormatException e)
        {
            throw new JsonException(e.Message, e);
        }
    }
}

/// <summary>The structures of the service that can be read and written.</summary>
internal static class Structure
{
    public static Structure<Project, AnswerDocument> Project { get; } = new(
        "project", DocumentJsonContext.Default.AnswerDocument, ReadProject, static (document, project) => document.WriteProject(project));

    public static Structure<ProjectPage, AnswerDocument> ProjectPage { get; } = new(
        "page of projects",
        DocumentJsonContext.Default.AnswerDocument,
        ReadProjectPage,
        static (document, page) => document.WritePage(page));

    public static Structure<Dataset, DatasetAnswerDocument> Dataset { get; } = new(
        "dataset",
        DocumentJsonContext.Default.DatasetAnswerDocument,
        ReadDataset,
        static (document, dataset) => document.WriteDataset(dataset));

    public static Structure<DatasetPage, DatasetAnswerDocument> DatasetPage { get; } = new(
        "page of datasets",
        DocumentJsonContext.Default.DatasetAnswerDocument,
        ReadDatasetPage,
        static (document, page) => document.WritePage(page));

    public static Structure<Tag, TagDocument> Tag { get; } = new(
        "tag", DocumentJsonContext.Default.TagDocument, ReadTag, static (document, tag) => document.WriteTag(tag));

    private static Project ReadProject(AnswerDocument answer) => answer.Project is { } project
        ? DocumentReader.ReadProject(project, new DocumentPlace("project", "$.Project"))
        : DocumentReader.ReadProject(answer, new DocumentPlace("project", "$"));

    private static Dataset ReadDataset(DatasetAnswerDocument answer) => answer.Dataset is { } dataset
        ? DocumentReader.ReadDataset(dataset, new DocumentPlace("dataset", "$.Dataset"))
        : DocumentReader.ReadDataset(answer, new DocumentPlace("dataset", "$"));

    private static ProjectPage ReadProjectPage(AnswerDocument answer)
    {
        var place = new DocumentPlace("page of projects", "$");
        return new ProjectPage(
            ReadAll(place, nameof(answer.Projects), answer.Projects, static (project, at) => DocumentReader.ReadProject(project, at)),
            ReadToken(answer.NextToken),
            revision: 0);
    }

    private static DatasetPage ReadDatasetPage(DatasetAnswerDocument answer)
    {
        var place = new DocumentPlace("page of datasets", "$");
        return new DatasetPage(
            ReadAll(place, nameof(answer.Datasets), answer.Datasets, DocumentReader.ReadDataset), ReadToken(answer.NextToken));
    }

    private static Tag ReadTag(TagDocument tag) =>
        new(tag.TagKey ?? throw new DocumentPlace("tag", "$").Wrong(nameof(tag.TagKey), "It is missing."), tag.TagValue);

    private static string? ReadToken(string? token) => string.IsNullOrEmpty(token) ? null : token;

    private static T[] ReadAll<T, TDocument>(
        DocumentPlace place, string array, TDocument?[]? entries, Func<TDocument, DocumentPlace, T> read)
        where TDocument : class
    {
        if (entries is null)
        {
            throw place.Wrong(array, "It is missing.");
        }

        var all = new T[entries.Length];
        for (int i = 0; i < all.Length; i++)
        {
            DocumentPlace at = place.Entry(array, i);
            all[i] = read(at.Required(entries[i]), at);
        }

        return all;
    }
}
