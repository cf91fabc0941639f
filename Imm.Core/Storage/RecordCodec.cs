using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Writes the documents of records and reads them. The log and the data file hold the same documents. A field that has its default is left
/// out, and a field that is not known is ignored, so that a later version may add some.
/// </summary>
/// <remarks>
/// Times are stored twice: as a date for people, which has whole milliseconds, and as ticks, which are read. What is read passes through
/// the constructors that also validate requests.
/// </remarks>
internal sealed class RecordCodec(ServiceDefaults defaults)
{
    private const string Revision = nameof(Project.Revision);
    private const string CreateTicks = nameof(Project.CreateTicks);
    private const string UpdateTicks = nameof(Project.UpdateTicks);
    private const string Bindings = nameof(DatasetEntry.Bindings);

    /// <summary>Writes the document of a record.</summary>
    /// <param name="buffer">Takes the bytes behind what it holds.</param>
    /// <param name="kind">The kind of the record.</param>
    /// <param name="value">The value, of the type that belongs to the kind.</param>
    public static void Write(PackedWriter buffer, ChangeKind kind, object value)
    {
        var writer = new BsonWriter(buffer);
        int start = writer.Begin();
        switch (kind)
        {
            case ChangeKind.Scope:
                Write(writer, (ScopeState)value);
                break;
            case ChangeKind.Project:
                Write(writer, (Project)value);
                break;
            case ChangeKind.Dataset:
                Write(writer, (DatasetEntry)value);
                break;
            case ChangeKind.Attachment:
                Write(writer, (OssBucketAttachment)value);
                break;
            default:
                throw new InvalidOperationException($"No document for {kind}.");
        }

        writer.End(start);
    }

    public static StoredScope ReadScope(in Record record)
    {
        var fields = new RecordFields(record);
        string accountId = fields.Text(RecordFields.AccountId);
        string regionId = fields.Text(RecordFields.RegionId);
        long quota = fields.Int64(nameof(ScopeState.ProjectQuota), otherwise: -1);
        fields.Expect(
            record.Key is > 0 and <= RecordKey.MaxScope && Scope.IsAccountId(accountId) && Scope.IsRegionId(regionId)
            && quota is >= -1 and <= int.MaxValue);
        return new StoredScope(
            (int)record.Key, new Scope(accountId, regionId), quota < 0 ? null : (int)quota, fields.Int64(Revision, otherwise: 0));
    }

    /// <param name="record">The record.</param>
    /// <param name="shared">What was read before; null for nothing.</param>
    public Project ReadProject(in Record record, SharedFields? shared = null)
    {
        var fields = new RecordFields(record);
        fields.ExpectNumber();
        string name = fields.Text(nameof(Project.ProjectName));
        fields.Expect(NameRule.Holds(name));
        (long createTicks, long updateTicks) = ReadTimes(fields);
        return new Project(
            name,
            fields.Text(nameof(Project.Description), otherwise: "", shared?.Texts),
            fields.Text(nameof(Project.ServiceRole), otherwise: ProjectFields.DefaultServiceRole, shared?.Texts),
            fields.Text(nameof(Project.TemplateId), otherwise: "", shared?.Texts),
            Quota.Default.With(ReadLimits(fields, Limit.OfProject)),
            ReadTags(fields, shared?.Tags),
            createTicks,
            updateTicks,
            defaults.Capacity)
        {
            Number = RecordKey.Number(record.Key),
            Revision = fields.Int64(Revision, otherwise: 0),
            DatasetCount = fields.Int64(nameof(Project.DatasetCount), otherwise: 0),
            FileCount = fields.Int64(nameof(Project.FileCount), otherwise: 0),
            TotalFileSize = fields.Int64(nameof(Project.TotalFileSize), otherwise: 0),
        };
    }

