using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of the record of calls and its assertions.</summary>
public sealed class CallsTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    [Fact]
    public void Asserts_received_calls()
    {
        _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos", DatasetMaxFileCount = 10 });
        _fixture.Registry.Get("photos");
        _fixture.Registry.Get("photos");

        _fixture.Calls.Received(ImmOperation.CreateProject);
        _fixture.Calls.Received(
            ImmOperation.CreateProject, "photos", call => call.Request is CreateProjectRequest { DatasetMaxFileCount: 10 });
        _fixture.Calls.ReceivedExactly(2, ImmOperation.GetProject, "photos");
        _fixture.Calls.ReceivedNever(ImmOperation.DeleteProject);
        _fixture.Calls.ReceivedNever(ImmOperation.GetProject, "videos");
    }

    [Fact]
    public void An_assertion_about_a_value_that_is_not_an_operation_is_refused()
    {
        const ImmOperation None = (ImmOperation)(-1);
        Assert.Throws<ArgumentOutOfRangeException>("operation", () => _fixture.Calls.ReceivedNever(None));
        Assert.Throws<ArgumentOutOfRangeException>("operation", () => _fixture.Calls.ReceivedExactly(0, None));
        Assert.Throws<ArgumentOutOfRangeException>("operation", () => _fixture.Calls.Received(None));
    }

    [Fact]
    public void A_call_has_its_parameters_time_and_outcome()
    {
        _fixture.Clock.Advance(TimeSpan.FromHours(1));
        Project project = _fixture.Store.Registry("42", "cn-beijing").Create(new CreateProjectRequest { ProjectName = "photos" });

        ImmCall call = Assert.Single(_fixture.Calls);

        Assert.Equal((1, ImmOperation.CreateProject), (call.Number, call.Operation));
        Assert.Equal(("42", "cn-beijing", "photos", null), (call.AccountId, call.RegionId, call.ProjectName, call.DatasetName));
        Assert.Equal("photos", Assert.IsType<CreateProjectRequest>(call.Request).ProjectName);
        Assert.Equal((ImmFixtureClock.DefaultStart + TimeSpan.FromHours(1), TimeSpan.Zero), (call.StartTime, call.Duration));
        Assert.Same(project, call.Answer);
        Assert.True(call is { IsCompleted: true, Succeeded: true, Exception: null, Code: null, Faults: [] });
    }

    [Fact]
    public void Records_every_operation_with_its_parameters_and_answer()
    {
        ProjectRegistry registry = _fixture.Registry;
        registry.Create(new CreateProjectRequest { ProjectName = "photos" });
        registry.Get("photos");
        registry.TryGet("videos", out _);
        registry.Update(new UpdateProjectRequest { ProjectName = "photos", Description = "d" });
        registry.List(new ListProjectsRequest { Prefix = "p" });
        registry.List();
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "photos", DatasetName = "raw" });
        registry.GetDataset("photos", "raw");
        registry.UpdateDataset(new UpdateDatasetRequest { ProjectName = "photos", DatasetName = "raw", DatasetMaxBindCount = 2 });
        registry.ListDatasets(new ListDatasetsRequest { ProjectName = "photos" });
        registry.CreateBinding("photos", "raw", "oss://camera");
        registry.ListBindings(new() { ProjectName = "photos", DatasetName = "raw", MaxResults = 5, Name = "camera" });
        registry.DeleteBinding("photos", "raw", "oss://camera");
        registry.AddFiles("photos", "raw", 2, 20);
        registry.RemoveFiles([new FileChange("photos", "raw", 1, 10), new FileChange("photos", "raw", 1, 10)]);
        registry.DeleteDataset("photos", "raw");
        registry.Delete("photos");
        Assert.Throws<ImmException>(() => registry.GetBinding("photos", "raw", "oss://camera"));
        registry.Create(new CreateProjectRequest { ProjectName = "photos" });
        registry.AttachOssBucket(new AttachOssBucketRequest { ProjectName = "photos", OssBucket = "camera", Description = "d" });
        registry.GetOssBucketAttachment("camera");
        registry.ListAttachedOssBuckets(new ListAttachedOssBucketsRequest { ProjectName = "photos", MaxResults = 5 });
        registry.DetachOssBucket("camera");
        registry.ListRegions("ja");

        const string Scope = "(1234567890123456/cn-hangzhou)";
        Assert.Equal(
            $$"""
            1. CreateProject photos {{Scope}} -> done
            2. GetProject photos {{Scope}} -> done
            3. GetProject videos {{Scope}} -> done
            4. UpdateProject photos {{Scope}} {Description: "d"} -> done
            5. ListProjects {{Scope}} {Prefix: "p"} -> done
            6. ListProjects {{Scope}} -> done
            7. CreateDataset photos/raw {{Scope}} -> done
            8. GetDataset photos/raw {{Scope}} -> done
            9. UpdateDataset photos/raw {{Scope}} {DatasetMaxBindCount: 2} -> done
            10. ListDatasets photos {{Scope}} -> done
            11. CreateBinding photos/raw {{Scope}} {URI: "oss://camera"} -> done
            12. ListBindings photos/raw {{Scope}} {MaxResults: 5, Name: "camera"} -> done
            13. DeleteBinding photos/raw {{Scope}} {URI: "oss://camera"} -> done
            14. AddFiles photos/raw {{Scope}} {Files: [2 files, 20 bytes]} -> done
            15. RemoveFiles {{Scope}} {photos/raw: [1 files, 10 bytes], photos/raw: [1 files, 10 bytes]} -> done
            16. DeleteDataset photos/raw {{Scope}} -> done
            17. DeleteProject photos {{Scope}} -> done
            18. GetBinding photos/raw {{Scope}} {URI: "oss://camera"} -> ResourceNotFound
            19. CreateProject photos {{Scope}} -> done
            20. AttachOssBucket photos {{Scope}} {OSSBucket: "camera", Description: "d"} -> done
            21. GetOssBucketAttachment {{Scope}} {OSSBucket: "camera"} -> done
            22. ListAttachedOssBuckets photos {{Scope}} {MaxResults: 5} -> done
            23. DetachOssBucket {{Scope}} {OSSBucket: "camera"} -> done
            24. ListRegions {{Scope}} {AcceptLanguage: "ja"} -> done
            """,
            _fixture.Calls.ToString());
        Assert.Equal(
            [
                typeof(Project), typeof(Project), null, typeof(Project), typeof(ProjectPage), typeof(ProjectPage), typeof(Dataset),
                typeof(Dataset),
                typeof(Dataset), typeof(DatasetPage), typeof(Binding), typeof(BindingPage), null, typeof(IReadOnlyList<Dataset>),
                typeof(IReadOnlyList<Dataset>), null, null, null, typeof(Project), typeof(OssBucketAttachment), typeof(OssBucketAttachment),
                typeof(OssBucketAttachmentPage), null, typeof(IReadOnlyList<ImmRegion>),
            ],
            _fixture.Calls.Select(call => call.Answer switch
            {
                IReadOnlyList<Dataset> => typeof(IReadOnlyList<Dataset>),
                IReadOnlyList<ImmRegion> => typeof(IReadOnlyList<ImmRegion>),
                var answer => answer?.GetType(),
            }));
        Assert.Equal(Enum.GetValues<ImmOperation>().Order(), _fixture.Calls.Select(call => call.Operation).Distinct().Order());
        _fixture.Calls.ReceivedExactly(1, ImmOperation.RemoveFiles, "photos");
    }

    [Fact]
    public void The_record_keeps_copies_of_requests()
    {
        var tags = new List<Tag> { new("team", "search") };
        var create = new CreateProjectRequest { ProjectName = "photos", Tag = tags };
        _fixture.Registry.Create(create);
        create.ProjectName = "changed";
        tags.Clear();
        var list = new ListProjectsRequest { Prefix = "p" };
        _fixture.Registry.List(list);
        list.Prefix = "changed";

        _fixture.Calls.Received(
            ImmOperation.CreateProject, "photos", call => call.Request is CreateProjectRequest { ProjectName: "photos", Tag.Count: 1 });
        _fixture.Calls.Received(ImmOperation.ListProjects, where: call => call.Request is ListProjectsRequest { Prefix: "p" });
    }

    [Fact]
    public void Copies_and_describes_every_field_of_a_request()
    {
        _fixture.Seed.Project("p").Dataset("p", "d");
        object[] requests =
        [
            new CreateProjectRequest
            {
                ProjectName = "q", Description = "d", ServiceRole = "r", TemplateId = "t", ProjectMaxDatasetCount = 1,
                DatasetMaxBindCount = 2,
                DatasetMaxFileCount = 3, DatasetMaxEntityCount = 4, DatasetMaxRelationCount = 5, DatasetMaxTotalFileSize = 6,
                Tag = [new Tag("a", "b")],
            },
            new UpdateProjectRequest
            {
                ProjectName = "p", Description = "d", ServiceRole = "r", TemplateId = "t", ProjectMaxDatasetCount = 1,
                DatasetMaxBindCount = 2,
                DatasetMaxFileCount = 3, DatasetMaxEntityCount = 4, DatasetMaxRelationCount = 5, DatasetMaxTotalFileSize = 6,
                Tag = [new Tag("a", "b")], ExpectedRevision = 2,
            },
            new ListProjectsRequest { MaxResults = 1, NextToken = "MTIzNDU2Nzg5MDEyMzQ1NjphYQ==", Prefix = "p", Tag = [new Tag("a", "b")] },
            new CreateDatasetRequest
            {
                ProjectName = "p", DatasetName = "e", Description = "d", TemplateId = "t", DatasetMaxBindCount = 2, DatasetMaxFileCount = 3,
                DatasetMaxEntityCount = 4, DatasetMaxRelationCount = 5, DatasetMaxTotalFileSize = 6,
            },
            new UpdateDatasetRequest
            {
                ProjectName = "p", DatasetName = "d", Description = "d", TemplateId = "t", DatasetMaxBindCount = 2, DatasetMaxFileCount = 3,
                DatasetMaxEntityCount = 4, DatasetMaxRelationCount = 5, DatasetMaxTotalFileSize = 6, ExpectedRevision = 2,
            },
            new ListDatasetsRequest { ProjectName = "p", MaxResults = 1, NextToken = "1234567890123456:p:a", Prefix = "d" },
        ];
        _fixture.Registry.Create((CreateProjectRequest)requests[0]);
        _fixture.Registry.Update((UpdateProjectRequest)requests[1]);
        _fixture.Registry.List((ListProjectsRequest)requests[2]);
        Record.Exception(() => _fixture.Registry.CreateDataset((CreateDatasetRequest)requests[3]));
        _fixture.Registry.UpdateDataset((UpdateDatasetRequest)requests[4]);
        _fixture.Registry.ListDatasets((ListDatasetsRequest)requests[5]);

        foreach ((object request, ImmCall call) in requests.Zip(_fixture.Calls))
        {
            Assert.NotSame(request, call.Request);
            Assert.All(request.GetType().GetProperties(), property =>
            {
                object? value = property.GetValue(request);
                Assert.NotNull(value);
                Assert.Equal(value, property.GetValue(call.Request));
                Assert.True(
                    property.Name is "ProjectName" or "DatasetName" || call.ToString().Contains(
                        property.Name + ": ", StringComparison.Ordinal),
                    $"{property.Name} is not shown in {call}");
            });
        }
    }

    [Fact]
    public void Records_a_refused_call()
    {
        _fixture.Seed.Project("photos");
        Record.Exception(() => _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" }));
        Record.Exception(() => _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "1st" }));
        Record.Exception(() => _fixture.Registry.Get(null!));

        Assert.Equal(
            [ImmErrorCode.ResourceAlreadyExists, ImmErrorCode.InvalidArgument, ImmErrorCode.InvalidArgument],
            _fixture.Calls.Select(call => call.Code));
        Assert.All(
            _fixture.Calls, call => Assert.True(call is { IsCompleted: true, Succeeded: false, Exception: ImmException, Answer: null }));
    }

    [Theory]
    [InlineData("GetProject", "1st", null, null)]
    [InlineData("GetProject", "photos", null, "yes")]
    [InlineData("GetProject", null, null, "true")]
    [InlineData("GetDataset", "photos", "raw", "yes")]
    [InlineData("GetDataset", "photos", "1st", "yes")]
    [InlineData("GetDataset", "1st", null, "yes")]
    public async Task Records_and_counts_a_malformed_RPC_call(
        string action, string? project, string? dataset, string? withStatistics)
    {
        using var watch = new Watch();
        using MetricCollector<long> counted = watch.Collect<long>("imm.operations");
        KeyValuePair<string, string?>[] parameters =
            [new("ProjectName", project), new("DatasetName", dataset), new("WithStatistics", withStatistics)];
        using ImmStore store = ImmStore.InMemory(watch.Options());

        await new ImmApi(store).InvokeAsync("1", "local", action, parameters!);
        await _fixture.Api.InvokeAsync(_fixture.AccountId, _fixture.RegionId, action, parameters!);

        ImmCall call = Assert.Single(_fixture.Calls);
        Assert.Equal((action, project, ImmErrorCode.InvalidArgument), (call.Operation.ToString(), call.ProjectName, call.Code));
        Assert.Equal(
            $"error.type=InvalidArgument imm.action=imm:{action}", Assert.Single(counted.GetMeasurementSnapshot().Select(Watch.Labels)));
    }

    [Fact]
    public void Clear_removes_the_calls_of_the_preparation()
    {
        _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" });
        _fixture.Calls.Clear();

        _fixture.Calls.ReceivedNothing();
        _fixture.Registry.Get("photos");
        Assert.Equal(2, Assert.Single(_fixture.Calls).Number);
    }

    [Fact]
    public void A_failed_assertion_lists_the_calls_that_came_instead()
    {
        _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "videos", Description = "d", Tag = [new Tag("a", "b")] });
        Record.Exception(() => _fixture.Registry.Get("photos"));

        ImmAssertionException failure = Assert.Throws<ImmAssertionException>(
            () => _fixture.Calls.Received(ImmOperation.CreateProject, "photos", call => call.Succeeded));

        Assert.Equal(
            """
            Expected at least one call of CreateProject of project 'photos' where call => call.Succeeded; there was none. The calls:
               1. CreateProject videos (1234567890123456/cn-hangzhou) {Description: "d", Tag: [a=b]} -> done
               2. GetProject photos (1234567890123456/cn-hangzhou) -> ResourceNotFound
            """,
            failure.Message);
    }

    [Fact]
    public void A_failed_assertion_counts_and_marks_the_matching_calls()
    {
        _fixture.Seed.Project("photos");
        _fixture.Registry.Get("photos");
        _fixture.Registry.List();
        _fixture.Registry.Get("photos");

        Assert.Equal(
            """
            Expected exactly 1 call of GetProject; there were 2. The calls, with * where they count:
             * 1. GetProject photos (1234567890123456/cn-hangzhou) -> done
               2. ListProjects (1234567890123456/cn-hangzhou) -> done
             * 3. GetProject photos (1234567890123456/cn-hangzhou) -> done
            """,
            Failure(() => _fixture.Calls.ReceivedExactly(1, ImmOperation.GetProject)));
        Assert.StartsWith(
            "Expected exactly 3 calls of GetProject; there were 2.",
            Failure(() => _fixture.Calls.ReceivedExactly(3, ImmOperation.GetProject)),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "Expected no call of ListProjects; there was 1.",
            Failure(() => _fixture.Calls.ReceivedNever(ImmOperation.ListProjects)),
            StringComparison.Ordinal);
        Assert.StartsWith("Expected no call at all; there were 3.", Failure(_fixture.Calls.ReceivedNothing), StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_assertion_is_short_also_with_no_call_and_with_many_calls()
    {
        Assert.Equal(
            "Expected at least one call of ListProjects; there was none. There was no call at all.",
            Failure(() => _fixture.Calls.Received(ImmOperation.ListProjects)));
        for (int i = 0; i < 60; i++)
        {
            _fixture.Registry.List();
        }

        string text = Failure(() => _fixture.Calls.ReceivedNever(ImmOperation.ListProjects));
        Assert.EndsWith("\n   and 10 more", text, StringComparison.Ordinal);
        Assert.Equal(52, text.Split('\n').Length);
    }

    [Fact]
    public void Records_calls_of_many_threads()
    {
        Parallel.For(0, 500, i => _fixture.Registry.TryGet($"p{i}", out _));

        Assert.Equal(Enumerable.Range(1, 500), _fixture.Calls.Select(call => call.Number));
        Assert.Equal(500, _fixture.Calls.Received(
            ImmOperation.GetProject, where: call => call.IsCompleted).Select(call => call.ProjectName).Distinct().Count());
    }

    public void Dispose() => _fixture.Dispose();

    private static string Failure(Action assertion) => Assert.Throws<ImmAssertionException>(assertion).Message;
}
