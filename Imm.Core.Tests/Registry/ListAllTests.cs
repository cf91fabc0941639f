using System.Runtime.CompilerServices;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Tests of the lists of everything, and of the asynchronous reads.</summary>
public sealed class ListAllTests : IDisposable
{
    private const int Projects = 250;

    private readonly ImmFixture _fixture = new(new ImmFixtureOptions { ProjectQuota = 1000 });
    private readonly ProjectRegistry _registry;

    public ListAllTests()
    {
        _registry = _fixture.Registry;
        for (int i = 0; i < Projects; i++)
        {
            _registry.Create(new()
            {
                ProjectName = $"{"aAb_"[i % 4]}{i}",
                Tag = i % 3 == 0 ? [new("a", "1"), new("b", "2")] : [new("b", "2")],
            });
        }

        for (int i = 0; i < Projects; i++)
        {
            _registry.CreateDataset(new() { ProjectName = "a0", DatasetName = $"d{i}" });
        }
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("a", false)]
    [InlineData("a1", true)]
    [InlineData("b", true)]
    [InlineData("z", false)]
    [InlineData("\u00e4", false)]
    public async Task Lists_what_all_pages_list_together(string? prefix, bool withTag)
    {
        Tag[]? tags = withTag ? [new("a", "1")] : null;
        List<Project> pages = Shown.All(_registry, 7, prefix, tags);

        Assert.Equal(pages, _registry.ListAll(prefix, tags));
        Assert.Equal(pages, await ToListAsync(_registry.ListAllAsync(prefix, tags)));
        Assert.Equal(prefix is "z" or "\u00e4", pages.Count == 0);
    }