    /// <inheritdoc cref="ReadProject"/>
    public static DatasetEntry ReadDataset(in Record record, SharedFields? shared = null)
    {
        var fields = new RecordFields(record);
        fields.ExpectNumber();
        ProjectName projectName = ReadName(fields);
        string name = fields.Text(nameof(Dataset.DatasetName));
        fields.Expect(NameRule.Holds(name));
        (long createTicks, long updateTicks) = ReadTimes(fields);
        var bindings = new List<Binding>();
        foreach (RecordFields item in fields.Items(fields.Array(Bindings)))
        {
            string uri = item.Text(Binding.UriParameter);
            item.Expect(Binding.IsUri(uri));
            bindings.Add(new Binding(projectName, name, uri, item.Int64(CreateTicks)));
        }

        return new DatasetEntry(
            RecordKey.Number(record.Key),
            new Dataset(
                projectName,
                name,
                fields.Text(nameof(Dataset.Description), otherwise: "", shared?.Texts),
                fields.Text(nameof(Dataset.TemplateId), otherwise: "", shared?.Texts),
                DatasetQuota.Default.With(ReadLimits(fields, Limit.OfDataset)),
                createTicks,
                updateTicks)
            {
                BindCount = bindings.Count,
                FileCount = fields.Int64(nameof(Dataset.FileCount), otherwise: 0),
                TotalFileSize = fields.Int64(nameof(Dataset.TotalFileSize), otherwise: 0),
                Revision = fields.Int64(Revision, otherwise: 0),
            },
            [.. bindings]);
    }

    /// <param name="record">The record.</param>
    /// <param name="accountId">The account of the scope.</param>
    public static OssBucketAttachment ReadAttachment(in Record record, string accountId)
    {
        var fields = new RecordFields(record);
        fields.ExpectNumber();
        ProjectName projectName = ReadName(fields);
        string bucket = fields.Text(OssBucketAttachment.BucketParameter);
        fields.Expect(Binding.IsBucket(bucket));
        (long createTicks, _) = ReadTimes(fields);
        return new OssBucketAttachment(
            accountId, projectName, bucket, fields.Text(nameof(OssBucketAttachment.Description), otherwise: ""), createTicks)
        {
            Number = RecordKey.Number(record.Key),
        };
    }

    private static void Write(BsonWriter writer, ScopeState scope)
    {
        writer.Text(RecordFields.AccountId, scope.Scope.AccountId);
        writer.Text(RecordFields.RegionId, scope.Scope.RegionId);
        if (scope.OwnProjectQuota is { } quota)
        {
            writer.Int64(nameof(ScopeState.ProjectQuota), quota);
        }

        WriteUnlessZero(writer, Revision, scope.Revision);
    }

    private static void Write(BsonWriter writer, Project project)
    {
        writer.Int64(RecordFields.Number, project.Number);
        writer.Text(nameof(Project.ProjectName), project.Name);
        WriteTimes(writer, project.CreateTicks, project.UpdateTicks);
        WriteUnlessZero(writer, Revision, project.Revision);
        WriteUnlessEmpty(writer, nameof(Project.Description), project.Description);
        if (project.ServiceRole != ProjectFields.DefaultServiceRole)
        {
            writer.Text(nameof(Project.ServiceRole), project.ServiceRole);
        }

        WriteUnlessEmpty(writer, nameof(Project.TemplateId), project.TemplateId);
        foreach (Limit limit in Limit.OfProject)
        {
            WriteLimit(writer, limit, project.Quota[limit]);
        }

        WriteUnlessZero(writer, nameof(Project.DatasetCount), project.DatasetCount);
        WriteUnlessZero(writer, nameof(Project.FileCount), project.FileCount);
        WriteUnlessZero(writer, nameof(Project.TotalFileSize), project.TotalFileSize);
        if (project.Tags.Count > 0)
        {
            int tags = writer.BeginArray(nameof(Project.Tags));
            for (int i = 0; i < project.Tags.Count; i++)
            {
                int tag = writer.BeginItem(i);
                writer.Text(nameof(Tag.Key), project.Tags[i].Key);
                writer.Text(nameof(Tag.Value), project.Tags[i].Value);
                writer.End(tag);
            }

            writer.End(tags);
        }
    }

