using System.Buffers.Binary;
using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Reads values of format 1. A value begins with the number of its layout and ends with a checksum of value, kind and key. What is read
/// gets the revision 1.
/// </summary>
internal sealed class ValueReader(ServiceDefaults defaults)
{
    public const byte ScopeKind = 1;
    public const byte ProjectKind = 2;
    public const byte DatasetKind = 3;

    /// <summary>The kind of the files and bytes of a dataset, under the key of the dataset.</summary>
    public const byte DatasetUseKind = 4;

    private const byte Layout = 1;
    private const long Revision = 1;

    public ScopeState ReadScope(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ScopeKind, key, value);
        string accountId = reader.Text();
        string regionId = reader.Text();
        int? quota = reader.Byte() == 0 ? null : checked((int)reader.Number());
        Expect(reader.AtEnd && Scope.IsAccountId(accountId) && Scope.IsRegionId(regionId), ScopeKind, key);
        return ScopeState.Empty(new Scope(accountId, regionId), defaults, quota);
    }

    /// <summary>Reads a project, without its datasets.</summary>
    public Project ReadProject(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ProjectKind, key, value);
        var fields = (Fields)reader.Byte();
        string name = reader.Text();
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = fields.HasFlag(Fields.Description) ? reader.Text() : "";
        string serviceRole = fields.HasFlag(Fields.ServiceRole) ? reader.Text() : ProjectFields.DefaultServiceRole;
        string templateId = fields.HasFlag(Fields.TemplateId) ? reader.Text() : "";
        Quota quota = fields.HasFlag(Fields.Quota)
            ? Quota.Default.With(ReadLimits(ref reader, Limit.OfProject))
            : Quota.Default;
        TagSet tags = fields.HasFlag(Fields.Tags) ? ReadTags(ref reader) : TagSet.Empty;
        Expect(reader.AtEnd && NameRule.Holds(name) && AreTimes(createTicks, updateTicks), ProjectKind, key);
        return new Project(name, description, serviceRole, templateId, quota, tags, createTicks, updateTicks, defaults.Capacity)
        {
            Number = RecordKey.Number(key),
            Revision = Revision,
        };
    }

    /// <summary>Reads a dataset.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <param name="use">The value of the dataset's files and bytes; empty for none.</param>
    /// <param name="projects">The projects of the scope by their numbers.</param>
    public static DatasetEntry ReadDataset(
        long key, ReadOnlySpan<byte> value, ReadOnlySpan<byte> use, IReadOnlyDictionary<long, Project> projects)
    {
        PackedReader reader = Open(DatasetKind, key, value);
        Expect(projects.TryGetValue(reader.Number(), out Project? project), DatasetKind, key);
        ProjectName projectName = project!.ProjectName;
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
            Expect(Binding.IsUri(uri), DatasetKind, key);
            bindings[i] = new Binding(projectName, name, uri, reader.Number());
        }

        Expect(reader.AtEnd && NameRule.Holds(name) && AreTimes(createTicks, updateTicks), DatasetKind, key);
        (long files, long bytes) = use.IsEmpty ? (0, 0) : ReadDatasetUse(key, use);
        return new DatasetEntry(
            RecordKey.Number(key),
            new Dataset(projectName, name, description, templateId, quota, createTicks, updateTicks)
            {
                BindCount = bindings.Length,
                FileCount = files,
                TotalFileSize = bytes,
                Revision = Revision,
            },
            bindings);
    }

    private static (long FileCount, long TotalFileSize) ReadDatasetUse(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(DatasetUseKind, key, value);
        (long files, long bytes) = (reader.Number(), reader.Number());
        Expect(reader.AtEnd, DatasetUseKind, key);
        return (files, bytes);
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
    private static PackedReader Open(byte kind, long key, ReadOnlySpan<byte> value)
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

    private static uint ChecksumOf(byte kind, long key, ReadOnlySpan<byte> value)
    {
        Span<byte> prefix = stackalloc byte[9];
        BinaryPrimitives.WriteInt64LittleEndian(prefix, key);
        prefix[8] = kind;
        return Checksum.Of(value, Checksum.Of(prefix));
    }

    private static void Expect(bool condition, byte kind, long key)
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
