using System.Text.Json;
using Imm.Core.Testing;
using Imm.Core.Tests.Wire;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of seeding.</summary>
public sealed class SeedTests
{
    [Fact]
    public void Projects_creates_99_projects_and_one_more_fits()
    {
        using var fixture = new ImmFixture();
        fixture.Seed.Projects(99);

        fixture.Registry.Create(new CreateProjectRequest { ProjectName = "the-hundredth" });
        ImmException refused = Assert.Throws<ImmException>(() => fixture.Registry.Create(
            new CreateProjectRequest { ProjectName = "one-too-many" }));

        Assert.Equal((ImmErrorCode.LimitExceededError, 1, 100, 100), (refused.Code, refused.Requested, refused.Used, refused.Limit));
        Assert.Equal(["project-001", "project-002"], Names(fixture)[..2]);
    }

    [Fact]
    public void ProjectSlotsLeft_leaves_one_project()
    {
        using var fixture = new ImmFixture();
        fixture.Seed.ProjectQuota(5).Project("photos").ProjectSlotsLeft(1);

        Assert.Equal(["filler-001", "filler-002", "filler-003", "photos"], Names(fixture));
    }

    [Fact]
    public void FileSlotsLeft_leaves_one_file()
    {
        using var fixture = new ImmFixture();
        fixture.Seed
            .Project("photos", project => project.Tag = [new Tag("team", "search")])
            .Dataset("photos", "raw", dataset => dataset.DatasetMaxFileCount = 10)
            .Bindings("photos", "raw", "oss://camera")
            .Files("photos", "raw", fileCount: 4, totalFileSize: 4096)
            .FileSlotsLeft("photos", "raw", 1);

        Assert.Equal(9, fixture.Registry.GetDataset("photos", "raw").FileCount);
        fixture.Registry.AddFiles("photos", "raw", 1, 10);
        Assert.Equal(
            ImmErrorCode.LimitExceededError, Assert.Throws<ImmException>(() => fixture.Registry.AddFiles("photos", "raw", 1, 10)).Code);
    }

    [Fact]
    public void DatasetSlotsLeft_and_BytesLeft_leave_one()
    {
        using var fixture = new ImmFixture();
        fixture.Seed
            .Project("photos", project => project.ProjectMaxDatasetCount = 4)
            .Dataset("photos", "raw", dataset => dataset.DatasetMaxTotalFileSize = 1000)
            .DatasetSlotsLeft("photos", 1)
            .BytesLeft("photos", "raw", 1);

        Project project = fixture.Registry.Get("photos");
        Assert.Equal((3, 0, 999), (project.DatasetCount, project.FileCount, project.TotalFileSize));
    }

    [Fact]
    public void A_limit_can_be_lowered_below_its_use()
    {
        using var fixture = new ImmFixture();
        fixture.Seed
            .Project("photos")
            .Dataset("photos", "raw")
            .Files("photos", "raw", 100, 0)
            .UpdateDataset("photos", "raw", dataset => dataset.DatasetMaxFileCount = 50)
            .UpdateProject("photos", project => project.Description = "full");

        Assert.Equal(
            (100, 50),
            (fixture.Registry.GetDataset("photos", "raw").FileCount, fixture.Registry.GetDataset("photos", "raw").DatasetMaxFileCount));
        Assert.Equal("full", fixture.Registry.Get("photos").Description);
    }

    [Fact]
    public void In_seeds_another_account_and_region()
    {
        using var fixture = new ImmFixture();
        fixture.Seed.Project("here").In("42", "cn-beijing").Projects(2, "there-");

        Assert.Equal(["here"], Names(fixture));
        Assert.Equal(2, fixture.Store.Registry("42", "cn-beijing").List().Projects.Count);
    }

