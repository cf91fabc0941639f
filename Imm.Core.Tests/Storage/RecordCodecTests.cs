using Imm.Core.Model;
using Imm.Core.Storage;
using LiteDB;
using Xunit;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>The documents of records: docs/storage.md, section 2.4.</summary>
public class RecordCodecTests
{
    private const int ScopeId = 3;

    private static readonly ServiceDefaults Defaults = new(100, 200, 300);
    private static readonly RecordCodec Codec = new(Defaults);
    private static readonly long ProjectKey = RecordKey.Of(ScopeId, 7);
    private static readonly long DatasetKey = RecordKey.Of(ScopeId, 8);
    private static readonly long AttachmentKey = RecordKey.Of(ScopeId, 9);
    private static readonly ProjectName Name = ProjectName.Parse("name");

    private static readonly Project DefaultProject = NewProject("", ProjectFields.DefaultServiceRole, "", Quota.Default, TagSet.Empty);

    private static readonly Project FullProject = NewProject(
        "Beschreibung \u00e4\U0001F600", "role", "Official:AllFunction", Quota.Default.With(Limits()), Tags(20)) with
    {
        Revision = 9,
        DatasetCount = 3,
        FileCount = 127,
        TotalFileSize = long.MaxValue,
    };

    private static readonly DatasetEntry FullDataset = NewDataset(
        "text", "template", DatasetQuota.Default.With(Limits()), "oss://bucket-one", "oss://bucket-two");

    public static TheoryData<int> Samples => [.. Enumerable.Range(0, All.Length)];

    private static (ChangeKind Kind, long Key, object Value)[] All =>
    [
        (ChangeKind.Scope, ScopeId, ScopeState.Empty(new Scope("account", "region"), Defaults)),
        (ChangeKind.Scope, ScopeId, ScopeState.Empty(new Scope("account", "region"), Defaults, ownProjectQuota: int.MaxValue, revision: 5)),
        (ChangeKind.Scope, ScopeId, ScopeState.Empty(new Scope("account", "region"), Defaults, ownProjectQuota: 0)),
        (ChangeKind.Project, ProjectKey, DefaultProject),
        (ChangeKind.Project, ProjectKey, FullProject),
        (ChangeKind.Dataset, DatasetKey, NewDataset("", "", DatasetQuota.Default)),
        (ChangeKind.Dataset, DatasetKey, FullDataset),
        (ChangeKind.Attachment, AttachmentKey, new OssBucketAttachment("account", Name, "bucket", "", 1003) { Number = 9 }),
        (ChangeKind.Attachment, AttachmentKey, new OssBucketAttachment("account", Name, "bucket", "text", 1003) { Number = 9 }),
    ];

    [Theory]
    [MemberData(nameof(Samples))]
    public void Every_kind_of_record_is_read_as_it_was_written(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];

        Assert.Equal(Shown(value), Shown(Read(kind, key, Document(kind, value))));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_document_is_the_one_that_LiteDB_would_write(int sample)
    {
        (ChangeKind kind, _, object value) = All[sample];
        byte[] bytes = Encode(kind, value);
        BsonDocument document = BsonSerializer.Deserialize(bytes, utcDate: true);

        Assert.Equal(BsonSerializer.Serialize(document), bytes);
    }

    [Fact]
    public void A_project_with_default_fields_holds_number_name_and_creation_time_only()
    {
        BsonDocument document = Document(ChangeKind.Project, DefaultProject with { UpdateTicks = DefaultProject.UpdateTicks });

        Assert.Equal(
            ["Number", "ProjectName", "CreateTime", "CreateTicks", "UpdateTime", "UpdateTicks"], document.Keys);
        Assert.Equal(["Number", "ProjectName", "CreateTime", "CreateTicks"], Document(ChangeKind.Project, SameTimes()).Keys);
    }

