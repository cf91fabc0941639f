using System.Diagnostics;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>
/// Tests that listen to the activity source, or measure the memory in use. Both belong to the process: no other test runs beside them.
/// </summary>
[CollectionDefinition(nameof(ListensToTheProcess), DisableParallelization = true)]
public sealed class ListensToTheProcess;

/// <summary>The spans of operations.</summary>
[Collection(nameof(ListensToTheProcess))]
public sealed class TraceTests : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly ActivityListener _listener;
    private readonly ImmStore _store = ImmStore.InMemory();
    private readonly ProjectRegistry _registry;

    public TraceTests()
    {
        _registry = _store.Registry("1234", "cn-hangzhou");
        RegistryOperations.Prepare(_registry);
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ImmTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Add,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public static TheoryData<string> Methods => RegistryOperations.Methods;

    public void Dispose()
    {
        _listener.Dispose();
        _store.Dispose();
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task An_operation_is_one_span_under_that_of_its_caller(string method)
    {
        RegistryOperation operation = RegistryOperations.Of(method);
        using Activity caller = new Activity("caller").Start();

        await operation.Run(_registry);

        Assert.Same(caller, Activity.Current);
        Activity span = Assert.Single(_spans);
        Assert.Equal((operation.Action, ActivityKind.Internal, ActivityStatusCode.Unset), (span.OperationName, span.Kind, span.Status));
        Assert.Equal(caller.SpanId, span.ParentSpanId);
        Assert.Equal("1234", span.GetTagItem("cloud.account.id"));
        Assert.Equal("cn-hangzhou", span.GetTagItem("cloud.region"));
        Assert.Null(span.GetTagItem("error.type"));
        string[] names = (operation.Resource ?? "*").Replace("/dataset/", "/", StringComparison.Ordinal).Split('/');
        Assert.Equal(names[0] == "*" ? null : names[0], span.GetTagItem("imm.project.name"));
        Assert.Equal(names.Length == 1 || names[1] == "*" ? null : names[1], span.GetTagItem("imm.dataset.name"));
    }

    [Fact]
    public void A_span_has_the_name_of_its_store()
    {
        using ImmStore named = ImmStore.InMemory(new ImmStoreOptions { Name = "archive" });

        named.Registry().List();
        _registry.List();

        Assert.Equal(["archive", null], _spans.Select(span => span.GetTagItem("imm.store.name")));
    }

    [Fact]
    public async Task A_refusal_sets_the_status_of_the_span()
    {
        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => _registry.CreateAsync(new() { ProjectName = "p" }).AsTask());
        Assert.Throws<ImmException>(() => _registry.Get("none"));

        Assert.Equal(["imm:CreateProject", "imm:GetProject"], _spans.Select(span => span.OperationName));
        Assert.All(_spans, span => Assert.Equal(ActivityStatusCode.Error, span.Status));
        Assert.Equal(["ResourceAlreadyExists", "ResourceNotFound"], _spans.Select(span => span.GetTagItem("error.type")));
        Assert.Equal(refused.Message, _spans[0].StatusDescription);
    }

    [Fact]
    public void A_malformed_name_is_not_a_tag()
    {
        Assert.Throws<ImmException>(() => _registry.GetDataset(new string('a', 100_000), "d"));

        Activity span = Assert.Single(_spans);
        Assert.Null(span.GetTagItem("imm.project.name"));
        Assert.Equal("d", span.GetTagItem("imm.dataset.name"));
        Assert.Equal("InvalidArgument", span.GetTagItem("error.type"));
    }

    [Fact]
    public void The_authorizer_runs_inside_the_span_and_its_exception_is_the_outcome()
    {
        var authorizer = new Broken();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = authorizer });

        Assert.Throws<TimeoutException>(() => store.Registry().Create(new() { ProjectName = "p" }));

        Activity span = Assert.Single(_spans);
        Assert.Same(span, authorizer.Current);
        Assert.Equal((ActivityStatusCode.Error, "System.TimeoutException"), (span.Status, span.GetTagItem("error.type")));
    }

    [Fact]
    public void A_listener_that_throws_fails_no_operation()
    {
        int called = 0;
        using var throwing = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ImmTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStarted = _ => Throw(),
            ActivityStopped = _ => Throw(),
        };
        ActivitySource.AddActivityListener(throwing);

        _registry.Create(new() { ProjectName = "new" });

        Assert.True(called > 0);
        Assert.True(_registry.TryGet("new", out _));

        void Throw()
        {
            called++;
            throw new InvalidOperationException("The listener's own fault.");
        }
    }

    [Fact]
    public void A_listener_that_samples_nothing_gets_no_spans_and_the_operation_succeeds()
    {
        _listener.Dispose();
        using var deaf = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ImmTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.None,
            ActivityStopped = _spans.Add,
        };
        ActivitySource.AddActivityListener(deaf);

        _registry.Create(new() { ProjectName = "new" });

        Assert.Empty(_spans);
        Assert.True(_registry.TryGet("new", out _));
    }

    private sealed class Broken : IImmAuthorizer
    {
        public Activity? Current { get; private set; }

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Current = Activity.Current;
            throw new TimeoutException();
        }
    }
}
