using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of fault injection.</summary>
public sealed class FaultTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    [Fact]
    public async Task A_retry_succeeds_after_two_throttled_calls()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Times(2).Throttle();
        Task<Project> ensured = new Provisioner(_fixture.Registry, _fixture.Clock).EnsureAsync("photos");

        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        _fixture.Clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal("photos", (await ensured).ProjectName.Value);
        Assert.Equal(2, fault.Hits);
        Assert.Equal([ImmErrorCode.ThrottlingUser, ImmErrorCode.ThrottlingUser, null], _fixture.Calls.Select(call => call.Code));
        Assert.Equal([0, 1, 3], _fixture.Calls.Select(call => (call.StartTime - ImmFixtureClock.DefaultStart).TotalSeconds));
    }

    [Fact]
    public async Task A_retry_succeeds_after_a_lost_answer()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Times(1).FailAfterCommit();
        Task<Project> ensured = new Provisioner(_fixture.Registry, _fixture.Clock).EnsureAsync("photos");
        Assert.Equal(1, _fixture.Snapshot().ProjectCount);

        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("photos", (await ensured).ProjectName.Value);
        Assert.Equal(
            [ImmErrorCode.ServiceUnavailable, ImmErrorCode.ResourceAlreadyExists, null], _fixture.Calls.Select(call => call.Code));
    }

    [Fact]
    public void A_refused_call_does_not_count_for_a_fault_after_the_commit()
    {
        _fixture.Seed.Project("photos");
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Times(1).FailAfterCommit(ImmErrorCode.ThrottlingUser);

        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, Create("photos"));
        Assert.Equal(ImmErrorCode.ThrottlingUser, Create("videos"));
        Assert.Null(Create("music"));
        Assert.Equal(3, _fixture.Snapshot().ProjectCount);
    }

    [Theory]
    [InlineData(ImmErrorCode.InvalidArgument, 400)]
    [InlineData(ImmErrorCode.LimitExceededError, 400)]
    [InlineData(ImmErrorCode.ResourceAlreadyExists, 400)]
    [InlineData(ImmErrorCode.ResourceNotFound, 404)]
    [InlineData(ImmErrorCode.StatusConflict, 400)]
    [InlineData(ImmErrorCode.InvalidActionNotFound, 404)]
    [InlineData(ImmErrorCode.NoPermission, 403)]
    [InlineData(ImmErrorCode.ServiceUnavailable, 503)]
    [InlineData(ImmErrorCode.ThrottlingUser, 400)]
    [InlineData(ImmErrorCode.RevisionMismatch, 409)]
    [InlineData(ImmErrorCode.RevisionGone, 410)]
    public void Fails_with_every_error_code(string code, int status)
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Fail(
            code, "no", "ProjectName", requested: 1, used: 2, limit: 3);

        ImmException refused = Assert.Throws<ImmException>(() => _fixture.Registry.Create(
            new CreateProjectRequest { ProjectName = "photos" }));

        Assert.Equal((code, status, "no", "ProjectName"), (refused.Code, refused.HttpStatus, refused.Message, refused.Parameter));
        Assert.Equal((1, 2, 3), (refused.Requested, refused.Used, refused.Limit));
        Assert.Equal(0, _fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public void The_message_of_a_fault_names_operation_and_scope()
    {
        _fixture.Faults.On(ImmOperation.CreateProject).Fail(ImmErrorCode.StatusConflict);
        _fixture.Faults.On(ImmOperation.GetDataset).Throttle();
        _fixture.Faults.On(ImmOperation.ListProjects).BeUnavailable();

        Assert.Equal(
            "A fault of the test fixture in CreateProject photos (1234567890123456/cn-hangzhou).",
            Assert.Throws<ImmException>(() => _fixture.Registry.Create(new() { ProjectName = "photos" })).Message);
        Assert.EndsWith(
            " A fault of the test fixture in GetDataset photos/raw (1234567890123456/cn-hangzhou).",
            Assert.Throws<ImmException>(() => _fixture.Registry.GetDataset("photos", "raw")).Message,
            StringComparison.Ordinal);
        Assert.EndsWith(
            " A fault of the test fixture in ListProjects (1234567890123456/cn-hangzhou).",
            Assert.Throws<ImmException>(() => _fixture.Registry.List()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_describes_the_calls_that_it_is_about()
    {
        ImmFaults faults = _fixture.Faults;

        Assert.Equal(
            [
                "fault: Throttling.User in any operation",
                "fault: Throttling.User in any change of photos in */cn-beijing, every 2 calls",
                "fault: NoPermission in GetProject or DeleteProject of photos/raw in 1/cn-beijing, once",
                "fault: NoPermission by ExplicitDeny of SessionPolicy in ListProjects where a predicate holds",
            ],
            new[]
            {
                faults.OnAny().Throttle(),
                faults.OnWrites().ForProject("photos").InRegion("cn-beijing").Every(2).Throttle(),
                faults.On(ImmOperation.GetProject, ImmOperation.DeleteProject).ForDataset("photos", "raw").InAccount("1")
                    .InRegion("cn-beijing").Times(1).Deny(),
                faults.On(ImmOperation.ListProjects).Where(_ => true).DenyByPolicy(RamEffect.ExplicitDeny, RamPolicyType.SessionPolicy),
            }.Select(fault => fault.ToString()));
    }

    [Fact]
    public async Task A_denial_is_that_of_the_service_with_and_without_the_details_of_policies()
    {
        using ImmFault deny = _fixture.Faults.On(ImmOperation.GetDataset).Deny();
        using ImmFault implicitly = _fixture.Faults.On(ImmOperation.ListProjects).DenyByPolicy();
        using ImmFault explicitly = _fixture.Faults.On(ImmOperation.GetProject)
            .DenyByPolicy(RamEffect.ExplicitDeny, RamPolicyType.ControlPolicy);

        ImmException denied = Assert.Throws<ImmException>(() => _fixture.Registry.GetDataset("photos", "raw"));
        string list = (await _fixture.Api.InvokeAsync("1234567890123456", "cn-hangzhou", "ListProjects", [])).Json;
        string get = (await _fixture.Api.InvokeAsync(
            "1234567890123456", "cn-hangzhou", "GetProject", [KeyValuePair.Create("ProjectName", "photos")])).Json;

        Assert.Equal((ImmErrorCode.NoPermission, 403), (denied.Code, denied.HttpStatus));
        Assert.Equal(
            "You are not authorized to operate imm:GetDataset on the specified resources "
            + "acs:imm:cn-hangzhou:1234567890123456:project/photos/dataset/raw.",
            denied.Message);
        Assert.Contains("\"NoPermissionType\":\"ImplicitDeny\",\"AuthAction\":\"imm:ListProjects\"", list, StringComparison.Ordinal);
        Assert.Contains("acs:imm:cn-hangzhou:1234567890123456:project/*.\"", list, StringComparison.Ordinal);
        Assert.Contains("\"AccessDeniedDetail\":{\"PolicyType\":\"ControlPolicy\"", get, StringComparison.Ordinal);
        Assert.Contains("\"NoPermissionType\":\"ExplicitDeny\"", get, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => _fixture.Faults.OnAny().DenyByPolicy(RamEffect.Allow));
    }

    [Fact]
    public void Rejects_an_unknown_error_code()
    {
        Assert.Throws<ArgumentException>(() => _fixture.Faults.OnAny().Fail("InternalError"));
        Assert.Throws<ArgumentException>(() => _fixture.Faults.OnAny().FailAfterCommit(""));
        Assert.Throws<ArgumentException>(() => _fixture.Faults.On());
    }

    [Fact]
    public void Rejects_a_value_that_is_not_an_operation_or_a_kind_of_policies()
    {
        ArgumentOutOfRangeException refused = Assert.Throws<ArgumentOutOfRangeException>(
            "operations", () => _fixture.Faults.On(ImmOperation.GetProject, (ImmOperation)99));
        Assert.Equal((ImmOperation)99, refused.ActualValue);
        Assert.StartsWith("99 is not an operation. Use one of ImmOperation.", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(
            "policyType", () => _fixture.Faults.OnAny().DenyByPolicy(policyType: (RamPolicyType)99));
        Assert.Throws<ArgumentOutOfRangeException>("effect", () => _fixture.Faults.OnAny().DenyByPolicy((RamEffect)99));
    }

    [Fact]
    public async Task The_RPC_endpoint_answers_a_fault_as_the_service_does()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Throttle();
        using var client = new HttpClient(_fixture.HttpHandler());

        using HttpResponseMessage answer = await client.GetAsync(
            new Uri("https://imm.cn-hangzhou.aliyuncs.com/?Action=GetProject&ProjectName=photos"));

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("\"Code\":\"Throttling.User\"", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_lasts_until_it_is_disposed()
    {
        using (_fixture.Faults.OnAny().BeUnavailable())
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, Create("photos"));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, Create("photos"));
        }

        Assert.Null(Create("photos"));
    }

    [Fact]
    public void BeUnavailable_has_a_cause_like_a_failed_store()
    {
        using ImmFault fault = _fixture.Faults.OnWrites().BeUnavailable();
        using ImmFault after = _fixture.Faults.On(ImmOperation.GetProject).FailAfterCommit();
        _fixture.Seed.Project("photos");

        Assert.IsType<IOException>(Assert.Throws<ImmException>(() => _fixture.Registry.Delete("photos")).InnerException);
        Assert.IsType<IOException>(Assert.Throws<ImmException>(() => _fixture.Registry.Get("photos")).InnerException);
    }

    [Fact]
    public void Clear_removes_all_faults()
    {
        ImmFault one = _fixture.Faults.OnAny().Throttle();
        _fixture.Faults.OnAny().BeUnavailable();
        Assert.Equal(ImmErrorCode.ThrottlingUser, Create("photos"));

        _fixture.Faults.Clear();
        one.Dispose();

        Assert.Null(Create("photos"));
    }

    [Fact]
    public void Every_third_call_fails()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Every(3).Throttle();

        List<string?> codes = [.. Enumerable.Range(1, 9).Select(i => Create($"p{i}"))];

        const string Throttled = ImmErrorCode.ThrottlingUser;
        Assert.Equal([null, null, Throttled, null, null, Throttled, null, null, Throttled], codes);
    }

    [Fact]
    public void Every_second_call_fails_twice()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Every(2).Times(2).Throttle();

        Assert.Equal([2, 4], Enumerable.Range(1, 8).Where(i => Create($"p{i}") is not null));
    }

    [Fact]
    public void A_fault_is_injected_only_into_matching_calls()
    {
        _fixture.Seed.Project("photos").Dataset("photos", "raw").Dataset("photos", "cut").In("42", "cn-beijing").Project("photos");
        using ImmFault operation = _fixture.Faults.On(ImmOperation.DeleteProject, ImmOperation.ListProjects).BeUnavailable();
        using ImmFault account = _fixture.Faults.On(ImmOperation.GetProject).InAccount("42").InRegion("cn-beijing").Throttle();
        using ImmFault dataset = _fixture.Faults.OnAny().ForDataset("photos", "raw").Fail(ImmErrorCode.StatusConflict);
        using ImmFault predicate = _fixture.Faults.OnAny()
            .Where(call => call.Request is CreateProjectRequest { Tag: { Count: > 0 } tags } && tags[0].Key == "team").Fail(
                ImmErrorCode.NoPermission);

        Assert.Equal(ImmErrorCode.ServiceUnavailable, Code(() => _fixture.Registry.List()));
        Assert.Null(Code(() => _fixture.Registry.Get("photos")));
        Assert.Equal(ImmErrorCode.ThrottlingUser, Code(() => _fixture.Store.Registry("42", "cn-beijing").Get("photos")));
        Assert.Equal(ImmErrorCode.StatusConflict, Code(() => _fixture.Registry.GetDataset("photos", "raw")));
        Assert.Null(Code(() => _fixture.Registry.GetDataset("photos", "cut")));
        Assert.Equal(
            ImmErrorCode.StatusConflict,
            Code(() => _fixture.Registry.AddFiles([new FileChange("photos", "cut", 1, 1), new FileChange("photos", "raw", 1, 1)])));
        Assert.Equal(
            ImmErrorCode.NoPermission,
            Code(() => _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "videos", Tag = [new Tag("team", "x")] })));
        Assert.Null(Create("videos"));
    }

    [Fact]
    public void OnWrites_fails_changes_and_leaves_reads()
    {
        _fixture.Seed.Project("photos");
        using ImmFault fault = _fixture.Faults.OnWrites().BeUnavailable();

        Assert.Null(Code(() => _fixture.Registry.Get("photos")));
        Assert.Null(Code(() => _fixture.Registry.List()));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Code(() => _fixture.Registry.Delete("photos")));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Create("videos"));
    }

    [Fact]
    public void A_malformed_call_is_not_throttled()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Throttle();

        Assert.Equal(ImmErrorCode.InvalidArgument, Create("1st"));
        Assert.Equal(0, fault.Hits);
    }

    [Fact]
    public async Task A_delayed_call_ends_when_the_clock_has_moved()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Delay(TimeSpan.FromSeconds(5));
        Task<Project> creating = _fixture.Registry.CreateAsync(new CreateProjectRequest { ProjectName = "photos" }).AsTask();

        _fixture.Clock.Advance(TimeSpan.FromSeconds(4));
        Assert.False(creating.IsCompleted);
        Assert.Equal(0, _fixture.Snapshot().ProjectCount);
        Assert.Contains("under way", _fixture.Calls[0].ToString(), StringComparison.Ordinal);

        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(creating.IsCompleted);
        Assert.Equal(ImmFixtureClock.DefaultStart + TimeSpan.FromSeconds(5), (await creating).CreateTime);
        Assert.Equal(TimeSpan.FromSeconds(5), _fixture.Calls[0].Duration);
    }

    [Theory]
    [InlineData("GetProject&ProjectName=photos")]
    [InlineData("ListProjects")]
    [InlineData("GetDataset&ProjectName=photos&DatasetName=raw")]
    [InlineData("ListDatasets&ProjectName=photos")]
    [InlineData("ListBindings&ProjectName=photos&DatasetName=raw")]
    public async Task A_delayed_read_over_HTTP_blocks_no_thread(string call)
    {
        _fixture.Seed.Project("photos").Dataset("photos", "raw").Bindings("photos", "raw", "oss://photos");
        using ImmFault fault = _fixture.Faults.OnAny().Delay(TimeSpan.FromSeconds(5));
        using var client = new HttpClient(_fixture.HttpHandler());

        // A call that blocked its thread until the clock moves would never return. The minute only turns that into a failure.
        var begin = new Task<Task<string>>(() => client.GetStringAsync(new Uri($"https://imm.cn-hangzhou.aliyuncs.com/?Action={call}")));
        begin.Start(TaskScheduler.Default);
        Task<string> reading = await begin.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.False(reading.IsCompleted);
        _fixture.Clock.Advance(TimeSpan.FromSeconds(5));

        Assert.Contains("photos", await reading, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeout_cancels_a_delayed_call_and_nothing_is_changed()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Delay(TimeSpan.FromMinutes(1));
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30), _fixture.Clock);
        Task<Project> creating = new Provisioner(_fixture.Registry, _fixture.Clock).EnsureAsync("photos", timeout.Token);

        _fixture.Clock.Advance(TimeSpan.FromMinutes(2));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creating);
        Assert.Equal(0, _fixture.Snapshot().ProjectCount);
        Assert.False(_fixture.Calls[0].Succeeded);
        Assert.Equal(TimeSpan.FromSeconds(30), _fixture.Calls[0].Duration);
    }

    [Fact]
    public async Task Elapse_moves_the_clock_without_waiting()
    {
        _fixture.Seed.Project("photos");
        using ImmFault fault = _fixture.Faults.On(ImmOperation.GetProject, ImmOperation.CreateProject).Elapse(TimeSpan.FromSeconds(40));
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60), _fixture.Clock);

        _fixture.Registry.Get("photos");
        Assert.Equal(ImmFixtureClock.DefaultStart + TimeSpan.FromSeconds(40), _fixture.Clock.GetUtcNow());

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            async () => await _fixture.Registry.CreateAsync(new CreateProjectRequest { ProjectName = "videos" }, timeout.Token));
        Assert.Equal(1, _fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public async Task Delays_add_up_and_the_first_refusal_ends_the_call()
    {
        using ImmFault slow = _fixture.Faults.OnAny().Delay(TimeSpan.FromSeconds(1));
        using ImmFault slower = _fixture.Faults.OnAny().Delay(TimeSpan.FromSeconds(2));
        using ImmFault refuses = _fixture.Faults.OnAny().Throttle();
        using ImmFault unmet = _fixture.Faults.OnAny().Times(1).BeUnavailable();

        Task<Project> creating = _fixture.Registry.CreateAsync(new CreateProjectRequest { ProjectName = "photos" }).AsTask();
        _fixture.Clock.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(ImmErrorCode.ThrottlingUser, (await Assert.ThrowsAsync<ImmException>(() => creating)).Code);
        Assert.Equal((1, 1, 1, 0), (slow.Hits, slower.Hits, refuses.Hits, unmet.Hits));
        Assert.Equal([slow, slower, refuses], _fixture.Calls[0].Faults);
    }

    [Fact]
    public void The_record_shows_the_injected_fault()
    {
        _fixture.Faults.On(ImmOperation.CreateProject).Every(1).Times(1).Throttle();
        _fixture.Faults.On(ImmOperation.CreateProject).Times(2).FailAfterCommit();
        Create("photos");
        Create("photos");
        Create("photos");

        const string Scope = "(1234567890123456/cn-hangzhou)";
        const string Lost = "ServiceUnavailable after the commit";
        Assert.Equal(
            $$"""
            1. CreateProject photos (1234567890123456/cn-hangzhou) -> Throttling.User [fault: Throttling.User in CreateProject, once]
            2. CreateProject photos {{Scope}} -> ServiceUnavailable [fault: {{Lost}} in CreateProject, the first 2 times]
            3. CreateProject photos (1234567890123456/cn-hangzhou) -> ResourceAlreadyExists
            """,
            _fixture.Calls.ToString());
    }

    [Fact]
    public void Under_many_threads_exactly_the_given_number_of_calls_fails()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.ListProjects).Every(3).Times(100).Throttle();
        int refused = 0;

        Parallel.For(0, 1000, _ =>
        {
            if (Code(() => _fixture.Registry.List()) is not null)
            {
                Interlocked.Increment(ref refused);
            }
        });

        Assert.Equal((100, 100), (refused, fault.Hits));
        _fixture.Calls.ReceivedExactly(100, ImmOperation.ListProjects, where: call => call.Code == ImmErrorCode.ThrottlingUser);
        _fixture.Calls.ReceivedExactly(1000, ImmOperation.ListProjects);
    }

    [Fact]
    public void An_exception_of_a_predicate_reaches_the_caller()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Where(_ => throw new NotSupportedException("mine")).Throttle();

        Assert.Throws<NotSupportedException>(() => _fixture.Registry.List());
        Assert.EndsWith("-> NotSupportedException", _fixture.Calls.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _fixture.Dispose();

    private static string? Code(Action call) => (Record.Exception(call) as ImmException)?.Code;

    private string? Create(string name) => Code(() => _fixture.Registry.Create(new CreateProjectRequest { ProjectName = name }));
}