    [Fact]
    public void A_document_has_the_field_names_of_the_service_and_dates_for_people()
    {
        BsonDocument project = Document(ChangeKind.Project, FullProject);
        BsonDocument dataset = Document(ChangeKind.Dataset, FullDataset);

        Assert.Equal(
            [
                "Number", "ProjectName", "CreateTime", "CreateTicks", "UpdateTime", "UpdateTicks", "Revision", "Description", "ServiceRole",
                "TemplateId", "ProjectMaxDatasetCount", "DatasetMaxBindCount", "DatasetMaxFileCount", "DatasetMaxEntityCount",
                "DatasetMaxRelationCount", "DatasetMaxTotalFileSize", "DatasetCount", "FileCount", "TotalFileSize", "Tags",
            ],
            project.Keys);
        Assert.Equal(["Key", "Value"], project["Tags"][3].AsDocument.Keys);
        Assert.Equal(new DateTime(638_000_000_001_230_000, DateTimeKind.Utc), project["CreateTime"].AsDateTime);
        Assert.Equal(638_000_000_001_234_567, project["CreateTicks"].AsInt64);
        Assert.Equal("name", dataset["ProjectName"].AsString);
        Assert.Equal(["URI", "CreateTime", "CreateTicks"], dataset["Bindings"][1].AsDocument.Keys);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_field_that_is_not_known_is_ignored(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        BsonDocument document = Document(kind, value);
        document["AddedLater"] = 5;

        Assert.Equal(Shown(value), Shown(Read(kind, key, document)));
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Many_fields_of_a_later_version_are_ignored(int sample)
    {
        (ChangeKind kind, long key, object value) = All[sample];

        // In front of those that are known, and some with names that begin and end as these do.
        var document = new BsonDocument();
        for (int i = 0; i < 50; i++)
        {
            document[$"Later{i}"] = i;
        }

        foreach (string name in Document(kind, value).Keys)
        {
            document[string.Concat(name.AsSpan(0, 1), new string('x', Math.Max(0, name.Length - 2)), name.AsSpan(name.Length - 1))] = 1.5;
        }

        foreach ((string name, BsonValue field) in Document(kind, value))
        {
            document[name] = field;
        }

        Assert.Equal(Shown(value), Shown(Read(kind, key, document)));
    }

    [Fact]
    public void A_text_that_is_no_UTF_8_is_damaged()
    {
        byte[] bytes = Encode(ChangeKind.Project, FullProject);
        int at = bytes.AsSpan().IndexOf("Beschreibung"u8);
        bytes[at] = 0xFF;

        Assert.Throws<InvalidDataException>(() => Codec.ReadProject(new Record(ChangeKind.Project, ProjectKey, bytes)));
    }

    [Fact]
    public void Equal_texts_and_tags_of_projects_are_one_object()
    {
        var shared = new SharedFields();
        var random = new Random(1);
        for (int i = 0; i < 2_000; i++)
        {
            int one = random.Next(40);
            Project project = NewProject($"text {one}{new string('x', one * 10)}", $"role {one}", "", Quota.Default, Tags(one % 5));

            Project read = Codec.ReadProject(new Record(ChangeKind.Project, ProjectKey, Encode(ChangeKind.Project, project)), shared);

            Assert.Equal(project.Description, read.Description);
            Assert.Equal(project.ServiceRole, read.ServiceRole);
            Assert.Equal(project.Tags, read.Tags);
        }

        byte[] bytes = Encode(ChangeKind.Project, NewProject("text", "role", "template", Quota.Default, Tags(2)));
        Project last = Codec.ReadProject(new Record(ChangeKind.Project, ProjectKey, bytes), shared);
        Project again = Codec.ReadProject(new Record(ChangeKind.Project, ProjectKey, bytes), shared);
        Assert.Same(last.Description, again.Description);
        Assert.Same(last.TemplateId, again.TemplateId);
        Assert.Same(last.Tags, again.Tags);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void Bytes_that_are_cut_are_no_document(int sample)
    {
        (ChangeKind kind, _, object value) = All[sample];
        byte[] bytes = Encode(kind, value);
        for (int length = 0; length < bytes.Length - 1; length++)
        {
            Exception? error = Xunit.Record.Exception(() => BsonWalker.Verify(bytes.AsSpan(0, length)));
            Assert.True(error is InvalidDataException, $"cut to {length}: {error?.GetType().Name ?? "it was read"}.");
        }
    }

    [Fact]
    public void A_record_under_the_key_of_another_one_is_detected()
    {
        AssertDamaged(ChangeKind.Project, ProjectKey + 1, Document(ChangeKind.Project, FullProject), "another key");
        AssertDamaged(ChangeKind.Dataset, DatasetKey + 1, Document(ChangeKind.Dataset, FullDataset), "another key");
    }

    public static TheoryData<int, string, object?> MalformedFields => new()
    {
        { 1, "AccountId", null },
        { 1, "AccountId", "a:b" },
        { 1, "RegionId", 5 },
        { 1, "ProjectQuota", -2L },
        { 1, "ProjectQuota", 1L << 31 },
        { 4, "Number", null },
        { 4, "Number", "7" },
        { 4, "ProjectName", null },
        { 4, "ProjectName", "1" },
        { 4, "CreateTicks", null },
        { 4, "CreateTicks", "x" },
        { 4, "UpdateTicks", 638_000_000_001_234_566 },
        { 4, "UpdateTicks", long.MaxValue },
        { 4, "Description", 5 },
        { 4, "DatasetMaxBindCount", 11L },
        { 4, "DatasetMaxFileCount", -1L },
        { 4, "Tags", "none" },
        { 4, "Tags", 21 },
        { 6, "ProjectName", null },
        { 6, "DatasetName", "-" },
        { 6, "DatasetName", null },
        { 6, "Bindings", 5 },
        { 6, "Bindings", 0 },
        { 8, "Number", 8L },
        { 8, "ProjectName", null },
        { 8, "OSSBucket", null },
        { 8, "OSSBucket", "Bucket" },
        { 8, "CreateTicks", null },
        { 8, "Description", 5 },
    };

    [Theory]
    [MemberData(nameof(MalformedFields))]
    public void A_field_that_is_missing_or_malformed_is_reported(int sample, string name, object? field)
    {
        (ChangeKind kind, long key, object value) = All[sample];
        BsonDocument document = Document(kind, value);
        document.Remove(name);
        if (field is not null)
        {
            document[name] = (name, field) switch
            {
                ("Tags", int count) => new BsonArray(Enumerable.Range(0, count).Select(
                    i => new BsonDocument { ["Key"] = $"key{i}", ["Value"] = "" })),
                ("Bindings", 0) => new BsonArray { new BsonDocument { ["URI"] = "no bucket", ["CreateTicks"] = 5L } },
                _ => new BsonValue(field),
            };
        }

        AssertDamaged(kind, key, document, $"{name} = {field}");
    }

    private static void AssertDamaged(ChangeKind kind, long key, BsonDocument document, string what)
    {
        Exception? error = Xunit.Record.Exception(() => Read(kind, key, document));
        Assert.True(error is InvalidDataException, $"{what} of a {kind} record: {error?.GetType().Name ?? "it was read"}.");
    }

    private static byte[] Encode(ChangeKind kind, object value)
    {
        var writer = new PackedWriter();
        RecordCodec.Write(writer, kind, value);
        return writer.Written.ToArray();
    }

    private static BsonDocument Document(ChangeKind kind, object value) => BsonSerializer.Deserialize(Encode(kind, value), utcDate: true);

    private static object Read(ChangeKind kind, long key, BsonDocument document)
    {
        Record record = LiteDbDocuments.NewRecord(kind, key, document);
        return kind switch
        {
            ChangeKind.Scope => RecordCodec.ReadScope(record),
            ChangeKind.Project => Codec.ReadProject(record),
            ChangeKind.Attachment => RecordCodec.ReadAttachment(record, "account"),
            _ => RecordCodec.ReadDataset(record),
        };
    }

    private static string Shown(object value) => value switch
    {
        ScopeState scope => $"{scope.Scope} {scope.OwnProjectQuota} {scope.Revision}",
        StoredScope scope => $"{scope.Scope} {scope.OwnProjectQuota} {scope.Revision}",
        Project project => $"{project.Number} {project} {string.Join(' ', project.Tags.Select(tag => $"{tag.Key}={tag.Value}"))}",
        DatasetEntry dataset => $"{dataset.Number} {dataset.Dataset} {string.Join<Binding>(' ', dataset.Bindings)}",
        OssBucketAttachment attachment => $"{attachment.Number} {attachment}",
        _ => $"{value}",
    };

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

    private static Project NewProject(string description, string serviceRole, string templateId, Quota quota, TagSet tags) => new(
        Name,
        description,
        serviceRole,
        templateId,
        quota,
        tags,
        638_000_000_001_234_567,
        638_000_000_001_234_568,
        Defaults.Capacity)
    {
        Number = 7,
    };

    private static Project SameTimes() => new(
        Name, "", ProjectFields.DefaultServiceRole, "", Quota.Default, TagSet.Empty, 1000, 1000, Defaults.Capacity)
    {
        Number = 7,
    };

    private static DatasetEntry NewDataset(string description, string templateId, DatasetQuota quota, params string[] uris) => new(
        8,
        new Dataset(Name, "data", description, templateId, quota, 1000, DateTime.MaxValue.Ticks)
        {
            BindCount = uris.Length,
            FileCount = uris.Length,
            TotalFileSize = uris.Length * 1_000_000_000_000,
            Revision = uris.Length,
        },
        [.. uris.Select(uri => new Binding(Name, "data", uri, 1002))]);
}