    private static void Write(BsonWriter writer, DatasetEntry entry)
    {
        Dataset dataset = entry.Dataset;
        writer.Int64(RecordFields.Number, entry.Number);
        writer.Text(nameof(Dataset.ProjectName), dataset.ProjectName.Value);
        writer.Text(nameof(Dataset.DatasetName), dataset.DatasetName);
        WriteTimes(writer, dataset.CreateTicks, dataset.UpdateTicks);
        WriteUnlessZero(writer, Revision, dataset.Revision);
        WriteUnlessEmpty(writer, nameof(Dataset.Description), dataset.Description);
        WriteUnlessEmpty(writer, nameof(Dataset.TemplateId), dataset.TemplateId);
        foreach (Limit limit in Limit.OfDataset)
        {
            WriteLimit(writer, limit, dataset.Quota[limit]);
        }

        WriteUnlessZero(writer, nameof(Dataset.FileCount), dataset.FileCount);
        WriteUnlessZero(writer, nameof(Dataset.TotalFileSize), dataset.TotalFileSize);
        if (entry.Bindings.Length > 0)
        {
            int bindings = writer.BeginArray(Bindings);
            for (int i = 0; i < entry.Bindings.Length; i++)
            {
                int binding = writer.BeginItem(i);
                writer.Text(Binding.UriParameter, entry.Bindings[i].Uri);
                writer.Date(nameof(Binding.CreateTime), entry.Bindings[i].CreateTicks);
                writer.Int64(CreateTicks, entry.Bindings[i].CreateTicks);
                writer.End(binding);
            }

            writer.End(bindings);
        }
    }

    private static void Write(BsonWriter writer, OssBucketAttachment attachment)
    {
        writer.Int64(RecordFields.Number, attachment.Number);
        writer.Text(nameof(OssBucketAttachment.ProjectName), attachment.ProjectName.Value);
        writer.Text(OssBucketAttachment.BucketParameter, attachment.OssBucket);
        WriteTimes(writer, attachment.CreateTicks, attachment.CreateTicks);
        WriteUnlessEmpty(writer, nameof(OssBucketAttachment.Description), attachment.Description);
    }

    private static void WriteTimes(BsonWriter writer, long createTicks, long updateTicks)
    {
        writer.Date(nameof(Project.CreateTime), createTicks);
        writer.Int64(CreateTicks, createTicks);
        if (updateTicks != createTicks)
        {
            writer.Date(nameof(Project.UpdateTime), updateTicks);
            writer.Int64(UpdateTicks, updateTicks);
        }
    }

    private static void WriteLimit(BsonWriter writer, Limit limit, long value)
    {
        if (value != limit.Default)
        {
            writer.Int64(limit.Name, value);
        }
    }

    private static void WriteUnlessZero(BsonWriter writer, string name, long value)
    {
        if (value != 0)
        {
            writer.Int64(name, value);
        }
    }

    private static void WriteUnlessEmpty(BsonWriter writer, string name, string value)
    {
        if (value.Length > 0)
        {
            writer.Text(name, value);
        }
    }

    private static ProjectName ReadName(in RecordFields fields)
    {
        fields.Expect(ProjectName.TryParse(fields.Text(nameof(Project.ProjectName)), out ProjectName? name));
        return name!;
    }

    private static (long CreateTicks, long UpdateTicks) ReadTimes(in RecordFields fields)
    {
        long createTicks = fields.Int64(CreateTicks);
        long updateTicks = fields.Int64(UpdateTicks, otherwise: createTicks);
        fields.Expect(updateTicks >= createTicks && updateTicks <= DateTime.MaxValue.Ticks);
        return (createTicks, updateTicks);
    }

    private static LimitSet<long?> ReadLimits(in RecordFields fields, ReadOnlySpan<Limit> limits)
    {
        LimitSet<long?> values = default;
        foreach (Limit limit in limits)
        {
            long value = fields.Int64(limit.Name, otherwise: 0);
            if (value != 0)
            {
                fields.Expect(limit.Check(value) is null);
                values[limit] = value;
            }
        }

        return values;
    }

    private static TagSet ReadTags(in RecordFields fields, SharedValues<TagSet>? shared)
    {
        ReadOnlySpan<byte> array = fields.Array(nameof(Project.Tags));
        if (array.IsEmpty)
        {
            return TagSet.Empty;
        }

        if (shared is not null)
        {
            ref TagSet? known = ref shared.Slot(array);
            return known ??= ParseTags(fields, array);
        }

        return ParseTags(fields, array);
    }

    private static TagSet ParseTags(in RecordFields fields, ReadOnlySpan<byte> array)
    {
        var tags = new List<Tag>();
        foreach (RecordFields item in fields.Items(array))
        {
            tags.Add(new Tag(item.Text(nameof(Tag.Key)), item.Text(nameof(Tag.Value))));
        }

        fields.Expect(TagSet.Parse(tags, out TagSet set, isAnswer: true) is null);
        return set;
    }
}
