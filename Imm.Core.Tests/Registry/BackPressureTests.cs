using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>The limit on the writes that wait in the commit queue.</summary>
public sealed class BackPressureTests : IDisposable
{
    private readonly GatedDisk _disk = new(new SimulatedDisk());

    public void Dispose() => _disk.Dispose();

    [Fact]
    public async Task Refuses_a_change_when_the_commit_queue_is_full()
    {
        using ImmStore store = Open(maxWaiting: 3);
        ProjectRegistry registry = store.Registry();
        Task<Project> leader = StartLeader(registry);
        Task<Project>[] waiting = [Create(registry, "a"), Create(registry, "b"), Create(registry, "c")];
        Assert.Equal(3, store.Status.WaitingWrites);

        Assert.Equal(ImmErrorCode.ThrottlingUser, Refused(() => registry.Create(new() { ProjectName = "d" })).Code);
        Task<Project> refused = Create(registry, "e");
        Assert.True(refused.IsFaulted);
        ImmException refusal = await Assert.ThrowsAsync<ImmException>(() => refused);
        Assert.Equal((ImmErrorCode.ThrottlingUser, 400), (refusal.Code, refusal.HttpStatus));
        Assert.Equal(ImmErrorCode.ThrottlingUser, Refused(() => registry.SetProjectQuota(1)).Code);
        Assert.Equal(3, store.Status.WaitingWrites);

        _disk.ReleaseFlushes();
        await leader;
        await Task.WhenAll(waiting);
        Assert.Equal(0, store.Status.WaitingWrites);
        registry.Create(new() { ProjectName = "d" });
        await Create(registry, "e");
        Assert.Equal(["a", "b", "c", "d", "e", "leader"], registry.List().Projects.Select(project => project.ProjectName.Value));
    }

    [Fact]
    public async Task Throttles_after_the_checks_of_parameters_and_permission_and_before_that_of_existence()
    {
        using ImmStore store = Open(maxWaiting: 1, new DeniesDelete());
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "there" });
        Task<Project> leader = StartLeader(registry);
        Task<Project> waiting = Create(registry, "a");

        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.Create(new() { ProjectName = "1" })).Code);
        Assert.Equal(ImmErrorCode.NoPermission, Refused(() => registry.Delete("there")).Code);
        Assert.Equal(ImmErrorCode.ThrottlingUser, Refused(() => registry.Create(new() { ProjectName = "there" })).Code);
        Assert.Equal(ImmErrorCode.ThrottlingUser, Refused(() => registry.Update(new() { ProjectName = "none", Description = "d" })).Code);
        Assert.Equal("there", registry.Get("there").ProjectName.Value);

        _disk.ReleaseFlushes();
        await leader;
        await waiting;
    }

    [Fact]
    public async Task Counts_a_write_as_waiting_until_its_batch_begins()
    {
        const int MaxBatch = 1024;
        using ImmStore store = Open(maxWaiting: MaxBatch + 100);
        ProjectRegistry registry = store.Registry();
        registry.SetProjectQuota(int.MaxValue);
        Task<Project> leader = StartLeader(registry);
        Task<Project>[] first = [.. Enumerable.Range(0, MaxBatch + 100).Select(i => Create(registry, $"a{i}"))];
        _disk.ReleaseOneFlush();
        _disk.AwaitBlockedFlush();
        await leader;

        // A batch of the first 1,024 is being flushed. The others wait.
        Assert.Equal(100, store.Status.WaitingWrites);
        Task<Project>[] second = [.. Enumerable.Range(0, MaxBatch).Select(i => Create(registry, $"b{i}"))];
        Assert.Equal(MaxBatch + 100, store.Status.WaitingWrites);
        Assert.Equal(ImmErrorCode.ThrottlingUser, (await Assert.ThrowsAsync<ImmException>(() => Create(registry, "c"))).Code);

        _disk.ReleaseFlushes();
        await Task.WhenAll([.. first, .. second]);
        Assert.Equal((0, (2 * MaxBatch) + 101), (store.Status.WaitingWrites, registry.State.ProjectCount));
    }

    [Fact]
    public async Task Many_threads_never_enqueue_more_writes_than_the_limit()
    {
        const int Bound = 100;
        using ImmStore store = Open(Bound);
        ProjectRegistry registry = store.Registry();
        registry.SetProjectQuota(int.MaxValue);
        Task<Project> leader = StartLeader(registry);
        var begun = new Task<Project>[8][];
        Thread[] threads = [.. Enumerable.Range(0, begun.Length).Select(t => new Thread(() =>
            begun[t] = [.. Enumerable.Range(0, 50).Select(i => Create(registry, $"t{t}_{i}"))]))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Task<Project>[] refused = [.. begun.SelectMany(tasks => tasks).Where(task => task.IsCompleted)];
        Assert.Equal(begun.Sum(tasks => tasks.Length) - Bound, refused.Length);
        Assert.All(
            refused,
            task => Assert.Equal(ImmErrorCode.ThrottlingUser, Assert.IsType<ImmException>(task.Exception?.InnerException).Code));
        Assert.Equal(Bound, store.Status.WaitingWrites);
        _disk.ReleaseFlushes();
        await leader;
        await Task.WhenAll(begun.SelectMany(tasks => tasks).Except(refused));
        Assert.Equal(Bound + 1, registry.State.ProjectCount);
    }

    [Fact]
    public async Task A_cancelled_change_leaves_the_queue_with_the_batch_that_it_waited_for()
    {
        using ImmStore store = Open(maxWaiting: 1);
        ProjectRegistry registry = store.Registry();
        using var cancellation = new CancellationTokenSource();
        Task<Project> leader = StartLeader(registry);
        Task<Project> cancelled = registry.CreateAsync(new() { ProjectName = "cancelled" }, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        _disk.ReleaseFlushes();
        await leader;
        await store.DisposeAsync();

        Assert.Equal(0, store.Status.WaitingWrites);
    }

    [Fact]
    public void A_store_in_memory_enqueues_nothing()
    {
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { MaxWaitingWrites = 1, ProjectQuota = 1000 });
        ProjectRegistry registry = store.Registry();

        Parallel.For(0, 1000, i => registry.Create(new() { ProjectName = $"p{i}" }));

        Assert.Equal((1000, 0), (registry.State.ProjectCount, store.Status.WaitingWrites));
    }

    private static Task<Project> Create(ProjectRegistry registry, string name) =>
        registry.CreateAsync(new() { ProjectName = name }).AsTask();

    private static ImmException Refused(Action call) => Assert.Throws<ImmException>(call);

    private ImmStore Open(int maxWaiting, IImmAuthorizer? authorizer = null) =>
        _disk.Open(new ImmStoreOptions { Path = "/store/data", MaxWaitingWrites = maxWaiting, Authorizer = authorizer });

    /// <summary>Starts a change whose flush is blocked, so that all later writes wait in the commit queue.</summary>
    private Task<Project> StartLeader(ProjectRegistry registry)
    {
        _disk.BlockFlushes();
        Task<Project> leader = Task.Run(() => registry.Create(new() { ProjectName = "leader" }));
        _disk.AwaitBlockedFlush();
        return leader;
    }

    private sealed class DeniesDelete : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) =>
            request.Action == "imm:DeleteProject" ? AuthorizationDecision.Deny() : AuthorizationDecision.Allow;
    }
}
