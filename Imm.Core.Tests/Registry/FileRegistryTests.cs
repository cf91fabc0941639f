using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
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
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "full", DatasetName = "d", Description = "e", TemplateId = "t", DatasetMaxBindCount = 1 });
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
    public void Texts_of_every_sort_survive_reopening(string text)
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
    public void A_quota_that_was_set_stays_and_one_that_was_never_set_follows_the_option_at_each_open()
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
    public void Rules_hold_over_reopening()
    {
        using (ImmStore store = Open(options => options.ProjectQuota = 1))
        {
            store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a" });
        }

        using ImmStore reopened = Open(options => options.ProjectQuota = 1);
        ProjectRegistry registry = reopened.Registry("account", "region");
        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, Assert.Throws<ImmException>(() => registry.Create(new CreateProjectRequest { ProjectName = "a" })).Code);
        Assert.Equal(ImmErrorCode.LimitExceededError, Assert.Throws<ImmException>(() => registry.Create(new CreateProjectRequest { ProjectName = "b" })).Code);
        DateTimeOffset before = registry.Get("a").UpdateTime;
        Clock.AdjustTime(before.AddDays(-1));
        Assert.Equal(before.AddTicks(1), registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "d" }).UpdateTime);
    }

    [Fact]
    public async Task Disposing_asynchronously_keeps_everything_too()
    {
        await using (ImmStore store = Open())
        {
            await store.Registry("account", "region").CreateAsync(new CreateProjectRequest { ProjectName = "a" });
        }

        await using ImmStore reopened = Open();
        Assert.True(reopened.Registry("account", "region").TryGet("a", out _));
    }

    [Fact]
    public void An_empty_path_is_no_file()
    {
        Assert.Throws<ArgumentException>(() => ImmStore.Open(""));
        Assert.Throws<ArgumentException>(() => ImmStore.Open(" "));
        Assert.Throws<ArgumentNullException>(() => ImmStore.Open((string)null!));
        Assert.Throws<ArgumentNullException>(() => ImmStore.Open((ImmStoreOptions)null!));
        Assert.Contains("Path", Assert.Throws<Microsoft.Extensions.Options.OptionsValidationException>(() => Open(options => options.Path = "")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_change_that_waits_for_its_turn_can_be_withdrawn_and_then_never_happens()
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        using var withdrawal = new CancellationTokenSource();
        MakeRoom(registry);
        disk.Hold();
        Task<Project> leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leads" }));
        disk.AwaitFlush();

        Task<Project> withdrawn = registry.CreateAsync(new CreateProjectRequest { ProjectName = "withdrawn" }, withdrawal.Token).AsTask();
        Task<Project> waits = registry.CreateAsync(new CreateProjectRequest { ProjectName = "waits" }).AsTask();
        Assert.False(withdrawn.IsCompleted);
        await withdrawal.CancelAsync();

        Assert.Equal(withdrawal.Token, (await Assert.ThrowsAnyAsync<OperationCanceledException>(() => withdrawn)).CancellationToken);
        Assert.False(leader.IsCompleted || waits.IsCompleted);
        disk.LetGo();
        await leader;
        await waits;
        Assert.Equal(["leads", "waits"], registry.List().Projects.Select(project => project.ProjectName.Value));
    }

    [Fact]
    public void Changes_that_one_thread_begins_without_waiting_share_a_flush() => Bounded.Run(() => "a thread that only begins changes", () =>
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.SetProjectQuota(int.MaxValue);
        Task<Project> Begin(int number) => registry.CreateAsync(new CreateProjectRequest { ProjectName = $"p{number}" }).AsTask();

        // The thread is known by now not to wait when it begins the second time.
        disk.Hold();
        for (int first = 0; first < 1002; first += 501)
        {
            // Were this thread to flush, it would not come back.
            Task<Project> handedOver = Begin(first);
            disk.AwaitFlush();
            Task<Project>[] together = [.. Enumerable.Range(first + 1, 500).Select(Begin)];
            Assert.False(handedOver.IsCompleted);
            disk.LetOneGo();
            handedOver.Wait();
            disk.AwaitFlush();
            Assert.DoesNotContain(together, task => task.IsCompleted);
            disk.LetOneGo();
            Task.WaitAll(together);
        }

        disk.LetGo();
        Assert.Equal(1002, registry.State.ProjectCount);
    });

    [Fact]
    public async Task A_change_whose_turn_has_come_is_reported_whatever_the_token_says()
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        using var withdrawal = new CancellationTokenSource();
        MakeRoom(registry);
        disk.Hold();
        Task<Project> leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leads" }));
        disk.AwaitFlush();
        Task<Project> late = registry.CreateAsync(new CreateProjectRequest { ProjectName = "late" }, withdrawal.Token).AsTask();
        disk.LetOneGo();
        disk.AwaitFlush();

        await withdrawal.CancelAsync();

        await leader;
        Assert.False(late.IsCompleted);
        disk.LetGo();
        Assert.Equal("late", (await late).ProjectName.Value);
        Assert.True(registry.TryGet("late", out _));
    }

    [Fact]
    public async Task Nobody_sees_a_change_before_it_is_on_the_disk()
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "old" });
        string before = Shown.Content(registry);
        disk.Hold();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "new" }));
        disk.AwaitFlush();
        Task[] others =
        [
            registry.UpdateAsync(new UpdateProjectRequest { ProjectName = "old", Description = "new" }).AsTask(),
            registry.SetProjectQuotaAsync(7).AsTask(),
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "second" }).AsTask(),
        ];

        Assert.Equal(before, Shown.Content(registry));
        Assert.False(registry.TryGet("new", out _));
        disk.LetOneGo();
        disk.AwaitFlush();
        await leader;
        Assert.True(registry.TryGet("new", out _));
        Assert.False(registry.TryGet("second", out _));
        Assert.DoesNotContain(others, task => task.IsCompleted);
        disk.LetGo();
        await Task.WhenAll(others);
        Assert.Equal(("new", 7, 3), (registry.Get("old").Description, registry.ProjectQuota, registry.List().Projects.Count));
    }

    [Fact]
    public async Task A_refusal_that_rests_on_a_change_of_the_same_batch_is_told_when_that_is_safe()
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        MakeRoom(registry);
        disk.Hold();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leads" }));
        disk.AwaitFlush();
        Task<Project> first = registry.CreateAsync(new CreateProjectRequest { ProjectName = "same" }).AsTask();
        Task<Project> second = registry.CreateAsync(new CreateProjectRequest { ProjectName = "same" }).AsTask();
        disk.LetOneGo();
        disk.AwaitFlush();
        await leader;

        Assert.False(first.IsCompleted || second.IsCompleted);
        disk.LetGo();
        await first;
        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, (await Assert.ThrowsAsync<ImmException>(() => second)).Code);
    }

    [Fact]
    public async Task Closing_waits_for_the_changes_under_way()
    {
        using var disk = new HeldDisk(LocalDisk.Instance);
        ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        disk.Hold();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leads" }));
        disk.AwaitFlush();
        Task<Project> waits = registry.CreateAsync(new CreateProjectRequest { ProjectName = "waits" }).AsTask();
        ValueTask closing = store.DisposeAsync();

        Assert.False(closing.IsCompleted);
        disk.LetGo();
        await leader;
        await waits;
        await closing;
        using ImmStore reopened = Open();
        Assert.Equal(["leads", "waits"], reopened.Registry("account", "region").List().Projects.Select(project => project.ProjectName.Value));
    }

    [Fact]
    public async Task A_batch_that_fails_fails_for_all_its_callers_and_none_of_it_is_seen()
    {
        var faults = new FaultyDisk(LocalDisk.Instance);
        using var disk = new HeldDisk(faults);
        using ImmStore store = Open(disk);
        ProjectRegistry registry = store.Registry("account", "region");
        MakeRoom(registry);
        disk.Hold();
        Task leader = Task.Run(() => registry.Create(new CreateProjectRequest { ProjectName = "leads" }));
        disk.AwaitFlush();
        Task<Project>[] batch =
        [
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "a" }).AsTask(),
            registry.CreateAsync(new CreateProjectRequest { ProjectName = "a" }).AsTask(),
        ];
        disk.LetOneGo();
        disk.AwaitFlush();
        faults.FailAt(1, FaultKinds.Flush);
        disk.LetGo();
        await leader;
        foreach (Task<Project> task in batch)
        {
            var refusal = await Assert.ThrowsAsync<ImmException>(() => task);
            Assert.Equal((ImmErrorCode.ServiceUnavailable, 503), (refusal.Code, refusal.HttpStatus));
            Assert.IsAssignableFrom<IOException>(refusal.InnerException);
        }

        Assert.Equal("leads", Assert.Single(registry.List().Projects).ProjectName.Value);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => registry.Delete("leads")).Code);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => registry.SetProjectQuota(1)).Code);
        Assert.Equal(ImmStoreState.Failed, store.Status.State);
    }

    [Theory]
    [InlineData("1a")]
    [InlineData(null)]
    public void A_malformed_request_is_refused_as_such_where_the_projects_cannot_be_read(string? name)
    {
        using (ImmStore store = Open())
        {
            store.Registry("account", "region").Create(new CreateProjectRequest { ProjectName = "a" });
        }

        var faults = new FaultyDisk(LocalDisk.Instance);
        using ImmStore reopened = Open(faults);
        ProjectRegistry registry = reopened.Registry("account", "region");
        faults.FailAt(1, FaultKinds.Read, fromThenOn: true);

        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => registry.Create(new CreateProjectRequest { ProjectName = name })).Code);
        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => registry.Update(new UpdateProjectRequest { ProjectName = name })).Code);
        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => registry.Delete(name!)).Code);
        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => registry.List(new ListProjectsRequest { MaxResults = -1 })).Code);
        Assert.Equal(ImmErrorCode.InvalidArgument, Assert.Throws<ImmException>(() => registry.Get(name!)).Code);
        Assert.False(registry.TryGet(name, out _));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => registry.Get("a")).Code);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => registry.Create(new CreateProjectRequest { ProjectName = "b" })).Code);
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

    /// <summary>Has the log grow now: after that a batch is one flush.</summary>
    private static void MakeRoom(ProjectRegistry registry) => registry.SetProjectQuota(registry.ProjectQuota);

    private ImmStore Open(Disk disk) => ImmStore.Open(new ImmStoreOptions { Path = _directory.File("projects.db"), TimeProvider = Clock }, disk);
}
