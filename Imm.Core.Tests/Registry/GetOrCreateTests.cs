using System.Collections.Concurrent;
using Imm.Core.Tests.Storage;
using Imm.Core.Tests.Wire;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>
/// Tests of the calls that get a project or dataset, or create it: exact for any number of callers, and no write without need.
/// </summary>
public sealed class GetOrCreateTests
{
    private const int Callers = 64;

    public static TheoryData<string> Stores => ["memory", "file"];

    [Theory]
    [MemberData(nameof(Stores))]
    public void Of_64_callers_one_creates_and_all_get_the_same_without_an_exception(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        ProjectRegistry registry = store.Registry();
        using var thrown = new ThrownExceptions();

        GetOrCreateResult<Project>[] projects = RunAtOnce(
            caller => registry.GetOrCreate(new() { ProjectName = "photos", Description = $"{caller}" }));
        GetOrCreateResult<Dataset>[] datasets = RunAtOnce(
            caller => registry.GetOrCreateDataset(new() { ProjectName = "photos", DatasetName = "raw", Description = $"{caller}" }));

        Assert.Empty(thrown.All);
        Assert.Equal(Callers - 1, projects.Count(project => !project.IsNew));
        Assert.Single(projects.Select(project => project.Value).Distinct());
        Assert.Equal($"{Array.FindIndex(projects, project => project.IsNew)}", registry.Get("photos").Description);
        Assert.Equal(Callers - 1, datasets.Count(dataset => !dataset.IsNew));
        Assert.Single(datasets.Select(dataset => dataset.Value).Distinct());
        Assert.Equal(1, registry.Get("photos").DatasetCount);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Of_64_asynchronous_callers_one_creates_and_all_get_the_same_without_an_exception(string kind)
    {
        using var directory = new TempDirectory();
        using ImmStore store = Open(kind, directory);
        ProjectRegistry registry = store.Registry();
        using var thrown = new ThrownExceptions();

        GetOrCreateResult<Project>[] projects = await Task.WhenAll(Enumerable.Range(0, Callers).Select(
            _ => Task.Run(() => registry.GetOrCreateAsync(new() { ProjectName = "photos" }).AsTask())));
        GetOrCreateResult<Dataset>[] datasets = await Task.WhenAll(Enumerable.Range(0, Callers).Select(
            _ => Task.Run(() => registry.GetOrCreateDatasetAsync(new() { ProjectName = "photos", DatasetName = "raw" }).AsTask())));

        Assert.Empty(thrown.All);
        Assert.Single(projects, project => project.IsNew);
        Assert.Single(projects.Select(project => project.Value).Distinct());
        Assert.Single(datasets, dataset => dataset.IsNew);
        Assert.Single(datasets.Select(dataset => dataset.Value).Distinct());
    }

    [Fact]
    public async Task Callers_that_wait_together_share_one_flush_and_are_answered_after_it()
    {
        var disk = new SimulatedDisk();
        using var gate = new GatedDisk(disk);
        using ImmStore store = gate.Open(new ImmStoreOptions { Path = "/store" });
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "before" });
        gate.BlockFlushes();
        ValueTask<Project> first = registry.CreateAsync(new() { ProjectName = "first" });
        gate.AwaitBlockedFlush();
        int before = disk.Flushes.Count;

        Task<GetOrCreateResult<Project>>[] calls =
            [.. Enumerable.Range(0, 3).Select(_ => registry.GetOrCreateAsync(new() { ProjectName = "photos" }).AsTask())];
        gate.ReleaseOneFlush();
        gate.AwaitBlockedFlush();
        Assert.All(calls, call => Assert.False(call.IsCompleted));
        gate.ReleaseFlushes();
        GetOrCreateResult<Project>[] results = await Task.WhenAll(calls);
        await first;

