using System.Text.Json;
using System.Text.Unicode;
using Imm.Core.Json;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>
/// Reads the records of a shared store from their JSON. A field that is not known is ignored, so that a later version may add some. What is
/// read passes the rules of requests. Not thread-safe.
/// </summary>
/// <param name="defaults">The defaults of the store.</param>
internal sealed class SharedRecordReader(ServiceDefaults defaults)
{
    private readonly SharedFields _known = new();
    private byte[] _buffer = new byte[1024];

    /// <summary>The texts that were read before, of which equal ones are one object.</summary>
    public SharedValues<string> Texts => _known.Texts;

    /// <summary>Finds the kind of a name.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static ChangeKind KindOf(string? name) => name switch
    {
        nameof(ChangeKind.Project) => ChangeKind.Project,
        nameof(ChangeKind.Dataset) => ChangeKind.Dataset,
        nameof(ChangeKind.Attachment) => ChangeKind.Attachment,
        nameof(ChangeKind.Scope) => ChangeKind.Scope,
        _ => throw new FormatException($"The kind '{name}' is not known."),
    };

    /// <summary>Makes the exception of a text that is not the JSON that it should be.</summary>
    public static FormatException NotJson(string subject, JsonException e) =>
        new($"The text is not the JSON of a {subject}. {e.Message}", e);

    /// <summary>Encodes JSON in UTF-8. The result is valid until the next call.</summary>
    /// <exception cref="FormatException">The text has half of a surrogate pair.</exception>
    public ReadOnlySpan<byte> Encode(string json)
    {
        if (_buffer.Length < 3 * json.Length)
        {
            _buffer = new byte[4 * json.Length];
        }

        return Utf8.FromUtf16(json, _buffer, out _, out int length, replaceInvalidSequences: false) == System.Buffers.OperationStatus.Done
            ? _buffer.AsSpan(0, length)
            : throw new FormatException("The JSON has a surrogate without its partner, which is no character.");
    }

    /// <summary>Reads the value of a record.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="kind">Its kind.</param>
    /// <param name="number">Its number.</param>
    /// <param name="json">The JSON, in UTF-8.</param>
    /// <exception cref="FormatException">The value is not one that was written here.</exception>
    public object Read(Scope scope, ChangeKind kind, long number, ReadOnlySpan<byte> json)
    {
        var reader = new SharedJson(json);
        try
        {
            if (!reader.Enter(JsonTokenType.StartObject))
            {
                throw new FormatException("The JSON of the record is null.");
            }

            return kind switch
            {
                ChangeKind.Project => ReadProject(ref reader, number),
                ChangeKind.Dataset => ReadDataset(ref reader, number),
                ChangeKind.Attachment => ReadAttachment(ref reader, number, scope),
                _ => ReadScope(ref reader),
            };
        }
        catch (JsonException e)
        {
            throw NotJson("record", e);
        }
    }

    private static ScopeRecord ReadScope(ref SharedJson json)
    {
        long? quota = null;
        while (json.NextField())
        {
            if (json.Is("ProjectQuota"u8))
            {
                quota = json.Number();
            }
            else if (json.Is("Revision"u8))
            {
                json.Number();
            }
            else
            {
                json.Skip();
            }
        }

        json.End();
        return quota is < int.MinValue or > int.MaxValue
            ? throw new JsonException("A number is not whole, or too great.") : new ScopeRecord((int?)quota);
    }

