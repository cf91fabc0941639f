using System.Text;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Datasets;

/// <summary>Tests of buckets that are attached to projects, in a registry and on the wire.</summary>
public sealed class AttachmentTests : IDisposable
{
    private const string Account = "1234567890123456";
    private readonly ImmFixture _fixture = new();

    private ProjectRegistry Registry => _fixture.Registry;

    public AttachmentTests() => _fixture.Seed.Project("photos").Project("videos");

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_bucket_is_attached_to_one_project_until_it_is_detached()
    {
        OssBucketAttachment attached = Attach("photos", "camera", "shots");

        Assert.Equal(
            (Account, "photos", "camera", "shots", ImmFixtureClock.DefaultStart, ImmFixtureClock.DefaultStart),
            (attached.OwnerId, attached.ProjectName.Value, attached.OssBucket, attached.Description, attached.CreateTime,
                attached.UpdateTime));
        Assert.Equal(attached, Registry.GetOssBucketAttachment("camera"));
        Assert.Equal((ImmErrorCode.ResourceAlreadyExists, "OSSBucket"), Refused(() => Attach("videos", "camera")));
        Assert.Equal((ImmErrorCode.ResourceAlreadyExists, "OSSBucket"), Refused(() => Attach("photos", "camera")));

        Registry.DetachOssBucket("camera");

        Assert.Equal((ImmErrorCode.ResourceNotFound, "OSSBucket"), Refused(() => Registry.GetOssBucketAttachment("camera")));
        Assert.Equal((ImmErrorCode.ResourceNotFound, "OSSBucket"), Refused(() => Registry.DetachOssBucket("camera")));
        Assert.Equal("videos", Attach("videos", "camera").ProjectName.Value);
        Assert.Empty(Registry.ListAttachedOssBuckets(new() { ProjectName = "photos" }).AttachedOssBuckets);
    }

    [Fact]
    public void A_project_with_an_attached_bucket_is_not_deleted()
    {
        Attach("photos", "camera");

        Assert.Equal((ImmErrorCode.StatusConflict, "ProjectName"), Refused(() => Registry.Delete("photos")));
        Registry.DetachOssBucket("camera");
        Registry.Delete("photos");

        Assert.False(Registry.TryGet("photos", out _));
    }

    [Fact]
    public void Another_account_and_another_region_attach_the_same_bucket()
    {
        Attach("photos", "camera");
        foreach ((string account, string region) in new[] { ("1", "cn-hangzhou"), (Account, "cn-beijing") })
        {
            ProjectRegistry other = _fixture.Store.Registry(account, region);
            other.Create(new() { ProjectName = "photos" });

            Assert.Equal(account, other.AttachOssBucket(new() { ProjectName = "photos", OssBucket = "camera" }).OwnerId);
        }
    }

    [Fact]
    public void Attaching_and_detaching_raise_the_revision_of_the_project_and_leave_its_fields_and_times()
    {
        Project before = Registry.Get("photos");
        _fixture.Clock.Advance(TimeSpan.FromHours(1));

        Attach("photos", "camera");
        Project attached = Registry.Get("photos");
        Registry.DetachOssBucket("camera");
        Project detached = Registry.Get("photos");

        Assert.Equal([before, before], [attached, detached]);
        Assert.Equal((2, 3, 4), (Registry.Get("videos").Revision, attached.Revision, detached.Revision));
    }