    [Fact]
    public void A_refused_step_throws_as_a_call_does_and_names_the_step()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 3 });

        ImmException refused = Assert.Throws<ImmException>(() => fixture.Seed.Project("photos").Dataset("photos", "raw").Projects(3));

        Assert.Equal((ImmErrorCode.LimitExceededError, 1, 3, 3), (refused.Code, refused.Requested, refused.Used, refused.Limit));
        Assert.StartsWith(
            "Seed step 3, Projects(3, \"project-\") in 1234567890123456/cn-hangzhou: The resource count exceeds",
            refused.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_missing_is_null_in_the_text_of_the_step()
    {
        using var fixture = new ImmFixture();

        ImmException refused = Assert.Throws<ImmException>(() => fixture.Seed.Dataset(null!, "raw"));

        Assert.StartsWith("Seed step 1, Dataset(null, \"raw\") in ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ImmErrorCode.InvalidArgument, "ProjectName", "Project(\"1st\")")]
    [InlineData(ImmErrorCode.ResourceAlreadyExists, "ProjectName", "Project(\"photos\")")]
    [InlineData(ImmErrorCode.ResourceNotFound, "ProjectName", "Dataset(\"videos\", \"raw\")")]
    [InlineData(ImmErrorCode.InvalidArgument, "DatasetName", "Dataset(\"photos\", \"1st\")")]
    [InlineData(ImmErrorCode.ResourceNotFound, "DatasetName", "Files(\"photos\", \"other\", 1, 1)")]
    [InlineData(ImmErrorCode.InvalidArgument, "FileCount", "Files(\"photos\", \"raw\", -1, 0)")]
    [InlineData(ImmErrorCode.ResourceNotFound, "DatasetName", "FileSlotsLeft(\"photos\", \"other\", 1)")]
    [InlineData(ImmErrorCode.InvalidArgument, "ProjectName", "DatasetSlotsLeft(\"\", 1)")]
    [InlineData(ImmErrorCode.InvalidArgument, "URI", "Bindings(\"photos\", \"raw\", \"oss://Camera\")")]
    [InlineData(ImmErrorCode.InvalidArgument, null, "UpdateProject(\"photos\")")]
    [InlineData(ImmErrorCode.LimitExceededError, "DatasetMaxBindCount", "UpdateDataset(\"photos\", \"raw\")")]
    public void Every_step_obeys_the_rules_of_the_service(string code, string? parameter, string step)
    {
        using var fixture = new ImmFixture();
        ImmSeed seed = fixture.Seed.Project("photos").Dataset("photos", "raw");

        ImmException refused = Assert.Throws<ImmException>(() => step switch
        {
            "Project(\"1st\")" => seed.Project("1st"),
            "Project(\"photos\")" => seed.Project("photos"),
            "Dataset(\"videos\", \"raw\")" => seed.Dataset("videos", "raw"),
            "Dataset(\"photos\", \"1st\")" => seed.Dataset("photos", "1st"),
            "Files(\"photos\", \"other\", 1, 1)" => seed.Files("photos", "other", 1, 1),
            "Files(\"photos\", \"raw\", -1, 0)" => seed.Files("photos", "raw", -1, 0),
            "FileSlotsLeft(\"photos\", \"other\", 1)" => seed.FileSlotsLeft("photos", "other", 1),
            "DatasetSlotsLeft(\"\", 1)" => seed.DatasetSlotsLeft("", 1),
            "Bindings(\"photos\", \"raw\", \"oss://Camera\")" => seed.Bindings("photos", "raw", "oss://Camera"),
            "UpdateProject(\"photos\")" => seed.UpdateProject("photos", _ => { }),
            _ => seed.UpdateDataset("photos", "raw", dataset => dataset.DatasetMaxBindCount = 11),
        });

        Assert.Equal((code, parameter), (refused.Code, refused.Parameter));
        Assert.StartsWith($"Seed step 3, {step} in ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rejects_a_step_that_is_impossible_or_too_large()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 1 });
        ImmSeed seed = fixture.Seed.Project("photos");

        Assert.Contains("2 cannot be left: 1 of 1 are in use", Failure(() => seed.ProjectSlotsLeft(2)), StringComparison.Ordinal);
        Assert.Contains(
            "The step would need 999999999 resources", Failure(() => seed.DatasetSlotsLeft("photos", 1)), StringComparison.Ordinal);

        static string Failure(Action step) => Assert.Throws<InvalidOperationException>(step).Message;
    }

    [Fact]
    public void Seeding_bypasses_record_authorizer_and_faults()
    {
        using var fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = new DenyAll() });
        using ImmFault fault = fixture.Faults.OnAny().BeUnavailable();

        fixture.Seed.Project("photos");

        fixture.Calls.ReceivedNothing();
        Assert.Equal(0, fault.Hits);
        Assert.Equal(1, fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public async Task Recorded_imports_an_answer_that_is_answered_again_unchanged()
    {
        string recorded = WireFixture.OneLine("""
            {"ProjectName":"immtest","ServiceRole":"AliyunIMMDefaultRole","TemplateId":"Official:AllFunction",
            "CreateTime":"2021-06-29T14:50:13.011643600+08:00","UpdateTime":"2021-06-29T14:50:14.011643600+08:00",
            "Description":"immtest","ProjectQueriesPerSecond":100,"EngineConcurrency":100,"ProjectMaxDatasetCount":1000000000,
            "DatasetMaxBindCount":10,"DatasetMaxFileCount":100000000,"DatasetMaxEntityCount":10000000000,
            "DatasetMaxRelationCount":100000000000,"DatasetMaxTotalFileSize":90000000000000000,"DatasetCount":5,"FileCount":10,
            "TotalFileSize":100000,"Tags":[{"TagKey":"team","TagValue":"search"}]}
            """);
        using var fixture = new ImmFixture();
        fixture.Seed.Recorded($$"""{"RequestId":"CD0A7BCA-E1E7-5F01-8D1E-8F0D8F0F8A5A","Project":{{recorded}},"Unknown":1}""");

        ImmApiResponse answer = await fixture.Api.InvokeAsync(
            fixture.AccountId, fixture.RegionId, "GetProject", [new("ProjectName", "immtest")]);

        Assert.Equal(recorded, JsonDocument.Parse(answer.Json).RootElement.GetProperty("Project").GetRawText());
        Assert.Equal(["recorded-001", "recorded-002"], fixture.Registry.ListDatasets(
            new ListDatasetsRequest { ProjectName = "immtest", MaxResults = 2 }).Datasets.Select(dataset => dataset.DatasetName));
    }

    [Fact]
    public async Task Recorded_imports_all_projects_of_a_page()
    {
        using var origin = new ImmFixture();
        origin.Seed.Projects(3, configure: project => project.Description = "写真");
        string page = (await origin.Api.InvokeAsync(origin.AccountId, origin.RegionId, "ListProjects", [])).Json;

        using var fixture = new ImmFixture();
        fixture.Seed.Recorded(page);

        Assert.Equal(origin.Registry.List().Projects, fixture.Registry.List().Projects);
    }

    [Fact]
    public void Recorded_imports_a_project_whose_use_is_above_its_limits()
    {
        const string Recorded = """
            {"ProjectName":"photos","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z",
            "ProjectMaxDatasetCount":1,"DatasetMaxFileCount":1,"DatasetMaxTotalFileSize":1,"DatasetCount":3,
            "FileCount":100000001,"TotalFileSize":9000}
            """;
        using var fixture = new ImmFixture();
        fixture.Seed.Recorded(Recorded);

        Project project = fixture.Registry.Get("photos");

        Assert.Equal((1, 1, 1), (project.ProjectMaxDatasetCount, project.DatasetMaxFileCount, project.DatasetMaxTotalFileSize));
        Assert.Equal((3, 100_000_001, 9000), (project.DatasetCount, project.FileCount, project.TotalFileSize));
        Assert.Equal(
            [("recorded-001", 100_000_000, 9000), ("recorded-002", 1, 0), ("recorded-003", 0, 0)],
            fixture.Registry.ListDatasets(new() { ProjectName = "photos" }).Datasets
                .Select(d => (d.DatasetName, d.FileCount, d.TotalFileSize)));
        Assert.Equal(
            ImmErrorCode.LimitExceededError,
            Assert.Throws<ImmException>(() => fixture.Registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "more" })).Code);
        Assert.Equal(project, new ImmFixture(ImmSnapshot.FromJson(fixture.Snapshot().ToJson())).Registry.Get("photos"));
    }

    [Fact]
    public void Recorded_imports_tags_of_the_platform_and_no_caller_may_set_them()
    {
        string tags = string.Join(',', Enumerable.Range(1, 20).Select(i => $$"""{"TagKey":"k{{i}}","TagValue":"v"}"""))
            + """,{"TagKey":"acs:rm:rgId","TagValue":"acs:x"},{"TagKey":"ACS:other","TagValue":"https://x"}""";
        string recorded = $$"""
            {"ProjectName":"photos","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z","Tags":[{{tags}}]}
            """;
        using var fixture = new ImmFixture();

        fixture.Seed.Recorded(recorded);

        Assert.Equal(22, fixture.Registry.Get("photos").Tags.Count);
        Assert.Equal(fixture.Registry.Get("photos").Tags, ImmJson.ReadProject(recorded).Tags);
        ImmSnapshot read = ImmSnapshot.FromJson(fixture.Snapshot().ToJson());
        Assert.Equal(22, Assert.Single(new ImmFixture(read).Registry.List().Projects).Tags.Count);
        Assert.Equal(
            ImmErrorCode.InvalidArgument,
            Assert.Throws<ImmException>(
                () => fixture.Registry.Create(new() { ProjectName = "mine", Tag = [new("acs:rm:rgId", "x")] })).Code);
        string tooMany = recorded
            .Replace("ACS:other", "other", StringComparison.Ordinal)
            .Replace("https://x", "x", StringComparison.Ordinal);
        Assert.Contains("21 entries", Assert.Throws<FormatException>(() => ImmJson.ReadProject(tooMany)).Message, StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => ImmJson.ReadProject(recorded.Replace("ACS:other", "aliyun", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("[]", "not the JSON of a project")]
    [InlineData("null", "is null")]
    [InlineData("{}", "ProjectName")]
    [InlineData("""{"Projects":[null]}""", "is null")]
    [InlineData("""{"ProjectName":"a"}""", "CreateTime")]
    [InlineData(
        """{"ProjectName":"a","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z","FileCount":1}""",
        "1 files and 0 bytes, more than its 0 datasets")]
    [InlineData(
        """
        {"ProjectName":"a","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z","DatasetCount":2,"FileCount":200000001}
        """,
        "200000001 files")]
    [InlineData(
        """{"ProjectName":"a","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z","DatasetMaxBindCount":11}""",
        "DatasetMaxBindCount")]
    public void Recorded_rejects_an_answer_that_breaks_a_rule(string json, string problem)
    {
        using var fixture = new ImmFixture();

        FormatException refused = Assert.Throws<FormatException>(() => fixture.Seed.Recorded(json));

        Assert.StartsWith("Seed step 1, Recorded() in ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public void Recorded_checks_the_quota_and_the_name()
    {
        const string Recorded = """{"ProjectName":"photos","CreateTime":"2021-06-29T14:50:13Z","UpdateTime":"2021-06-29T14:50:13Z"}""";
        using var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = 0 });

        Assert.Equal(ImmErrorCode.LimitExceededError, Assert.Throws<ImmException>(() => fixture.Seed.Recorded(Recorded)).Code);
        Assert.Equal(
            ImmErrorCode.ResourceAlreadyExists,
            Assert.Throws<ImmException>(() => fixture.Seed.ProjectQuota(9).Project("photos").Recorded(Recorded)).Code);
    }

    private static string[] Names(ImmFixture fixture) => [.. fixture.Registry.List().Projects.Select(project => project.ProjectName.Value)];

    private sealed class DenyAll : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => AuthorizationDecision.Deny();
    }
}