        Assert.Equal([true, false, false], results.Select(result => result.IsNew));
        Assert.Equal(before + 2, disk.Flushes.Count);
    }

    [Fact]
    public async Task What_exists_is_given_without_a_write_also_where_none_is_possible()
    {
        var disk = new SimulatedDisk();
        using var gate = new GatedDisk(disk);
        var options = new ImmStoreOptions { Path = "/store", ProjectQuota = 2, MaxWaitingWrites = 1 };
        using ImmStore store = gate.Open(options);
        ProjectRegistry registry = store.Registry();
        Project photos = registry.Create(new() { ProjectName = "photos", Description = "first" });
        Dataset raw = registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
        gate.BlockFlushes();
        ValueTask<Project> flushing = registry.CreateAsync(new() { ProjectName = "second" });
        gate.AwaitBlockedFlush();
        ValueTask<Project> waiting = registry.CreateAsync(new() { ProjectName = "third" });
        int flushes = disk.Flushes.Count;

        (Project project, bool isNew) = registry.GetOrCreate(new() { ProjectName = "photos", Description = "other" });
        (Dataset dataset, bool isNewDataset) =
            await registry.GetOrCreateDatasetAsync(new() { ProjectName = "photos", DatasetName = "raw" });

        Assert.Equal((photos.Description, false), (project.Description, isNew));
        Assert.Equal((raw, false), (dataset, isNewDataset));
        Assert.Equal(flushes, disk.Flushes.Count);
        Assert.Equal(
            ImmErrorCode.ThrottlingUser,
            Assert.Throws<ImmException>(() => registry.GetOrCreate(new() { ProjectName = "fourth" })).Code);
        gate.ReleaseFlushes();
        await flushing;
        await Assert.ThrowsAsync<ImmException>(waiting.AsTask);
        Assert.False(registry.GetOrCreate(new() { ProjectName = "photos" }).IsNew);
    }

    [Fact]
    public void A_creation_is_refused_as_any_other_and_a_malformed_request_always_is()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { ProjectQuota = 1 });
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "photos", ProjectMaxDatasetCount = 1 });
        registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });

        Assert.Equal(
            Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectName", 1, 1, 1),
            Shown.Outcome(() => registry.GetOrCreate(new() { ProjectName = "music" }).Value));
        Assert.Equal(
            Shown.Refusal(ImmErrorCode.InvalidArgument, 400, "ServiceRole"),
            Shown.Outcome(() => registry.GetOrCreate(new() { ProjectName = "photos", ServiceRole = "a b" }).Value));
        Assert.Equal(
            Shown.Refusal(ImmErrorCode.ResourceNotFound, 404, "ProjectName"),
            Shown.Outcome(() => { registry.GetOrCreateDataset(new() { ProjectName = "music", DatasetName = "raw" }); }));
        Assert.Equal(
            Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectMaxDatasetCount", 1, 1, 1),
            Shown.Outcome(() => { registry.GetOrCreateDataset(new() { ProjectName = "photos", DatasetName = "cut" }); }));
        Assert.Throws<ArgumentNullException>(() => registry.GetOrCreate(null!));
    }

    [Theory]
    [InlineData("imm:GetProject", "imm:GetProject")]
    [InlineData("imm:CreateProject", "imm:GetProject imm:CreateProject")]
    public void It_takes_both_permissions_whether_or_not_the_project_exists(string denied, string asked)
    {
        var authorizer = new Denying();
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = authorizer });
        store.Registry().Create(new() { ProjectName = "photos" });
        authorizer.Denied = denied;

        foreach (string name in (string[])["photos", "music"])
        {
            authorizer.Asked.Clear();
            ImmException refused = Assert.Throws<ImmException>(
                () => store.Registry().GetOrCreate(new() { ProjectName = name, Tag = [new("a", "b")] }));
            Assert.Equal(ImmErrorCode.NoPermission, refused.Code);
            Assert.Equal(asked, string.Join(' ', authorizer.Asked.Select(request => request.Action)));
            Assert.Empty(authorizer.Asked[0].Tags);
        }

        Assert.False(store.Registry().State.TryFind("music", out _));
    }

    private static ImmStore Open(string kind, TempDirectory directory) =>
        ImmStore.Open(new ImmStoreOptions { Path = kind == "memory" ? null : directory.File("store.db") });

    /// <summary>Makes the call on many threads at the same moment.</summary>
    private static T[] RunAtOnce<T>(Func<int, T> call)
    {
        var results = new T[Callers];
        var errors = new ConcurrentQueue<Exception>();
        using var together = new Barrier(Callers);
        Thread[] threads = [.. Enumerable.Range(0, Callers).Select(caller => new Thread(() =>
        {
            together.SignalAndWait();
            if (Record.Exception(() => results[caller] = call(caller)) is { } error)
            {
                errors.Enqueue(error);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Empty(errors);
        return results;
    }

    private sealed class Denying : IImmAuthorizer
    {
        public string? Denied { get; set; }

        public List<AuthorizationRequest> Asked { get; } = [];

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked.Add(request);
            return request.Action == Denied ? AuthorizationDecision.Deny() : AuthorizationDecision.Allow;
        }
    }
}