    [Fact]
    public void Changes_of_the_project_keep_its_attachments()
    {
        Attach("photos", "camera");
        Registry.Update(new() { ProjectName = "photos", Description = "d" });
        Registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });

        Assert.Single(Registry.ListAttachedOssBuckets(new() { ProjectName = "photos" }).AttachedOssBuckets);
        Assert.Equal("photos", Registry.GetOssBucketAttachment("camera").ProjectName.Value);
    }

    [Fact]
    public void Lists_the_buckets_of_a_project_page_by_page()
    {
        string[] names = [.. Enumerable.Range(0, 250).Select(i => $"b-{i:D3}")];
        _fixture.Seed.AttachedOssBuckets("photos", [.. names.Reverse()]).AttachedOssBuckets("videos", "b-100-of-videos");
        var request = new ListAttachedOssBucketsRequest { ProjectName = "photos" };
        var found = new List<string>();
        var sizes = new List<int>();
        do
        {
            OssBucketAttachmentPage page = Registry.ListAttachedOssBuckets(request);
            found.AddRange(page.AttachedOssBuckets.Select(attachment => attachment.OssBucket));
            sizes.Add(page.AttachedOssBuckets.Count);
            request.NextToken = page.NextToken;
        }
        while (request.NextToken is not null);

        Assert.Equal(names, found);
        Assert.Equal([100, 100, 50], sizes);
    }

    [Theory]
    [InlineData("1234567890123456:videos:camera")]
    [InlineData("1:photos:camera")]
    [InlineData("1234567890123456:photos")]
    [InlineData("1234567890123456:photos:Camera")]
    [InlineData("1234567890123456:photos:camera:more")]
    public void Rejects_the_token_of_another_list(string text)
    {
        string token = Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

        Assert.Equal(
            (ImmErrorCode.InvalidArgument, "NextToken"),
            Refused(() => Registry.ListAttachedOssBuckets(new() { ProjectName = "photos", NextToken = token })));
    }

    [Theory]
    [InlineData(null, "camera", null, "ProjectName")]
    [InlineData("1st", null, "\ud800", "ProjectName")]
    [InlineData("photos", null, null, "OSSBucket")]
    [InlineData("photos", "Camera", null, "OSSBucket")]
    [InlineData("photos", "0123456789012345678901234567890123456789012345678901234567890123", null, "OSSBucket")]
    public void Rejects_the_first_malformed_parameter(string? project, string? bucket, string? description, string parameter) =>
        Assert.Equal((ImmErrorCode.InvalidArgument, parameter), Refused(() => Attach(project, bucket, description)));

    [Fact]
    public void A_description_has_up_to_128_characters()
    {
        Assert.Equal((ImmErrorCode.InvalidArgument, "Description"), Refused(() => Attach("photos", "a", new string('d', 129))));
        Assert.Equal((ImmErrorCode.InvalidArgument, "Description"), Refused(() => Attach("photos", "a", "\ud800")));
        string emoji = string.Concat(Enumerable.Repeat("\U0001F4F7", 128));

        Assert.Equal(emoji, Attach("photos", "a", emoji).Description);
        Assert.Equal("", Attach("photos", "b").Description);
    }

    [Fact]
    public async Task Snapshots_and_exports_carry_attached_buckets()
    {
        Attach("photos", "camera", "shots");
        Attach("videos", "drone");
        string json = _fixture.Snapshot().ToJson();
        using var copy = new ImmFixture(ImmSnapshot.FromJson(json));
        using var exported = new MemoryStream();
        await _fixture.Store.ExportAsync(exported);
        exported.Position = 0;
        using ImmStore imported = ImmStore.ImportInMemory(exported);

        Assert.Equal(json, copy.Snapshot().ToJson());
        foreach (ProjectRegistry registry in new[] { copy.Registry, imported.Registry(Account, "cn-hangzhou"), _fixture.Clone().Registry })
        {
            Assert.Equal(Registry.GetOssBucketAttachment("camera"), registry.GetOssBucketAttachment("camera"));
            Assert.Equal(Registry.GetOssBucketAttachment("drone"), registry.GetOssBucketAttachment("drone"));
            Assert.Equal((ImmErrorCode.StatusConflict, "ProjectName"), Refused(() => registry.Delete("videos")));
        }
    }

    [Theory]
    [InlineData("""{ "OSSBucket": "Camera" }""", "$.Scopes[0].Projects[0].AttachedOSSBuckets[0].OSSBucket")]
    [InlineData("""{ "OSSBucket": "b" }, { "OSSBucket": "b" }""", "$.Scopes[0].Projects[0].AttachedOSSBuckets[1].OSSBucket")]
    [InlineData("""{ "OSSBucket": "b", "CreateTime": "now" }""", "$.Scopes[0].Projects[0].AttachedOSSBuckets[0].CreateTime")]
    [InlineData("null", "$.Scopes[0].Projects[0].AttachedOSSBuckets[0]")]
    public void A_snapshot_with_a_malformed_attachment_is_refused_with_its_place(string attachments, string place)
    {
        FormatException error = Assert.Throws<FormatException>(() => ImmSnapshot.FromJson($$"""
            { "Format": "imm-core-snapshot/1", "Scopes": [ { "AccountId": "1", "RegionId": "r", "Projects": [
              { "ProjectName": "p", "AttachedOSSBuckets": [ {{attachments}} ] } ] } ] }
            """));

        Assert.Contains($" {place}.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoint_answers_as_the_service()
    {
        Assert.Equal("", await Call("AttachOSSBucket", "ProjectName=photos&OSSBucket=camera&Description=d"));
        Assert.Equal(
            ",\"ProjectName\":\"photos\",\"Description\":\"d\",\"CreateTime\":\"2025-01-01T08:00:00.000000000+08:00\","
            + "\"UpdateTime\":\"2025-01-01T08:00:00.000000000+08:00\"",
            await Call("GetOSSBucketAttachment", "OSSBucket=camera"));
        _fixture.Seed.AttachedOssBuckets("photos", "drone");
        string token = Convert.ToBase64String("1234567890123456:photos:camera"u8);
        string page = await Call("ListAttachedOSSBuckets", "ProjectName=photos&MaxResults=1");
        Assert.Equal(
            $",\"NextToken\":\"{token}\",\"AttachedOSSBuckets\":[{{\"OwnerId\":\"1234567890123456\",\"OSSBucket\":\"camera\","
            + "\"ProjectName\":\"photos\",\"Description\":\"d\",\"CreateTime\":\"2025-01-01T08:00:00.000000000+08:00\","
            + "\"UpdateTime\":\"2025-01-01T08:00:00.000000000+08:00\"}]",
            page);
        string second = await Call("ListAttachedOSSBuckets", $"ProjectName=photos&NextToken={token}");
        Assert.Contains("\"OSSBucket\":\"drone\"", second, StringComparison.Ordinal);
        Assert.Equal("", await Call("DetachOSSBucket", "OSSBucket=camera"));
    }

    [Theory]
    [InlineData("zh-CN", "华东1（杭州）")]
    [InlineData("en-US", "China (Hangzhou)")]
    [InlineData("ja", "中国 (杭州)")]
    public async Task Lists_the_regions_of_the_service_in_a_language(string language, string name)
    {
        IReadOnlyList<ImmRegion> regions = Registry.ListRegions(language);

        Assert.Equal(20, regions.Count);
        Assert.Equal(
            regions.Select(region => region.RegionId).Distinct().Order(StringComparer.Ordinal), regions.Select(region => region.RegionId));
        Assert.Equal(name, regions.Single(region => region.RegionId == "cn-hangzhou").LocalName);
        Assert.Contains(
            $"{{\"LocalName\":\"{name}\",\"RegionId\":\"cn-hangzhou\"}}",
            await Call("ListRegions", $"AcceptLanguage={language}"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_policy_on_all_resources_allows_to_detach_and_to_look_up()
    {
        ImmFixturePrincipal narrow = _fixture.Ram.User("narrow").Attach("""
            {"Version":"1","Statement":[{"Effect":"Allow","Action":"imm:*","Resource":"acs:imm:*:*:*"}]}
            """);
        ImmFixturePrincipal wide = _fixture.Ram.User("wide").Attach("AliyunIMMFullAccess");

        narrow.MustBeAllowed(ImmOperation.AttachOssBucket, "photos");
        narrow.MustBeAllowed(ImmOperation.ListAttachedOssBuckets, "photos");
        foreach (ImmOperation operation in new[]
        {
            ImmOperation.DetachOssBucket, ImmOperation.GetOssBucketAttachment, ImmOperation.ListRegions,
        })
        {
            narrow.MustBeDenied(operation);
            wide.MustBeAllowed(operation);
        }

        Assert.Equal((ImmErrorCode.NoPermission, null), Refused(() => narrow.Registry.DetachOssBucket("camera")));
        Assert.Equal((ImmErrorCode.ResourceNotFound, "OSSBucket"), Refused(() => wide.Registry.DetachOssBucket("camera")));
    }

    private static (string Code, string? Parameter) Refused(Action call)
    {
        ImmException refused = Assert.Throws<ImmException>(call);
        return (refused.Code, refused.Parameter);
    }

    private OssBucketAttachment Attach(string? projectName, string? bucket, string? description = null) =>
        Registry.AttachOssBucket(new() { ProjectName = projectName, OssBucket = bucket, Description = description });

    /// <summary>Calls an action; the answer between the id of the request and the last brace.</summary>
    private async Task<string> Call(string action, string query)
    {
        ImmApiResponse answer = await _fixture.Api.InvokeAsync(
            Account,
            "cn-hangzhou",
            action,
            query.Split('&').Select(pair => KeyValuePair.Create(pair.Split('=')[0], pair.Split('=', 2)[1])));
        Assert.Equal(200, answer.StatusCode);
        return answer.Json[(answer.Json.IndexOf('"', "{\"RequestId\":\"".Length) + 1)..^1];
    }
}
