using System.Collections;
using System.Diagnostics;
using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>A request that changes while a call uses it. The call decides, authorizes, records and traces one copy.</summary>
[Collection(nameof(ListensToTheProcess))]
public sealed class RequestCopyTests : IDisposable
{
    // Enough that another thread changes the name between two reads of it, if there are two.
    private const int Calls = 20_000;

    private readonly OnlyPublic _authorizer = new();
    private readonly ImmFixture _fixture;

    public RequestCopyTests() => _fixture = new ImmFixture(new ImmFixtureOptions { Authorizer = _authorizer });

    public static TheoryData<string> Requests => [.. RequestKinds.Keys];

    private static Dictionary<string, (object Request, Action<ProjectRegistry, object> Call)> RequestKinds => new()
    {
        ["CreateProject"] = (
            new CreateProjectRequest { ProjectName = "public" }, (registry, request) => registry.Create((CreateProjectRequest)request)),
        ["UpdateProject"] = (
            new UpdateProjectRequest { ProjectName = "public" }, (registry, request) => registry.Update((UpdateProjectRequest)request)),
        ["ListProjects"] = (
            new ListProjectsRequest { Prefix = "public" }, (registry, request) => registry.List((ListProjectsRequest)request)),
        ["CreateDataset"] = (
            new CreateDatasetRequest { ProjectName = "public", DatasetName = "d" },
            (registry, request) => registry.CreateDataset((CreateDatasetRequest)request)),
        ["UpdateDataset"] = (
            new UpdateDatasetRequest { ProjectName = "public", DatasetName = "d" },
            (registry, request) => registry.UpdateDataset((UpdateDatasetRequest)request)),
        ["ListDatasets"] = (
            new ListDatasetsRequest { ProjectName = "public" }, (registry, request) => registry.ListDatasets((ListDatasetsRequest)request)),
    };

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void A_project_is_created_under_the_name_that_was_authorized()
    {
        var request = new CreateProjectRequest { ProjectName = "secret" };
        request.Tag = new ReadByCallback(() => request.ProjectName = "public");

        ImmException refused = Assert.Throws<ImmException>(() => _fixture.Registry.Create(request));

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal("secret", Assert.Single(_fixture.Calls).ProjectName);
        Assert.Equal(0, _fixture.Snapshot().ProjectCount);
    }

    [Fact]
    public void A_project_is_updated_under_the_name_that_was_authorized()
    {
        _fixture.Seed.Project("public").Project("secret");
        var request = new UpdateProjectRequest { ProjectName = "secret" };
        request.Tag = new ReadByCallback(() => request.ProjectName = "public");

        ImmException refused = Assert.Throws<ImmException>(() => _fixture.Registry.Update(request));

        Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
        Assert.Equal("secret", Assert.Single(_fixture.Calls).ProjectName);
    }

    [Fact]
    public void The_tags_that_are_authorized_are_those_that_are_stored_and_recorded()
    {
        int reads = 0;
        var tags = new ReadByCallback(() => reads++, () => new Tag("read", $"{reads}"));

        Project project = _fixture.Registry.Create(new CreateProjectRequest { ProjectName = "public", Tag = tags });

        Assert.Equal([new Tag("read", "1")], project.Tags);
        Assert.Equal([new Tag("read", "1")], Assert.Single(_authorizer.Asked).Tags);
        Assert.Equal([new Tag("read", "1")], Assert.IsType<CreateProjectRequest>(Assert.Single(_fixture.Calls).Request).Tag);
        Assert.Equal(1, reads);
    }

    [Fact]
    public void The_tags_that_a_list_is_filtered_by_are_read_once()
    {
        _fixture.Seed.Project("public", request => request.Tag = [new Tag("read", "1")]);
        int reads = 0;
        var tags = new ReadByCallback(() => reads++, () => new Tag("read", $"{reads}"));

        ProjectPage page = _fixture.Registry.List(new ListProjectsRequest { Tag = tags });

        Assert.Equal("public", Assert.Single(page.Projects).ProjectName.Value);
        Assert.Equal([new Tag("read", "1")], Assert.Single(_authorizer.Asked).Tags);
        Assert.Equal([new Tag("read", "1")], Assert.IsType<ListProjectsRequest>(Assert.Single(_fixture.Calls).Request).Tag);
        Assert.Equal(1, reads);
    }