    private static OssBucketAttachment ReadAttachment(ref SharedJson json, long number, Scope scope)
    {
        string? projectName = null, bucket = null, description = null;
        long? createTicks = null;
        while (json.NextField())
        {
            if (json.Is("ProjectName"u8))
            {
                projectName = json.Text();
            }
            else if (json.Is("OSSBucket"u8))
            {
                bucket = json.Text();
            }
            else if (json.Is("Description"u8))
            {
                description = json.Text();
            }
            else if (json.Is("CreateTime"u8))
            {
                createTicks = json.Ticks();
            }
            else
            {
                json.Skip();
            }
        }

        json.End();
        var place = new DocumentPlace(nameof(ChangeKind.Attachment), "$");
        if ((NameRule.Check(nameof(OssBucketAttachment.ProjectName), projectName) ?? OssBucketAttachment.CheckBucket(bucket))
            is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        return new OssBucketAttachment(
            scope.AccountId,
            ProjectName.Parse(projectName!),
            bucket!,
            description is null ? "" : SharedRecords.Unescape(description),
            CreateTicks(place, createTicks))
        {
            Number = number,
        };
    }

    private Project ReadProject(ref SharedJson json, long number)
    {
        var request = new CreateProjectRequest();
        var common = new Common();
        long? datasetCount = null;
        ReadOnlySpan<byte> tags = default;
        while (json.NextField())
        {
            if (json.Is("ServiceRole"u8))
            {
                request.ServiceRole = json.Text(_known.Texts);
            }
            else if (json.Is("DatasetCount"u8))
            {
                datasetCount = json.Number();
            }
            else if (json.Is("Tags"u8))
            {
                tags = json.Raw();
            }
            else if (!TryRead(ref json, request, Limit.OfProject, ref common))
            {
                json.Skip();
            }
        }

        json.End();
        var place = new DocumentPlace(nameof(ChangeKind.Project), "$");
        if (ProjectFields.Parse(request, out ProjectFields fields, isAnswer: true) is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        TagSet tagSet = tags.IsEmpty ? TagSet.Empty : ReadTags(tags, place);
        (long createTicks, long updateTicks) = common.Times(place);
        return new Project(
            request.ProjectName!,
            fields.Description ?? "",
            fields.ServiceRole ?? ProjectFields.DefaultServiceRole,
            fields.TemplateId ?? "",
            Quota.Default.With(fields.Limits),
            tagSet,
            createTicks,
            updateTicks,
            defaults.Capacity)
        {
            Number = number,
            DatasetCount = place.Number(nameof(Project.DatasetCount), datasetCount, 0),
            FileCount = place.Number(nameof(Project.FileCount), common.FileCount, 0),
            TotalFileSize = place.Number(nameof(Project.TotalFileSize), common.TotalFileSize, 0),
            Revision = place.Number(nameof(Project.Revision), common.Revision, 0),
        };
    }

    private DatasetEntry ReadDataset(ref SharedJson json, long number)
    {
        var request = new CreateDatasetRequest();
        var common = new Common();
        ReadOnlySpan<byte> bindings = default;
        while (json.NextField())
        {
            if (json.Is("DatasetName"u8))
            {
                request.DatasetName = json.Text();
            }
            else if (json.Is("Bindings"u8))
            {
                bindings = json.Raw();
            }
            else if (!TryRead(ref json, request, Limit.OfDataset, ref common))
            {
                json.Skip();
            }
        }

        json.End();
        var place = new DocumentPlace(nameof(ChangeKind.Dataset), "$");
        if (DatasetFields.Parse(request, out DatasetFields fields) is { } refusal)
        {
            throw place.Wrong(refusal.Parameter!, refusal.Message);
        }

        (long createTicks, long updateTicks) = common.Times(place);
        var dataset = new Dataset(
            ProjectName.Parse(request.ProjectName!),
            request.DatasetName!,
            fields.Description ?? "",
            fields.TemplateId ?? "",
            DatasetQuota.Default.With(fields.Limits),
            createTicks,
            updateTicks)
        {
            FileCount = place.Number(nameof(Dataset.FileCount), common.FileCount, 0),
            TotalFileSize = place.Number(nameof(Dataset.TotalFileSize), common.TotalFileSize, 0),
        };
        Binding[] all = bindings.IsEmpty ? [] : ReadBindings(bindings, dataset, place);
        return new DatasetEntry(
            number,
            dataset with
            {
                BindCount = all.Length,
                Revision = place.Number(nameof(Dataset.Revision), common.Revision, 0),
            },
            all);
    }

    /// <summary>Reads a field that projects and datasets have in common; false where it is none.</summary>
    private bool TryRead(ref SharedJson json, ResourceRequest request, ReadOnlySpan<Limit> limits, ref Common common)
    {
        if (json.Is("Revision"u8))
        {
            common.Revision = json.Number();
        }
        else if (json.Is("CreateTime"u8))
        {
            common.CreateTicks = json.Ticks();
        }
        else if (json.Is("ProjectName"u8))
        {
            request.ProjectName = json.Text();
        }
        else if (json.Is("Description"u8))
        {
            request.Description = json.Text(_known.Texts);
        }
        else if (json.Is("TemplateId"u8))
        {
            request.TemplateId = json.Text(_known.Texts);
        }
        else if (json.Is("UpdateTime"u8))
        {
            common.UpdateTicks = json.Ticks();
        }
        else if (json.Is("FileCount"u8))
        {
            common.FileCount = json.Number();
        }
        else if (json.Is("TotalFileSize"u8))
        {
            common.TotalFileSize = json.Number();
        }
        else
        {
            foreach (Limit limit in limits)
            {
                if (json.Is(limit.Name))
                {
                    request.Limits[limit] = json.Number();
                    return true;
                }
            }

            return false;
        }

        return true;
    }

    /// <summary>Reads tags. Many projects have the same ones, which are parsed once.</summary>
    private TagSet ReadTags(ReadOnlySpan<byte> array, DocumentPlace place)
    {
        ref TagSet? known = ref _known.Tags.Slot(array);
        if (known is not null)
        {
            return known;
        }

        var tags = new List<Tag>();
        var json = new SharedJson(array);
        for (bool any = json.Enter(JsonTokenType.StartArray); any && json.NextEntry(out bool isNull);)
        {
            string? key = null, value = null;
            while (!isNull && json.NextField())
            {
                if (json.Is("TagKey"u8))
                {
                    key = json.Text(_known.Texts);
                }
                else if (json.Is("TagValue"u8))
                {
                    value = json.Text(_known.Texts);
                }
                else
                {
                    json.Skip();
                }
            }

            // A null entry and an empty key are left for the tag rules, which have messages for them.
            tags.Add(isNull ? null! : new Tag(key ?? "", value));
        }

        if (TagSet.Parse(tags, out TagSet set, isAnswer: true) is { } refusal)
        {
            throw place.Wrong(nameof(Project.Tags), refusal.Message);
        }

        return known = set;
    }

    private static Binding[] ReadBindings(ReadOnlySpan<byte> array, Dataset dataset, DocumentPlace place)
    {
        var bindings = new List<Binding>();
        var json = new SharedJson(array);
        for (bool any = json.Enter(JsonTokenType.StartArray); any && json.NextEntry(out bool isNull);)
        {
            DocumentPlace at = place.Entry("Bindings", bindings.Count);
            string? uri = null;
            long? createTicks = null;
            while (!isNull && json.NextField())
            {
                if (json.Is("URI"u8))
                {
                    uri = json.Text();
                }
                else if (json.Is("CreateTime"u8))
                {
                    createTicks = json.Ticks();
                }
                else
                {
                    json.Skip();
                }
            }

            if (isNull)
            {
                throw at.Wrong("It is null.");
            }

            uri = uri is null ? null : SharedRecords.Unescape(uri);
            if (Binding.Check(uri) is { } refusal)
            {
                throw at.Wrong(refusal.Parameter!, refusal.Message);
            }

            bindings.Add(new Binding(dataset.ProjectName, dataset.DatasetName, uri!, CreateTicks(at, createTicks)));
        }

        return [.. bindings];
    }

    private static long CreateTicks(DocumentPlace place, long? ticks) => Ticks(place, "CreateTime", ticks);

    private static long Ticks(DocumentPlace place, string field, long? ticks) => ticks switch
    {
        null => throw place.Wrong(field, "It is missing."),
        SharedJson.NotATime => throw place.Wrong(field, WireTime.Rule),
        { } time => time,
    };

    /// <summary>The fields that a project and a dataset have in common and no request has; null where they are absent.</summary>
    private struct Common
    {
        public long? Revision;
        public long? CreateTicks;
        public long? UpdateTicks;
        public long? FileCount;
        public long? TotalFileSize;

        /// <summary>Gets the times. An absent update is the creation.</summary>
        public readonly (long CreateTicks, long UpdateTicks) Times(DocumentPlace place)
        {
            long createTicks = Ticks(place, nameof(Project.CreateTime), CreateTicks);
            long updateTicks = Ticks(place, nameof(Project.UpdateTime), UpdateTicks ?? createTicks);
            return updateTicks >= createTicks
                ? (createTicks, updateTicks)
                : throw place.Wrong(nameof(Project.UpdateTime), "It is before CreateTime.");
        }
    }
}

/// <summary>The quota that a scope has of its own; null where it has the default.</summary>
internal sealed record ScopeRecord(int? ProjectQuota);
