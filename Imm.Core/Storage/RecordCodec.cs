using System.Globalization;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Packs what the model changed into record values, and reads them back through the same constructors that check a request. A value starts with
/// the version of its layout and ends with a checksum over itself, its kind and its key, so that a value in the wrong place is found out.
/// </summary>
internal sealed class RecordCodec(ServiceFigures figures)
{
    private const byte Layout = 1;

    private readonly PackedWriter _writer = new();

    /// <summary>Packs one change. Not thread-safe.</summary>
    public Record Pack(int scopeId, in Change change)
    {
        long key = change.Kind == ChangeKind.Scope ? scopeId : RecordKey.Of(scopeId, change.Number);
        if (change.Value is null)
        {
            return new Record(change.Kind, key, null);
        }

        _writer.Clear();
        _writer.Byte(Layout);
        switch (change.Value)
        {
            case ScopeState scope:
                Write(_writer, scope);
                break;
            case Project project:
                Write(_writer, project);
                break;
            default:
                throw new InvalidOperationException($"No layout for a {change.Value.GetType().Name}.");
        }

        _writer.UInt32(Seal(change.Kind, key, _writer.Written));
        return new Record(change.Kind, key, _writer.Written.ToArray());
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

    public ProjectEntry ReadProject(long key, ReadOnlySpan<byte> value)
    {
        PackedReader reader = Open(ChangeKind.Project, key, value);
        var parts = (ProjectParts)reader.Byte();
        ProjectName? name = ProjectName.TryParse(reader.Text(), out ProjectName? parsed) ? parsed : null;
        long createTicks = reader.Number();
        long updateTicks = createTicks + reader.Number();
        string description = parts.HasFlag(ProjectParts.Description) ? reader.Text() : "";
        string serviceRole = parts.HasFlag(ProjectParts.ServiceRole) ? reader.Text() : ProjectFields.DefaultServiceRole;
        string templateId = parts.HasFlag(ProjectParts.TemplateId) ? reader.Text() : "";
        Quota quota = parts.HasFlag(ProjectParts.Quota)
            ? Quota.Create(reader.Number(), DatasetQuota.Create(reader.Number(), reader.Number(), reader.Number(), reader.Number(), reader.Number()))
            : Quota.Default;
        TagSet tags = parts.HasFlag(ProjectParts.Tags) ? ReadTags(ref reader) : TagSet.Empty;
        Expect(reader.AtEnd && name is not null && updateTicks >= createTicks && updateTicks <= DateTime.MaxValue.Ticks, ChangeKind.Project, key);
        return new ProjectEntry(
            RecordKey.Number(key),
            new Project(name!, description, serviceRole, templateId, quota, tags, createTicks, updateTicks, figures.Project));
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
        ProjectParts parts =
            (project.Description.Length > 0 ? ProjectParts.Description : 0)
            | (project.ServiceRole != ProjectFields.DefaultServiceRole ? ProjectParts.ServiceRole : 0)
            | (project.TemplateId.Length > 0 ? ProjectParts.TemplateId : 0)
            | (project.Quota != Quota.Default ? ProjectParts.Quota : 0)
            | (project.Tags.Count > 0 ? ProjectParts.Tags : 0);
        writer.Byte((byte)parts);
        writer.Text(project.ProjectName.Value);
        writer.Number(project.CreateTicks);
        writer.Number(project.UpdateTicks - project.CreateTicks);
        if (parts.HasFlag(ProjectParts.Description))
        {
            writer.Text(project.Description);
        }

        if (parts.HasFlag(ProjectParts.ServiceRole))
        {
            writer.Text(project.ServiceRole);
        }

        if (parts.HasFlag(ProjectParts.TemplateId))
        {
            writer.Text(project.TemplateId);
        }

        if (parts.HasFlag(ProjectParts.Quota))
        {
            writer.Number(project.Quota.ProjectMaxDatasetCount);
            Write(writer, project.Quota.Dataset);
        }

        if (parts.HasFlag(ProjectParts.Tags))
        {
            writer.Number(project.Tags.Count);
            foreach (Tag tag in project.Tags)
            {
                writer.Text(tag.Key);
                writer.Text(tag.Value);
            }
        }
    }

    private static void Write(PackedWriter writer, DatasetQuota quota)
    {
        writer.Number(quota.DatasetMaxBindCount);
        writer.Number(quota.DatasetMaxFileCount);
        writer.Number(quota.DatasetMaxEntityCount);
        writer.Number(quota.DatasetMaxRelationCount);
        writer.Number(quota.DatasetMaxTotalFileSize);
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

        return TagSet.TryCreate(tags, out TagSet set) is { } refusal ? throw new InvalidDataException(refusal.Message) : set;
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

    /// <summary>Which fields of a project are not the default and follow.</summary>
    [Flags]
    private enum ProjectParts : byte
    {
        Description = 1,
        ServiceRole = 2,
        TemplateId = 4,
        Quota = 8,
        Tags = 16,
    }
}