    [Fact]
    public void A_list_does_not_hold_what_changes_after_it_was_made()
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { InMemory = true, ProjectQuota = 1000, KeptChanges = 0 });
        ProjectRegistry registry = store.Registry("1", "r");
        for (int i = 0; i < Projects; i++)
        {
            registry.Create(new() { ProjectName = $"p{i}" });
        }

        IEnumerable<Project> all = registry.ListAll();
        WeakReference changed = Update(registry, "first");
        Update(registry, "second");
        GC.Collect();

        Assert.False(changed.IsAlive);
        Assert.All(all, project => Assert.Empty(project.Description));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Update(ProjectRegistry registry, string description)
        {
            Project[] updated =
            [
                .. Enumerable.Range(0, Projects).Select(i => registry.Update(new() { ProjectName = $"p{i}", Description = description })),
            ];
            return new WeakReference(updated[10]);
        }
    }

    [Theory]
    [InlineData(null, Projects)]
    [InlineData("d1", 111)]
    [InlineData("e", 0)]
    public async Task Lists_all_datasets_of_a_project(string? prefix, int count)
    {
        List<Dataset> all = [.. _registry.ListAllDatasets("a0", prefix)];

        Assert.Equal(count, all.Count);
        Assert.Equal(all.OrderBy(dataset => dataset.DatasetName, StringComparer.Ordinal), all);
        Assert.All(all, dataset => Assert.StartsWith(prefix ?? "", dataset.DatasetName, StringComparison.Ordinal));
        Assert.Equal(all, await ToListAsync(_registry.ListAllDatasetsAsync("a0", prefix)));
    }

    [Fact]
    public async Task Lists_one_moment_however_late_it_is_read()
    {
        IEnumerable<Project> projects = _registry.ListAll();
        IAsyncEnumerable<Project> later = _registry.ListAllAsync();
        IEnumerable<Dataset> datasets = _registry.ListAllDatasets("a0");
        using IEnumerator<Project> reader = projects.GetEnumerator();
        Assert.True(reader.MoveNext());

        _registry.Create(new() { ProjectName = "zz" });
        _registry.Delete("b2");
        _registry.DeleteDataset("a0", "d0");

        int rest = 1;
        while (reader.MoveNext())
        {
            rest++;
        }

        Assert.Equal(Projects, rest);
        Assert.Equal(Projects, projects.Count());
        Assert.Contains(await ToListAsync(later), project => project.ProjectName == "b2");
        Assert.Equal(Projects, datasets.Count());
        Assert.Contains(_registry.ListAll(), project => project.ProjectName == "zz");
    }

    [Fact]
    public void Is_refused_by_the_call_and_not_by_the_enumeration()
    {
        const string LoneSurrogate = "\ud83d";
        string prefix = Shown.Refusal(ImmErrorCode.InvalidArgument, 400, "Prefix");
        string missing = Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "ProjectName");
        var manyTags = new Tag[21];

        Assert.Equal(prefix, Shown.Outcome(() => { _registry.ListAll(LoneSurrogate); }));
        Assert.Equal(prefix, Shown.Outcome(() => { _registry.ListAllAsync(LoneSurrogate); }));
        Assert.Equal(prefix, Shown.Outcome(() => { _registry.ListAllDatasets("a0", LoneSurrogate); }));
        Assert.Equal(missing, Shown.Outcome(() => { _registry.ListAllDatasets("none"); }));
        Assert.Equal(missing, Shown.Outcome(() => { _registry.ListAllDatasetsAsync("none"); }));
        Assert.Equal(
            Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "Tag", 21, null, 20),
            Shown.Outcome(() => { _registry.ListAll(tags: manyTags); }));
        _fixture.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _registry.ListAll());
        Assert.Throws<ObjectDisposedException>(() => _registry.ListAllAsync());
    }

    [Fact]
    public async Task Is_observed_once_as_a_list_when_it_is_called()
    {
        int before = _fixture.Calls.Count;

        IEnumerable<Project> projects = _registry.ListAll("a");
        IAsyncEnumerable<Project> later = _registry.ListAllAsync("a");
        Assert.Equal(before + 2, _fixture.Calls.Count);
        Assert.Equal(projects.Count() + projects.Count(), (await ToListAsync(later)).Count + (await ToListAsync(later)).Count);

        Assert.Equal(before + 2, _fixture.Calls.Count);
        Assert.All(_fixture.Calls.Skip(before), call =>
        {
            Assert.Equal(ImmOperation.ListProjects, call.Operation);
            Assert.Equal("a", Assert.IsType<ListProjectsRequest>(call.Request).Prefix);
        });
    }

    [Fact]
    public async Task An_asynchronous_read_waits_without_a_thread_where_something_delays_it()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Delay(TimeSpan.FromSeconds(1));

        await using IAsyncEnumerator<Project> reader = _registry.ListAllAsync().GetAsyncEnumerator();
        Task<bool> first = reader.MoveNextAsync().AsTask();
        Task<Project> get = _registry.GetAsync("a0").AsTask();
        Task<Project?> find = _registry.FindAsync("a0").AsTask();
        Assert.False(first.IsCompleted || get.IsCompleted || find.IsCompleted);
        _fixture.Clock.Advance(TimeSpan.FromSeconds(1));

        Assert.True(await first);
        Assert.Equal(await get, await find);
    }

    [Fact]
    public async Task An_enumeration_can_be_cancelled()
    {
        using var stop = new CancellationTokenSource();
        await using IAsyncEnumerator<Project> byCall = _registry.ListAllAsync(cancellationToken: stop.Token).GetAsyncEnumerator();
        await using IAsyncEnumerator<Project> byEnumeration = _registry.ListAllAsync().GetAsyncEnumerator(stop.Token);
        Assert.True(await byCall.MoveNextAsync() && await byEnumeration.MoveNextAsync());

        await stop.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(() => byCall.MoveNextAsync().AsTask());
        await Assert.ThrowsAsync<OperationCanceledException>(() => byEnumeration.MoveNextAsync().AsTask());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Asynchronous_reads_of_memory_and_files_are_complete_at_once_and_equal_the_synchronous_ones(bool isFile)
    {
        using var directory = new TempDirectory();
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = isFile ? directory.File("store.db") : null });
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "photos" });
        registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
        registry.CreateBinding("photos", "raw", "oss://camera");

        Assert.Same(registry.Get("photos"), Completed(registry.GetAsync("photos")));
        Assert.Same(registry.Get("photos"), Completed(registry.FindAsync("photos")));
        Assert.Null(Completed(registry.FindAsync("music")));
        Assert.Null(Completed(registry.FindAsync("a b")));
        Assert.Null(Completed(registry.FindAsync(null)));
        Assert.Same(registry.GetDataset("photos", "raw"), Completed(registry.FindDatasetAsync("photos", "raw")));
        Assert.Null(Completed(registry.FindDatasetAsync("photos", "none")));
        Assert.Null(Completed(registry.FindDatasetAsync("music", "raw")));
        Assert.Null(Completed(registry.FindDatasetAsync(null, "a b")));
        Assert.True(registry.TryGetDataset("photos", "raw", out Dataset? dataset));
        Assert.Same(registry.GetDataset("photos", "raw"), dataset);
        Assert.False(registry.TryGetDataset("photos", "none", out dataset));
        Assert.Null(dataset);
        Assert.False(registry.TryGetDataset("music", "raw", out _));
        Assert.False(registry.TryGetDataset("photos", null, out _));
        Assert.False(registry.TryGetDataset("a b", "raw", out _));
        registry.AttachOssBucket(new() { ProjectName = "photos", OssBucket = "bucket" });
        Assert.Equal(registry.GetOssBucketAttachment("bucket"), Completed(registry.GetOssBucketAttachmentAsync("bucket")));
        Assert.Equal(
            "bucket", Assert.Single(Completed(registry.ListAttachedOssBucketsAsync(new() { ProjectName = "photos" })).AttachedOssBuckets)
                .OssBucket);
        Assert.Equal(registry.List().Projects, Completed(registry.ListAsync()).Projects);
        Assert.Same(registry.GetDataset("photos", "raw"), Completed(registry.GetDatasetAsync("photos", "raw")));
        Assert.Single(Completed(registry.ListDatasetsAsync(new() { ProjectName = "photos" })).Datasets);
        Assert.Single(Completed(registry.ListBindingsAsync("photos", "raw")));
        await using IAsyncEnumerator<Project> all = registry.ListAllAsync().GetAsyncEnumerator();
        Assert.True(Completed(all.MoveNextAsync()));
        Assert.False(Completed(all.MoveNextAsync()));
        Assert.Equal(
            Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "ProjectName"), await Shown.Outcome(() => registry.GetAsync("music")));
        store.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => registry.FindAsync("a b").AsTask());

        static T Completed<T>(ValueTask<T> read)
        {
            Assert.True(read.IsCompletedSuccessfully);
            return read.Result;
        }
    }

    private static async Task<List<T>> ToListAsync<T>(IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (T item in items)
        {
            list.Add(item);
        }

        return list;
    }
}
