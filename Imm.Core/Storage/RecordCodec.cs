using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Encodes values of records, and decodes them through the constructors that also validate requests. A value begins with the number of its
/// layout. It ends with a checksum of value, kind and key, so that a value under another key is detected.
/// </summary>
internal sealed class RecordCodec(ServiceDefaults defaults)
{
    private const byte Layout = 1;

    /// <summary>Writes a value with its checksum.</summary>
    /// <param name="writer">Takes the bytes behind what it holds.</param>
    /// <param name="kind">The kind of the record.</param>
    /// <param name="key">The key of the record.</param>
    /// <param name="value">The value, of the type that belongs to the kind.</param>
    public static void Write(PackedWriter writer, ChangeKind kind, long key, object value)
    {
        int start = writer.Length;
        writer.Byte(Layout);
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
            default:
                throw new InvalidOperationException($"No layout for {kind}.");
        }

        writer.UInt32(ChecksumOf(kind, key, writer.Written[start..]));
    }

    public static (Scope Scope, int? OwnProjectQuota, long Revision) ReadScope(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Scope, key, value);
        string accountId = reader.Text();
        string regionId = reader.Text();
        int? quota = reader.Byte() == 0 ? null : checked((int)reader.Number());
        long revision = reader.Number();
        Expect(reader.AtEnd && Scope.IsAccountId(accountId) && Scope.IsRegionId(regionId), ChangeKind.Scope, key);
        return (new Scope(accountId, regionId), quota, revision);
    }

    public Project ReadProject(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Project, key, value);
        var fields = (Fields)reader.Byte();
        ProjectName? name = ProjectName.TryParse(reader.Text(), out ProjectName? parsed) ? parsed : null;
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = fields.HasFlag(Fields.Description) ? reader.Text() : "";
        string serviceRole = fields.HasFlag(Fields.ServiceRole) ? reader.Text() : ProjectFields.DefaultServiceRole;
        string templateId = fields.HasFlag(Fields.TemplateId) ? reader.Text() : "";
        Quota quota = fields.HasFlag(Fields.Quota)
            ? Quota.Default.With(ReadLimits(ref reader, Limit.OfProject))
            : Quota.Default;
        TagSet tags = fields.HasFlag(Fields.Tags) ? ReadTags(ref reader) : TagSet.Empty;
        long revision = reader.Number();
        Expect(reader.AtEnd && name is not null && AreTimes(createTicks, updateTicks), ChangeKind.Project, key);
        return new Project(name!, description, serviceRole, templateId, quota, tags, createTicks, updateTicks, defaults.Capacity)
        {
            Number = RecordKey.Number(key),
            Revision = revision,
        };
    }

    public static DatasetEntry ReadDataset(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Dataset, key, value);
        string text = reader.Text();
        Expect(ProjectName.TryParse(text, out ProjectName? projectName), ChangeKind.Dataset, key);
        var fields = (Fields)reader.Byte();
        string name = reader.Text();
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = fields.HasFlag(Fields.Description) ? reader.Text() : "";
        string templateId = fields.HasFlag(Fields.TemplateId) ? reader.Text() : "";
        DatasetQuota quota = fields.HasFlag(Fields.Quota)
            ? DatasetQuota.Default.With(ReadLimits(ref reader, Limit.OfDataset))
            : DatasetQuota.Default;
        var bindings = new Binding[reader.Byte()];
        for (int i = 0; i < bindings.Length; i++)
        {
            string uri = reader.Text();
            Expect(Binding.IsUri(uri), ChangeKind.Dataset, key);
            bindings[i] = new Binding(projectName!, name, uri, reader.Number());
        }

        (long files, long size, long revision) = (reader.Number(), reader.Number(), reader.Number());

        Expect(reader.AtEnd && NameRule.Holds(name) && AreTimes(createTicks, updateTicks), ChangeKind.Dataset, key);
        return new DatasetEntry(
            RecordKey.Number(key),
            new Dataset(projectName!, name, description, templateId, quota, createTicks, updateTicks)
            {
                BindCount = bindings.Length,
                FileCount = files,
                TotalFileSize = size,
                Revision = revision,
            },
            bindings);
    }

    private static void Write(PackedWriter writer, ScopeState scope)
    {
        writer.Text(scope.Scope.AccountId);
        writer.Text(scope.Scope.RegionId);
        writer.Byte(scope.OwnProjectQuota is null ? (byte)0 : (byte)1);
        if (scope.OwnProjectQuota is { } quota)
        {
            writer.Number(quota);
        }

        writer.Number(scope.Revision);
    }

    private static void Write(PackedWriter writer, Project project)
    {
        Fields fields =
            (project.Description.Length > 0 ? Fields.Description : 0)
            | (project.ServiceRole != ProjectFields.DefaultServiceRole ? Fields.ServiceRole : 0)
            | (project.TemplateId.Length > 0 ? Fields.TemplateId : 0)
            | (project.Quota != Quota.Default ? Fields.Quota : 0)
            | (project.Tags.Count > 0 ? Fields.Tags : 0);
        writer.Byte((byte)fields);
        writer.Text(project.ProjectName.Value);
        writer.Number(project.CreateTicks);
        writer.Number(project.UpdateTicks - project.CreateTicks);
        if (fields.HasFlag(Fields.Description))
        {
            writer.Text(project.Description);
        }

        if (fields.HasFlag(Fields.ServiceRole))
        {
            writer.Text(project.ServiceRole);
        }

        if (fields.HasFlag(Fields.TemplateId))
        {
            writer.Text(project.TemplateId);
        }

        if (fields.HasFlag(Fields.Quota))
        {
            foreach (Limit limit in Limit.OfProject)
            {
                writer.Number(project.Quota[limit]);
            }
        }

        if (fields.HasFlag(Fields.Tags))
        {
            writer.Number(project.Tags.Count);
            foreach (Tag tag in project.Tags)
            {
                writer.Text(tag.Key);
                writer.Text(tag.Value);
            }
        }

        writer.Number(project.Revision);
    }

    private static void Write(PackedWriter writer, DatasetEntry entry)
    {
        Dataset dataset = entry.Dataset;
        Fields fields =
            (dataset.Description.Length > 0 ? Fields.Description : 0)
            | (dataset.TemplateId.Length > 0 ? Fields.TemplateId : 0)
            | (dataset.Quota != DatasetQuota.Default ? Fields.Quota : 0);
        writer.Text(dataset.ProjectName.Value);
        writer.Byte((byte)fields);
        writer.Text(dataset.DatasetName);
        writer.Number(dataset.CreateTicks);
        writer.Number(dataset.UpdateTicks - dataset.CreateTicks);
        if (fields.HasFlag(Fields.Description))
        {
            writer.Text(dataset.Description);
        }

        if (fields.HasFlag(Fields.TemplateId))
        {
            writer.Text(dataset.TemplateId);
        }

        if (fields.HasFlag(Fields.Quota))
        {
            foreach (Limit limit in Limit.OfDataset)
            {
                writer.Number(dataset.Quota[limit]);
            }
        }

        writer.Byte(checked((byte)entry.Bindings.Length));
        foreach (Binding binding in entry.Bindings)
        {
            writer.Text(binding.Uri);
            writer.Number(binding.CreateTicks);
        }

        writer.Number(dataset.FileCount);
        writer.Number(dataset.TotalFileSize);
        writer.Number(dataset.Revision);
    }

    private static bool AreTimes(long createTicks, long updateTicks) =>
        updateTicks >= createTicks && updateTicks <= DateTime.MaxValue.Ticks;

    private static LimitSet<long?> ReadLimits(ref PackedReader reader, ReadOnlySpan<Limit> limits)
    {
        LimitSet<long?> values = default;
        foreach (Limit limit in limits)
        {
            values[limit] = reader.Number();
        }

        return values;
    }

    private static TagSet ReadTags(ref PackedReader reader)
    {
        long count = reader.Number();
        if (count > TagSet.MaxCount)
        {
            throw new InvalidDataException("a project has more than 20 tags.");
        }

        var tags = new Tag[count];
        for (int i = 0; i < tags.Length; i++)
        {
            tags[i] = new Tag(reader.Text(), reader.Text());
        }

        return TagSet.Parse(tags, out TagSet set) is { } refusal ? throw new InvalidDataException(refusal.Message) : set;
    }

    /// <summary>Verifies checksum and layout of a value, and returns a reader of its fields.</summary>
    private static PackedReader Open(ChangeKind kind, long key, ReadOnlySpan<byte> value)
    {
        Expect(value.Length > 5, kind, key);
        var checksum = new PackedReader(value[^4..]);
        Expect(checksum.UInt32() == ChecksumOf(kind, key, value[..^4]), kind, key);
        var reader = new PackedReader(value[..^4]);
        byte layout = reader.Byte();
        return layout == Layout
            ? reader
            : throw new InvalidDataException($"The {kind} record {key} has layout {layout}, and this version reads layout {Layout}.");
    }

    private static uint ChecksumOf(ChangeKind kind, long key, ReadOnlySpan<byte> value)
    {
        Span<byte> prefix = stackalloc byte[9];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, key);
        prefix[8] = (byte)kind;
        return Checksum.Of(value, Checksum.Of(prefix));
    }

    private static void Expect(bool condition, ChangeKind kind, long key)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The {kind} record {key} is damaged."));
        }
    }

    /// <summary>The optional fields that a value contains, in this order; the others have their defaults.</summary>
    [Flags]
    private enum Fields : byte
    {
        Description = 1,
        ServiceRole = 2,
        TemplateId = 4,
        Quota = 8,
        Tags = 16,
    }
}