    [Fact]
    public void A_dataset_is_created_under_the_names_that_were_authorized()
    {
        _fixture.Seed.Project("public").Dataset("public", "d").Project("secret");
        var request = new CreateDatasetRequest { ProjectName = "public", DatasetName = "d" };

        WhileFlipping(flip => request.ProjectName = flip, () => Record.Exception(() => _fixture.Registry.CreateDataset(request)));

        _authorizer.AllowsAll = true;
        Assert.Equal(0, _fixture.Registry.Get("secret").DatasetCount);
    }

    [Fact]
    public void A_dataset_is_updated_under_the_names_that_were_authorized()
    {
        _fixture.Seed.Project("public").Dataset("public", "d").Project("secret").Dataset("secret", "d");
        var request = new UpdateDatasetRequest { ProjectName = "public", DatasetName = "d", Description = "changed" };

        WhileFlipping(flip => request.ProjectName = flip, () => Record.Exception(() => _fixture.Registry.UpdateDataset(request)));

        _authorizer.AllowsAll = true;
        Assert.Equal("", _fixture.Registry.GetDataset("secret", "d").Description);
    }

    [Fact]
    public void The_datasets_that_are_listed_are_those_of_the_project_that_was_authorized()
    {
        _fixture.Seed.Project("public").Project("secret").Dataset("secret", "d");
        var request = new ListDatasetsRequest { ProjectName = "public" };
        int seen = 0;

        WhileFlipping(flip => request.ProjectName = flip, () =>
        {
            if (Record.Exception(() => seen += _fixture.Registry.ListDatasets(request).Datasets.Count) is { } e)
            {
                Assert.Equal(ImmErrorCode.NoPermission, Assert.IsType<ImmException>(e).Code);
            }
        });

        Assert.Equal(0, seen);
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void The_record_shows_the_request_that_was_decided(string kind)
    {
        (object request, Action<ProjectRegistry, object> call) = RequestKinds[kind];
        System.Reflection.PropertyInfo name = request.GetType().GetProperty(kind == "ListProjects" ? "Prefix" : "ProjectName")!;
        var flip = new AsyncLocal<bool>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == ImmTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) =>
                flip.Value ? ActivitySamplingResult.AllData : ActivitySamplingResult.None,
            ActivityStarted = _ => name.SetValue(request, flip.Value ? "secret" : name.GetValue(request)),
        };
        ActivitySource.AddActivityListener(listener);
        flip.Value = true;

        Record.Exception(() => call(_fixture.Registry, request));

        Assert.Equal("secret", name.GetValue(request));
        Assert.Equal("public", name.GetValue(Assert.Single(_fixture.Calls).Request));
    }

    private static void WhileFlipping(Action<string> set, Action call)
    {
        using var done = new CancellationTokenSource();
        var flipping = new Thread(() =>
        {
            for (int i = 0; !done.IsCancellationRequested; i++)
            {
                set(i % 2 == 0 ? "secret" : "public");
            }
        });
        flipping.Start();
        try
        {
            for (int i = 0; i < Calls; i++)
            {
                call();
            }
        }
        finally
        {
            done.Cancel();
            flipping.Join();
        }
    }

    private sealed class OnlyPublic : IImmAuthorizer
    {
        public List<AuthorizationRequest> Asked { get; } = [];

        public bool AllowsAll { get; set; }

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked.Add(request);
            return AllowsAll || !request.Resource.Contains("secret", StringComparison.Ordinal)
                ? AuthorizationDecision.Allow
                : AuthorizationDecision.Deny();
        }
    }

    /// <summary>A list of one tag that calls back when it is read.</summary>
    private sealed class ReadByCallback(Action read, Func<Tag>? tag = null) : IReadOnlyList<Tag>
    {
        public int Count => 1;

        public Tag this[int index]
        {
            get
            {
                read();
                return tag?.Invoke() ?? new Tag("a", "b");
            }
        }

        public IEnumerator<Tag> GetEnumerator()
        {
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
