using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.Options;
using Xunit;

namespace Imm.Core.Tests.Registry;

public sealed class FileRegistryTests : RegistryConformance
{
    private readonly TempDirectory _directory = new();

    [Fact]
    public void All_fields_of_projects_and_datasets_survive_reopening()
    {
        string before;
        using (ImmStore store = Open())
        {
            ProjectRegistry registry = store.Registry("account", "region");
            registry.SetProjectQuota(500);
            registry.Create(new CreateProjectRequest
            {
                ProjectName = "full",
                Description = "  spaces kept  ",
                ServiceRole = "role.-_",
                TemplateId = "Official:AllFunction",
                ProjectMaxDatasetCount = 2,
                DatasetMaxBindCount = 3,
                DatasetMaxFileCount = 100_000_000,
                DatasetMaxEntityCount = long.MaxValue,
                DatasetMaxRelationCount = long.MaxValue - 1,
                DatasetMaxTotalFileSize = 1,
                Tag = [new("b", "2"), new("a", ""), new("A", "2")],
            });
            Clock.Advance(TimeSpan.FromTicks(13));
            registry.Update(new UpdateProjectRequest { ProjectName = "full", DatasetMaxTotalFileSize = 1_000_000 });
            registry.Create(new CreateProjectRequest { ProjectName = "bare" });
            registry.Create(new CreateProjectRequest { ProjectName = "gone" });
            registry.Delete("gone");
            registry.CreateDataset(new CreateDatasetRequest
            {
                ProjectName = "full",
                DatasetName = "d",
                Description = "e",
                TemplateId = "t",
                DatasetMaxBindCount = 1,
            });
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "full", DatasetName = "gone" });
            registry.DeleteDataset("full", "gone");
            registry.CreateBinding("full", "d", "oss://b");
            registry.AddFiles("full", "d", 3, 30);
            Clock.Advance(TimeSpan.FromTicks(1));
            registry.UpdateDataset(new UpdateDatasetRequest { ProjectName = "full", DatasetName = "d", Description = "f" });
            before = Shown.Content(registry);
        }

        using ImmStore reopened = Open();
        Assert.Equal(before, Shown.Content(reopened.Registry("account", "region")));
        Assert.Contains("full|role.-_|Official:AllFunction|", before, StringComparison.Ordinal);
        Assert.Empty(reopened.Check());
    }

    [Theory]
    [InlineData("\0")]
    [InlineData("a\0b\0")]
    [InlineData(" \t\r\n\u0085\u2028")]
    [InlineData("\u5a92\u4f53\u7ba1\u7406 \u00fc\u0308 \ufeff\uffff")]
    [InlineData("\U0001F4F7\U0001F468\u200D\U0001F469\u200D\U0001F467\U0010FFFF")]
    [InlineData("null")]
    public void Texts_of_every_kind_survive_reopening(string text)
    {
        string most = string.Concat(Enumerable.Repeat("\U0001F4F7", 256));
        using (ImmStore store = Open())
        {
            ProjectRegistry registry = store.Registry("account", "region");
            registry.Create(new CreateProjectRequest { ProjectName = "a", Description = text, Tag = [new(text, text)] });
            registry.Create(new CreateProjectRequest { ProjectName = "b", Description = most, TemplateId = most[..256] });
        }

        using ImmStore reopened = Open();
        Project project = reopened.Registry("account", "region").Get("a");
        Assert.Equal(text, project.Description);
        Assert.Equal([new Tag(text, text)], project.Tags);
        Assert.Equal(most, reopened.Registry("account", "region").Get("b").Description);
        Assert.Equal(most[..256], reopened.Registry("account", "region").Get("b").TemplateId);
    }

    [Fact]
    public void A_quota_that_was_set_is_kept_and_one_that_was_never_set_follows_the_option_at_each_open()
    {
        using (ImmStore store = Open(options => options.ProjectQuota = 2))
        {
            store.Registry("account", "set").SetProjectQuota(7);
            store.Registry("account", "default").SetProjectQuota(2);
            store.Registry("account", "never").Create(new CreateProjectRequest { ProjectName = "a" });
            Assert.Equal(2, store.Registry("account", "never").ProjectQuota);
        }

        foreach (int option in (int[])[5, 0])
        {
            using ImmStore store = Open(options => options.ProjectQuota = option);
            Assert.Equal(
                [7, 2, option, option],
                ((string[])["set", "default", "never", "untouched"]).Select(region => store.Registry("account", region).ProjectQuota));
        }
    }

    [Fact]
    public void One_name_in_two_accounts_and_two_regions_is_three_projects_after_reopening()
    {
        (string, string)[] scopes = [("a", "one"), ("a", "two"), ("b", "one")];
        using (ImmStore store = Open())
        {
            foreach ((string account, string region) in scopes)
            {
                store.Registry(account, region).Create(new CreateProjectRequest { ProjectName = "same", Description = account + region });
            }
        }

        using ImmStore reopened = Open();
        foreach ((string account, string region) in scopes.Reverse())
        {
            Assert.Equal(account + region, Assert.Single(reopened.Registry(account, region).List().Projects).Description);
        }
    }

    [Fact]
    public void Unique_names_quotas_and_update_times_hold_after_reopening()
    {
        using (ImmStore store = Open(options => options.ProjectQuota = 1))
        {
            store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a" });
        }

        using ImmStore reopened = Open(options => options.ProjectQuota = 1);
        ProjectRegistry registry = reopened.Registry("account", "region");
        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, Refused(() => registry.Create(new() { ProjectName = "a" })));
        Assert.Equal(ImmErrorCode.LimitExceededError, Refused(() => registry.Create(new() { ProjectName = "b" })));
        DateTimeOffset before = registry.Get("a").UpdateTime;
        Clock.AdjustTime(before.AddDays(-1));
        Assert.Equal(before.AddTicks(1), registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d" }).UpdateTime);
    }

    [Fact]
    public async Task DisposeAsync_keeps_every_acknowledged_change()
    {
        await using (ImmStore store = Open())
        {
            await store.Registry("account", "region").CreateAsync(new CreateProjectRequest { ProjectName = "a" });
        }

        await using ImmStore reopened = Open();
        Assert.True(reopened.Registry("account", "region").TryGet("a", out _));
    }

    [Fact]
    public void Rejects_an_empty_path()
    {
        Assert.Throws<ArgumentException>(() => ImmStore.Open(""));
        Assert.Throws<ArgumentException>(() => ImmStore.Open(" "));
        Assert.Throws<ArgumentNullException>(() => ImmStore.Open((string)null!));
        Assert.Throws<ArgumentNullException>(() => ImmStore.Open((ImmStoreOptions)null!));
        var error = Assert.Throws<OptionsValidationException>(() => Open(options => options.Path = ""));
        Assert.Contains("Path", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_enqueued_change_can_be_cancelled_and_is_then_never_made()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        using var cancellation = new CancellationTokenSource();
        GrowLog(registry);
        disk.BlockFlushes();
        Task<Project> leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leader" }));
        disk.AwaitBlockedFlush();

        Task<Project> cancelled = registry.CreateAsync(new CreateProjectRequest { ProjectName = "cancelled" }, cancellation.Token).AsTask();
        Task<Project> queued = registry.CreateAsync(new CreateProjectRequest { ProjectName = "queued" }).AsTask();
        Assert.False(cancelled.IsCompleted);
        await cancellation.CancelAsync();

        Assert.Equal(cancellation.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled)).CancellationToken);
        Assert.False(leader.IsCompleted || queued.IsCompleted);
        disk.ReleaseFlushes();
        await leader;
        await queued;
        Assert.Equal(["leader", "queued"], registry.List().Projects.Select(project => project.ProjectName.Value));
    }

    [Fact]
    public void A_synchronous_change_is_flushed_on_the_thread_of_its_caller()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);

        store.Registry("account", "region").Create(new() { ProjectName = "p" });

        Assert.Same(Thread.CurrentThread, disk.FlushThread);
    }

    [Fact]
    public void An_asynchronous_change_returns_before_its_flush_ends_and_is_flushed_on_the_commit_thread() =>
        Bounded.Run(() => "an asynchronous change", () =>
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        disk.BlockFlushes();

        // The queue is empty and the commit lock is free: a synchronous call would flush on this thread.
        Task<Project> create = registry.CreateAsync(new() { ProjectName = "p" }).AsTask();
        disk.AwaitBlockedFlush();

        Assert.False(create.IsCompleted);
        Assert.Equal("Imm.Core commit", disk.FlushThread?.Name);
        disk.ReleaseFlushes();
        create.Wait();
        Assert.True(registry.TryGet("p", out _));
    });

    [Fact]
    public void Asynchronous_changes_that_wait_for_a_flush_share_the_next_one() => Bounded.Run(() => "asynchronous changes", () =>
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(int.MaxValue);
        Task<Project> Begin(int number) => registry.CreateAsync(new CreateProjectRequest { ProjectName = $"p{number}" }).AsTask();

        disk.BlockFlushes();
        Task<Project> leader = Begin(0);
        disk.AwaitBlockedFlush();
        Task<Project>[] batch = [.. Enumerable.Range(1, 500).Select(Begin)];
        Assert.False(leader.IsCompleted);
        disk.ReleaseOneFlush();
        leader.Wait();
        disk.AwaitBlockedFlush();
        Assert.DoesNotContain(batch, task => task.IsCompleted);
        disk.ReleaseOneFlush();
        Task.WaitAll(batch);

        disk.ReleaseFlushes();
        Assert.Equal(501, registry.State.ProjectCount);
    });

    [Fact]
    public async Task A_change_of_a_batch_that_has_begun_completes_even_if_it_is_cancelled()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        using var cancellation = new CancellationTokenSource();
        GrowLog(registry);
        disk.BlockFlushes();
        Task<Project> leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leader" }));
        disk.AwaitBlockedFlush();
        Task<Project> late = registry.CreateAsync(new CreateProjectRequest { ProjectName = "late" }, cancellation.Token).AsTask();
        disk.ReleaseOneFlush();
        disk.AwaitBlockedFlush();

        await cancellation.CancelAsync();

        await leader;
        Assert.False(late.IsCompleted);
        disk.ReleaseFlushes();
        Assert.Equal("late", (await late).ProjectName.Value);
        Assert.True(registry.TryGet("late", out _));
    }

    [Fact]
    public async Task A_change_is_published_only_after_it_is_flushed()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "old" });
        string before = Shown.Content(registry);
        disk.BlockFlushes();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "new" }));
        disk.AwaitBlockedFlush();
        Task[] others =
        [
            registry.UpdateAsync(new UpdateProjectRequest { ProjectName = "old", Description = "new" }).AsTask(),
            registry.SetProjectQuotaAsync(7).AsTask(),
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "second" }).AsTask(),
        ];

        Assert.Equal(before, Shown.Content(registry));
        Assert.False(registry.TryGet("new", out _));
        disk.ReleaseOneFlush();
        disk.AwaitBlockedFlush();
        await leader;
        Assert.True(registry.TryGet("new", out _));
        Assert.False(registry.TryGet("second", out _));
        Assert.DoesNotContain(others, task => task.IsCompleted);
        disk.ReleaseFlushes();
        await Task.WhenAll(others);
        Assert.Equal(("new", 7, 3), (registry.Get("old").Description, registry.ProjectQuota, registry.List().Projects.Count));
    }

    [Fact]
    public async Task A_refusal_caused_by_a_change_of_the_same_batch_is_returned_only_after_the_flush()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        GrowLog(registry);
        disk.BlockFlushes();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leader" }));
        disk.AwaitBlockedFlush();
        Task<Project> first = registry.CreateAsync(new CreateProjectRequest { ProjectName = "same" }).AsTask();
        Task<Project> second = registry.CreateAsync(new CreateProjectRequest { ProjectName = "same" }).AsTask();
        disk.ReleaseOneFlush();
        disk.AwaitBlockedFlush();
        await leader;

        Assert.False(first.IsCompleted || second.IsCompleted);
        disk.ReleaseFlushes();
        await first;
        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, (await Assert.ThrowsAsync<ImmException>(() => second)).Code);
    }

    [Fact]
    public async Task Closing_waits_for_the_enqueued_changes()
    {
        using var disk = new GatedDisk(LocalDisk.Instance);
        ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        disk.BlockFlushes();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leader" }));
        disk.AwaitBlockedFlush();
        Task<Project> queued = registry.CreateAsync(new CreateProjectRequest { ProjectName = "queued" }).AsTask();
        ValueTask closing = store.DisposeAsync();

        Assert.False(closing.IsCompleted);
        disk.ReleaseFlushes();
        await leader;
        await queued;
        await closing;
        using ImmStore reopened = Open();
        Assert.Equal(
            ["leader", "queued"],
            reopened.Registry("account", "region").List().Projects.Select(project => project.ProjectName.Value));
    }

    [Fact]
    public async Task A_batch_that_fails_fails_for_all_its_callers_and_is_not_published()
    {
        var faults = new FaultyDisk(LocalDisk.Instance);
        using var disk = new GatedDisk(faults);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        GrowLog(registry);
        disk.BlockFlushes();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leader" }));
        disk.AwaitBlockedFlush();
        Task<Project>[] batch =
        [
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "a" }).AsTask(),
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "a" }).AsTask(),
        ];
        disk.ReleaseOneFlush();
        disk.AwaitBlockedFlush();
        faults.FailAt(1, FaultKinds.Flush);
        disk.ReleaseFlushes();
        await leader;
        foreach (Task<Project> task in batch)
        {
            var refusal = await Assert.ThrowsAsync<ImmException>(() => task);
            Assert.Equal((ImmErrorCode.ServiceUnavailable, 503), (refusal.Code, refusal.HttpStatus));
            Assert.IsAssignableFrom<IOException>(refusal.InnerException);
        }

        Assert.Equal("leader", Assert.Single(registry.List().Projects).ProjectName.Value);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Refused(() => registry.Delete("leader")));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Refused(() => registry.SetProjectQuota(1)));
        Assert.Equal(ImmStoreState.Failed, store.Status.State);
    }

    [Theory]
    [InlineData("1a")]
    [InlineData(null)]
    public void A_malformed_request_is_refused_as_malformed_even_if_the_projects_cannot_be_read(string? name)
    {
        using (ImmStore store = Open())
        {
            store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a" });
        }

        var faults = new FaultyDisk(LocalDisk.Instance);
        using ImmStore reopened = ImmStore.Open(new ImmStoreOptions { Path = _directory.File("projects.db") }, faults);
        ProjectRegistry registry = reopened.Registry("account", "region");
        faults.FailAt(1, FaultKinds.Read, fromThenOn: true);

        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.Create(new() { ProjectName = name })));
        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.Update(new() { ProjectName = name })));
        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.Delete(name!)));
        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.List(new() { MaxResults = -1 })));
        Assert.Equal(ImmErrorCode.InvalidArgument, Refused(() => registry.Get(name!)));
        Assert.False(registry.TryGet(name, out _));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Refused(() => registry.Get("a")));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Refused(() => registry.Create(new() { ProjectName = "b" })));
    }

    protected override ImmStore OpenStore(ImmStoreOptions options)
    {
        options.Path ??= _directory.File("projects.db");
        return ImmStore.Open(options);
    }

    protected override void Dispose(bool disposing)
    {
        _directory.Dispose();
        base.Dispose(disposing);
    }

    private static string Refused(Action call) => Assert.Throws<ImmException>(call).Code;

    /// <summary>Makes the write-ahead log grow now, so that each later batch is one flush.</summary>
    private static void GrowLog(ProjectRegistry registry) => registry.SetProjectQuota(registry.ProjectQuota);

    private ImmStore Open(GatedDisk disk) =>
        disk.Open(new ImmStoreOptions { Path = _directory.File("projects.db"), TimeProvider = Clock });
}
