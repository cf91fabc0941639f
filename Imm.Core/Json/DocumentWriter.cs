using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Imm.Core.Model;

namespace Imm.Core.Json;

/// <summary>Writes JSON that holds the service's structures, their fields in the service's order. Not thread-safe.</summary>
internal sealed class DocumentWriter
{
    // A page of 200 projects with long texts may need more. A thread that has written one does not keep so much.
    private const int MaxKeptBytes = 128 * 1024;

    private const int MaxBytesPerChar = 6;

    /// <summary>The characters that both encodings of a text write as one unchanged byte.</summary>
    private static readonly SearchValues<char> Plain =
        SearchValues.Create([.. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (char)c).Except("\"\\")]);

    [ThreadStatic]
    private static DocumentWriter? _ofThread;

    private readonly ArrayBufferWriter<byte> _buffer;
    private readonly bool _usesEncoder;
    private readonly bool _isForeign;
    private TimeSpan _timeOffset;

    /// <summary>Writes with the writer of a caller, whose encoder escapes the texts.</summary>
    /// <param name="json">The writer.</param>
    /// <param name="timeOffset">The offset in which times are written.</param>
    public DocumentWriter(Utf8JsonWriter json, TimeSpan timeOffset)
    {
        Json = json;
        _buffer = new();
        _usesEncoder = true;
        _isForeign = true;
        _timeOffset = timeOffset;
    }

    private DocumentWriter(bool isIndented)
    {
        _usesEncoder = isIndented;
        _buffer = new(1024);
        Json = new Utf8JsonWriter(
            _buffer,
            new JsonWriterOptions { Indented = isIndented, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }

    /// <summary>The writer of the parts that are not structures of the service.</summary>
    public Utf8JsonWriter Json { get; }

    /// <summary>
    /// Begins a document of one line. Texts have the escapes that JSON requires and no others: Chinese text, also beyond the basic plane,
    /// and the '+' of an offset stay readable.
    /// </summary>
    /// <param name="timeOffset">The offset in which times are written.</param>
    /// <returns>The writer of the calling thread. It is to be ended before the thread begins another document.</returns>
    public static DocumentWriter Begin(TimeSpan timeOffset)
    {
        DocumentWriter writer = _ofThread ??= new DocumentWriter(isIndented: false);
        writer._timeOffset = timeOffset;
        writer._buffer.ResetWrittenCount();
        writer.Json.Reset();
        return writer;
    }

    /// <summary>Begins a document of one field a line, its times in UTC.</summary>
    public static DocumentWriter BeginIndented() => new(isIndented: true);

    /// <summary>Ends the document.</summary>
    /// <returns>The JSON.</returns>
    public string End()
    {
        Json.Flush();
        string json = Encoding.UTF8.GetString(_buffer.WrittenSpan);
        if (_buffer.Capacity > MaxKeptBytes && _ofThread == this)
        {
            _ofThread = null;
        }

        return json;
    }

    /// <summary>The number of bytes that wait to be written to a stream.</summary>
    public long WaitingBytes => _buffer.WrittenCount + Json.BytesPending;

    /// <summary>Writes the part of the document that was built since the last call to a stream.</summary>
    public async ValueTask WriteToAsync(Stream stream, CancellationToken cancellationToken)
    {
        Json.Flush();
        await stream.WriteAsync(_buffer.WrittenMemory, cancellationToken).ConfigureAwait(false);
        _buffer.ResetWrittenCount();
    }

    public void WriteProject(Project project)
    {
        Json.WriteStartObject();
        WriteFields(project);
        Json.WriteEndObject();
    }

    /// <summary>Writes the fields of a project into an object.</summary>
    public void WriteFields(Project project)
    {
        WriteText("ProjectName"u8, project.Name);
        WriteText("ServiceRole"u8, project.ServiceRole);
        WriteText("TemplateId"u8, project.TemplateId);
        WriteTime("CreateTime"u8, project.CreateTicks);
        WriteTime("UpdateTime"u8, project.UpdateTicks);
        WriteText("Description"u8, project.Description);
        Json.WriteNumber("ProjectQueriesPerSecond"u8, project.ProjectQueriesPerSecond);
        Json.WriteNumber("EngineConcurrency"u8, project.EngineConcurrency);
        foreach (Limit limit in Limit.OfProject)
        {
            Json.WriteNumber(limit.Name, project.Quota[limit]);
        }

        Json.WriteNumber("DatasetCount"u8, project.DatasetCount);
        Json.WriteNumber("FileCount"u8, project.FileCount);
        Json.WriteNumber("TotalFileSize"u8, project.TotalFileSize);
        WriteArray("Tags"u8, project.Tags, static (writer, tag) => writer.WriteTag(tag));
    }

    public void WriteTag(Tag tag)
    {
        Json.WriteStartObject();
        WriteText("TagKey"u8, tag.Key);
        WriteText("TagValue"u8, tag.Value);
        Json.WriteEndObject();
    }

    public void WritePage(ProjectPage page)
    {
        Json.WriteStartObject();
        WriteFields(page);
        Json.WriteEndObject();
    }

    /// <summary>Writes the fields of a page into an object.</summary>
    public void WriteFields(ProjectPage page)
    {
        WriteNextToken(page.NextToken);
        WriteArray("Projects"u8, page.Projects, static (writer, project) => writer.WriteProject(project));
    }

    public void WritePage(DatasetPage page)
    {
        Json.WriteStartObject();
        WriteFields(page);
        Json.WriteEndObject();
    }

    /// <summary>Writes the fields of a page into an object.</summary>
    public void WriteFields(DatasetPage page)
    {
        WriteNextToken(page.NextToken);
        WriteArray("Datasets"u8, page.Datasets, static (writer, dataset) => writer.WriteDataset(dataset));
    }

    /// <summary>Writes the token of the next page where there is one.</summary>
    public void WriteNextToken(string? nextToken)
    {
        if (nextToken is not null)
        {
            WriteText("NextToken"u8, nextToken);
        }
    }

    public void WriteDataset(Dataset dataset)
    {
        Json.WriteStartObject();
        WriteText("ProjectName"u8, dataset.ProjectName.Value);
        WriteFields(dataset);
        Json.WriteEndObject();
    }

    /// <summary>Writes the fields of a dataset, but for the name of its project, into an object.</summary>
    public void WriteFields(Dataset dataset)
    {
        WriteText("DatasetName"u8, dataset.DatasetName);
        WriteText("TemplateId"u8, dataset.TemplateId);
        WriteTime("CreateTime"u8, dataset.CreateTicks);
        WriteTime("UpdateTime"u8, dataset.UpdateTicks);
        WriteText("Description"u8, dataset.Description);
        foreach (Limit limit in Limit.OfDataset)
        {
            Json.WriteNumber(limit.Name, dataset.Quota[limit]);
        }

        Json.WriteNumber("BindCount"u8, dataset.BindCount);
        Json.WriteNumber("FileCount"u8, dataset.FileCount);
        Json.WriteNumber("TotalFileSize"u8, dataset.TotalFileSize);
    }

    public void WriteBinding(Binding binding)
    {
        Json.WriteStartObject();
        WriteText("ProjectName"u8, binding.ProjectName.Value);
        WriteText("DatasetName"u8, binding.DatasetName);
        WriteText("URI"u8, binding.Uri);
        WriteText("State"u8, binding.State);
        WriteText("Phase"u8, binding.Phase);
        WriteTime("CreateTime"u8, binding.CreateTicks);
        WriteTime("UpdateTime"u8, binding.CreateTicks);
        Json.WriteEndObject();
    }

    public void WriteAttachment(OssBucketAttachment attachment)
    {
        Json.WriteStartObject();
        WriteText("OwnerId"u8, attachment.OwnerId);
        WriteText("OSSBucket"u8, attachment.OssBucket);
        WriteFields(attachment);
        Json.WriteEndObject();
    }

    /// <summary>Writes the fields of an attachment, but for owner and bucket, into an object.</summary>
    public void WriteFields(OssBucketAttachment attachment)
    {
        WriteText("ProjectName"u8, attachment.ProjectName.Value);
        WriteText("Description"u8, attachment.Description);
        WriteTime("CreateTime"u8, attachment.CreateTicks);
        WriteTime("UpdateTime"u8, attachment.CreateTicks);
    }

    public void WriteRegion(ImmRegion region)
    {
        Json.WriteStartObject();
        WriteText("LocalName"u8, region.LocalName);
        WriteText("RegionId"u8, region.RegionId);
        Json.WriteEndObject();
    }

    public void WriteArray<T>(ReadOnlySpan<byte> name, IReadOnlyList<T> entries, Action<DocumentWriter, T> write)
    {
        Json.WriteStartArray(name);
        for (int i = 0; i < entries.Count; i++)
        {
            write(this, entries[i]);
        }

        Json.WriteEndArray();
    }

    public void WriteTime(ReadOnlySpan<byte> name, long utcTicks)
    {
        Span<byte> quoted = stackalloc byte[WireTime.Length + 2];
        ReadOnlySpan<byte> text = WireTime.Write(utcTicks, _timeOffset, quoted[1..]);
        if (!_isForeign)
        {
            Json.WriteString(name, text);
            return;
        }

        // The usual encoders escape the '+' of an offset.
        quoted[0] = quoted[^1] = (byte)'"';
        Json.WritePropertyName(name);
        Json.WriteRawValue(quoted, skipInputValidation: true);
    }

    public void WriteText(ReadOnlySpan<byte> name, ReadOnlySpan<char> text)
    {
        if (_usesEncoder || !text.ContainsAnyExcept(Plain))
        {
            Json.WriteString(name, text);
            return;
        }

        // The encoders of the framework escape more than JSON requires, at the least what is beyond the basic plane.
        Json.WritePropertyName(name);
        byte[] value = ArrayPool<byte>.Shared.Rent((MaxBytesPerChar * text.Length) + 2);
        value[0] = (byte)'"';
        int length = 1;
        foreach (Rune rune in text.EnumerateRunes())
        {
            length += Encode(rune, value.AsSpan(length));
        }

        value[length++] = (byte)'"';
        Json.WriteRawValue(value.AsSpan(0, length), skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(value);
    }

    private static int Encode(Rune rune, Span<byte> destination)
    {
        ReadOnlySpan<byte> escape = rune.Value switch
        {
            '"' => "\\\""u8,
            '\\' => @"\\"u8,
            '\n' => @"\n"u8,
            '\r' => @"\r"u8,
            '\t' => @"\t"u8,
            '\b' => @"\b"u8,
            '\f' => @"\f"u8,
            _ => default,
        };
        if (!escape.IsEmpty)
        {
            escape.CopyTo(destination);
            return escape.Length;
        }

        if (rune.Value >= ' ')
        {
            return rune.EncodeToUtf8(destination);
        }

        Utf8.TryWrite(destination, CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}", out int written);
        return written;
    }
}
