using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Packs what the model changed into record values, and reads them back through the same constructors that check a request. A value starts with
/// the version of its layout and ends with a checksum over itself, its kind and its key, so that a value in the wrong place is found out.
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
            case ChangeKind.DatasetUse:
                Write(writer, (Dataset)value);
                break;
            default:
                throw new InvalidOperationException($"No layout for {kind}.");
        }

        writer.UInt32(Seal(kind, key, writer.Written[start..]));
    }

    public static (Scope Scope, int? OwnProjectQuota) ReadScope(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Scope, key, value);
        string accountId = reader.Text();
        string regionId = reader.Text();
        int? quota = reader.Byte() == 0 ? null : checked((int)reader.Number());
        Expect(reader.AtEnd && Scope.IsAccountId(accountId) && Scope.IsRegionId(regionId), ChangeKind.Scope, key);
        return (new Scope(accountId, regionId), quota);
    }

    public Project ReadProject(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Project, key, value);
        var parts = (Parts)reader.Byte();
        ProjectName? name = ProjectName.TryParse(reader.Text(), out ProjectName? parsed) ? parsed : null;
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = parts.HasFlag(Parts.Description) ? reader.Text() : "";
        string serviceRole = parts.HasFlag(Parts.ServiceRole) ? reader.Text() : ProjectFields.DefaultServiceRole;
        string templateId = parts.HasFlag(Parts.TemplateId) ? reader.Text() : "";
        Quota quota = parts.HasFlag(Parts.Quota)
            ? Quota.Default.With(ReadLimits(ref reader, Limit.OfProject))
            : Quota.Default;
        TagSet tags = parts.HasFlag(Parts.Tags) ? ReadTags(ref reader) : TagSet.Empty;
        Expect(reader.AtEnd && name is not null && updateTicks >= createTicks && updateTicks <= DateTime.MaxValue.Ticks, ChangeKind.Project, key);
        return new Project(name!, description, serviceRole, templateId, quota, tags, createTicks, updateTicks, defaults.Capacity)
        {
            Number = RecordKey.Number(key),
        };
    }

    /// <summary>Which project the record of a dataset belongs to.</summary>
    public static long ReadProjectNumber(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Dataset, key, value);
        return reader.Number();
    }

    /// <summary>Reads a dataset; its files and bytes are a record of their own.</summary>
    public static DatasetEntry ReadDataset(long key, ReadOnlySpan<byte> value, ProjectName projectName)
    {
        PackedReader reader = Open(ChangeKind.Dataset, key, value);
        long projectNumber = reader.Number();
        var parts = (Parts)reader.Byte();
        string name = reader.Text();
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = parts.HasFlag(Parts.Description) ? reader.Text() : "";
        string templateId = parts.HasFlag(Parts.TemplateId) ? reader.Text() : "";
        DatasetQuota quota = parts.HasFlag(Parts.Quota)
            ? DatasetQuota.Default.With(ReadLimits(ref reader, Limit.OfDataset))
            : DatasetQuota.Default;
        var bindings = new Binding[reader.Byte()];
        for (int i = 0; i < bindings.Length; i++)
        {
            string uri = reader.Text();
            Expect(Binding.IsUri(uri), ChangeKind.Dataset, key);
            bindings[i] = new Binding(projectName, name, uri, reader.Number());
        }

        Expect(reader.AtEnd && NameRule.Holds(name) && updateTicks >= createTicks && updateTicks <= DateTime.MaxValue.Ticks, ChangeKind.Dataset, key);
        return new DatasetEntry(
            RecordKey.Number(key),
            projectNumber,
            new Dataset(projectName, name, description, templateId, quota, createTicks, updateTicks) { BindCount = bindings.Length },
            bindings);
    }

    public static (long FileCount, long TotalFileSize) ReadDatasetUse(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.DatasetUse, key, value);
        (long files, long bytes) = (reader.Number(), reader.Number());
        Expect(reader.AtEnd, ChangeKind.DatasetUse, key);
        return (files, bytes);
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
    }

    private static void Write(PackedWriter writer, Project project)
    {
        Parts parts =
            (project.Description.Length > 0 ? Parts.Description : 0)
            | (project.ServiceRole != ProjectFields.DefaultServiceRole ? Parts.ServiceRole : 0)
            | (project.TemplateId.Length > 0 ? Parts.TemplateId : 0)
            | (project.Quota != Quota.Default ? Parts.Quota : 0)
            | (project.Tags.Count > 0 ? Parts.Tags : 0);
        writer.Byte((byte)parts);
        writer.Text(project.ProjectName.Value);
        writer.Number(project.CreateTicks);
        writer.Number(project.UpdateTicks - project.CreateTicks);
        if (parts.HasFlag(Parts.Description))
        {
            writer.Text(project.Description);
        }

        if (parts.HasFlag(Parts.ServiceRole))
        {
            writer.Text(project.ServiceRole);
        }

        if (parts.HasFlag(Parts.TemplateId))
        {
            writer.Text(project.TemplateId);
        }

        if (parts.HasFlag(Parts.Quota))
        {
            foreach (Limit limit in Limit.OfProject)
            {
                writer.Number(project.Quota[limit]);
            }
        }

        if (parts.HasFlag(Parts.Tags))
        {
            writer.Number(project.Tags.Count);
            foreach (Tag tag in project.Tags)
            {
                writer.Text(tag.Key);
                writer.Text(tag.Value);
            }
        }
    }

    private static void Write(PackedWriter writer, DatasetEntry entry)
    {
        Dataset dataset = entry.Dataset;
        Parts parts =
            (dataset.Description.Length > 0 ? Parts.Description : 0)
            | (dataset.TemplateId.Length > 0 ? Parts.TemplateId : 0)
            | (dataset.Quota != DatasetQuota.Default ? Parts.Quota : 0);
        writer.Number(entry.ProjectNumber);
        writer.Byte((byte)parts);
        writer.Text(dataset.DatasetName);
        writer.Number(dataset.CreateTicks);
        writer.Number(dataset.UpdateTicks - dataset.CreateTicks);
        if (parts.HasFlag(Parts.Description))
        {
            writer.Text(dataset.Description);
        }

        if (parts.HasFlag(Parts.TemplateId))
        {
            writer.Text(dataset.TemplateId);
        }

        if (parts.HasFlag(Parts.Quota))
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
    }

    private static void Write(PackedWriter writer, Dataset use)
    {
        writer.Number(use.FileCount);
        writer.Number(use.TotalFileSize);
    }

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

    private static PackedReader Open(ChangeKind kind, long key, ReadOnlySpan<byte> value)
    {
        Expect(value.Length > 5, kind, key);
        var seal = new PackedReader(value[^4..]);
        Expect(seal.UInt32() == Seal(kind, key, value[..^4]), kind, key);
        var reader = new PackedReader(value[..^4]);
        byte layout = reader.Byte();
        return layout == Layout
            ? reader
            : throw new InvalidDataException($"The {kind} record {key} has layout {layout}; this version reads layout {Layout}.");
    }

    private static uint Seal(ChangeKind kind, long key, ReadOnlySpan<byte> packed)
    {
        Span<byte> place = stackalloc byte[9];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(place, key);
        place[8] = (byte)kind;
        return Checksum.Of(packed, Checksum.Of(place));
    }

    private static void Expect(bool condition, ChangeKind kind, long key)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The {kind} record {key} is damaged."));
        }
    }

    /// <summary>Which fields of a project or dataset are not the default and follow.</summary>
    [Flags]
    private enum Parts : byte
    {
        Description = 1,
        ServiceRole = 2,
        TemplateId = 4,
        Quota = 8,
        Tags = 16,
    }
}
