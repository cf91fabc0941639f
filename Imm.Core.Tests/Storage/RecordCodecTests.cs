using System.Buffers.Binary;
using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The encoding of record values: docs/storage.md, section 2.4.</summary>
public class RecordCodecTests
{
    private const int ScopeId = 3;

    private static readonly ServiceDefaults Defaults = new(100, 200, 300);
    private static readonly RecordCodec Codec = new(Defaults);
    private static readonly long ProjectKey = RecordKey.Of(ScopeId, 7);
    private static readonly long DatasetKey = RecordKey.Of(ScopeId, 8);
    private static readonly ProjectName Name = ProjectName.Parse("name");

    private static readonly Project FullProject = NewProject(
        "Beschreibung \u00e4\U0001F600", "role", "Official:AllFunction", Quota.Default.With(Limits()), Tags(20));

    private static readonly DatasetEntry FullDataset = NewDataset(
        "text", "template", DatasetQuota.Default.With(Limits()), "oss://bucket-one", "oss://bucket-two");

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, All.Length)];

    private static (ChangeKind Kind, long Key, object Value)[] All =>
    [
        (ChangeKind.Scope, ScopeId, ScopeState.Empty(new Scope("account", "region"), Defaults)),
        (ChangeKind.Scope, ScopeId, ScopeState.Empty(new Scope("account", "region"), Defaults, ownProjectQuota: int.MaxValue)),
        (ChangeKind.Project, ProjectKey, NewProject("", ProjectFields.DefaultServiceRole, "", Quota.Default, TagSet.Empty)),
        (ChangeKind.Project, ProjectKey, FullProject),
        (ChangeKind.Dataset, DatasetKey, NewDataset("", "", DatasetQuota.Default)),
        (ChangeKind.Dataset, DatasetKey, FullDataset),
        (ChangeKind.Dataset, DatasetKey, FullDataset.With(FullDataset.Dataset with { FileCount = 127, TotalFileSize = long.MaxValue })),
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_kind_of_record_is_read_as_it_was_written(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];

        Assert.Equal(Shown(value), Shown(Read(kind, key, Encode(kind, key, value))));
    }

    [Fact]
    public void A_project_with_default_fields_has_the_documented_bytes()
    {
        byte[] value = Encode(
            ChangeKind.Project, ProjectKey, NewProject("", ProjectFields.DefaultServiceRole, "", Quota.Default, TagSet.Empty));

        // Layout, no optional fields, name, creation time 1000, update time − creation time 1.
        Assert.Equal([1, 0, 4, .. "name"u8, 0xE8, 0x07, 1, 9], value[..^4]);
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(value.AsSpan()[^4..]);
        Assert.Equal(ChecksumOf(ChangeKind.Project, ProjectKey, value[..^4]), checksum);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_changed_bit_in_any_byte_is_detected(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        byte[] bytes = Encode(kind, key, value);
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            AssertDamaged(kind, key, damaged, $"bit {bit}");
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_value_that_is_cut_or_extended_is_detected(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        byte[] bytes = Encode(kind, key, value);
        for (int length = 0; length < bytes.Length; length++)
        {
            AssertDamaged(kind, key, bytes[..length], $"cut to {length}");
        }

        AssertDamaged(kind, key, [.. bytes, 0], "extended");
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_value_under_another_key_or_kind_is_detected(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        byte[] bytes = Encode(kind, key, value);

        AssertDamaged(kind, key + 1, bytes, "another key");
        foreach (ChangeKind other in Enum.GetValues<ChangeKind>().Where(other => other != kind))
        {
            AssertDamaged(other, key, bytes, $"read as {other}");
        }
    }

    // The checksum is right in all of these: another program wrote them.
    [Theory]
    [MemberData(nameof(Samples))]
    public void A_value_whose_fields_end_early_or_late_is_detected_though_its_checksum_is_right(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        byte[] fields = Encode(kind, key, value)[..^4];
        for (int length = 1; length < fields.Length; length++)
        {
            AssertDamaged(kind, key, WithChecksum(kind, key, fields[..length]), $"fields cut to {length}");
        }

        AssertDamaged(kind, key, WithChecksum(kind, key, [.. fields, 0]), "a byte behind the fields");
    }

    public static TheoryData<string, string, byte[]> MalformedFields => new()
    {
        { "has layout 2", nameof(ChangeKind.Project), [2, 0, 1, (byte)'n', 1, 0] },
        {
            "longer than 63 bits",
            nameof(ChangeKind.Project),
            [1, 0, 1, (byte)'n', 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0]
        },
        { "not UTF-8", nameof(ChangeKind.Project), [1, 0, 1, 0xFF, 1, 0] },
        { "ends before it is complete", nameof(ChangeKind.Project), [1, 0, 0xFF, 0x7F, (byte)'n', 1, 0] },
        { "is damaged", nameof(ChangeKind.Project), [1, 0, 1, (byte)'1', 1, 0, 0] },
        { "is damaged", nameof(ChangeKind.Project), [1, 0, 1, (byte)'n', 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 1, 0] },
        { "more than 20 tags", nameof(ChangeKind.Project), [1, 16, 1, (byte)'n', 1, 0, 21] },
        { "is damaged", nameof(ChangeKind.Scope), [1, 1, (byte)'a', 1, (byte)':', 0, 0] },
        { "is damaged", nameof(ChangeKind.Scope), [1, 0, 1, (byte)'r', 0, 0] },
        {
            "is damaged",
            nameof(ChangeKind.Dataset),
            [1, 1, (byte)'p', 0, 1, (byte)'n', 1, 0, 1, 3, (byte)'u', (byte)'r', (byte)'i', 1, 0, 0, 0]
        },
        { "is damaged", nameof(ChangeKind.Dataset), [1, 1, (byte)'p', 0, 1, (byte)'-', 1, 0, 0, 0, 0, 0] },
    };

    [Theory]
    [MemberData(nameof(MalformedFields))]
    public void A_malformed_field_is_reported_though_the_checksum_is_right(string problem, string kindName, byte[] fields)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var kind = Enum.Parse<ChangeKind>(kindName);
        long key = kind == ChangeKind.Scope ? ScopeId : ProjectKey;

        var error = Assert.Throws<InvalidDataException>(() => Read(kind, key, WithChecksum(kind, key, fields)));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static void AssertDamaged(ChangeKind kind, long key, byte[] value, string what)
    {
        Exception? error = Xunit.Record.Exception(() => Read(kind, key, value));
        Assert.True(error is InvalidDataException, $"{what} of a {kind} record: {error?.GetType().Name ?? "it was read"}.");
    }

    private static byte[] Encode(ChangeKind kind, long key, object value)
    {
        var writer = new PackedWriter();
        RecordCodec.Write(writer, kind, key, value);
        return writer.Written.ToArray();
    }

    private static object Read(ChangeKind kind, long key, byte[] value) => kind switch
    {
        ChangeKind.Scope => RecordCodec.ReadScope(key, value),
        ChangeKind.Project => Codec.ReadProject(key, value),
        _ => RecordCodec.ReadDataset(key, value),
    };

    private static string Shown(object value) => value switch
    {
        ScopeState scope => $"{scope.Scope} {scope.OwnProjectQuota} {scope.Revision}",
        (Scope scope, var quota, long revision) => $"{scope} {quota} {revision}",
        Project project => $"{project.Number} {project} {string.Join(' ', project.Tags.Select(tag => $"{tag.Key}={tag.Value}"))}",
        DatasetEntry dataset =>
            $"{dataset.Number} {dataset.Dataset} {string.Join<Binding>(' ', dataset.Bindings)}",
        _ => $"{value}",
    };

    private static byte[] WithChecksum(ChangeKind kind, long key, byte[] fields)
    {
        var checksum = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, ChecksumOf(kind, key, fields));
        return [.. fields, .. checksum];
    }

    private static uint ChecksumOf(ChangeKind kind, long key, byte[] fields)
    {
        var covered = new byte[9];
        BinaryPrimitives.WriteInt64LittleEndian(covered, key);
        covered[8] = (byte)kind;
        return Checksum.Of([.. covered, .. fields]);
    }

    /// <summary>Another value than the default for every limit.</summary>
    private static LimitSet<long?> Limits()
    {
        LimitSet<long?> limits = default;
        foreach (Limit limit in Limit.OfProject)
        {
            limits[limit] = limit.Index + 2;
        }

        return limits;
    }

    private static TagSet Tags(int count)
    {
        Assert.Null(TagSet.Parse(
            [.. Enumerable.Range(0, count).Select(i => new Tag($"key{i}", i % 2 == 0 ? "" : $"value {i}"))], out TagSet set));
        return set;
    }

    private static Project NewProject(string description, string serviceRole, string templateId, Quota quota, TagSet tags) =>
        new(Name, description, serviceRole, templateId, quota, tags, 1000, 1001, Defaults.Capacity) { Number = 7, Revision = 9 };

    private static DatasetEntry NewDataset(string description, string templateId, DatasetQuota quota, params string[] uris) => new(
        8,
        new Dataset(Name, "data", description, templateId, quota, 1000, DateTime.MaxValue.Ticks) { BindCount = uris.Length },
        [.. uris.Select(uri => new Binding(Name, "data", uri, 1002))]);
}
