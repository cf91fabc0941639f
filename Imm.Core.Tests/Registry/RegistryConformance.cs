using Imm.Core.Tests.Shared;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>The behaviour of every store, in memory and in a file.</summary>
public abstract partial class RegistryConformance : IDisposable
{
    /// <summary>The number of members that the test of a closed store covers. A new member must be added to the test.</summary>
    private const int MembersCoveredHere = 73;

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2021, 6, 29, 14, 50, 13, TimeSpan.FromHours(8)));

    protected FakeTimeProvider Clock => _clock;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    [StoreFact]
    public async Task Synchronous_and_asynchronous_members_do_the_same()
    {
        using ImmStore store = Open();
        ProjectRegistry sync = store.Registry("account", "sync");
        ProjectRegistry async = store.Registry("account", "async");
        var create = new CreateProjectRequest { ProjectName = "a", Description = "d", Tag = [new("k", "v")] };
        var update = new UpdateProjectRequest { ProjectName = "a", Description = "e", Tag = [] };
        var dataset = new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" };
        var change = new UpdateDatasetRequest { ProjectName = "a", DatasetName = "d", Description = "e" };
        var files = new FileChange("a", "d", 2, 20);

        sync.SetProjectQuota(1);
        await async.SetProjectQuotaAsync(1);
        Assert.Equal(sync.Create(create), await async.CreateAsync(create));
        Assert.Equal(sync.Update(update), await async.UpdateAsync(update));
        Assert.Equal(sync.CreateDataset(dataset), await async.CreateDatasetAsync(dataset));
        Assert.Equal(sync.UpdateDataset(change), await async.UpdateDatasetAsync(change));
        Assert.Equal(sync.CreateBinding("a", "d", "oss://b"), await async.CreateBindingAsync("a", "d", "oss://b"));
        Assert.Equal(sync.AddFiles("a", "d", 1, 10), await async.AddFilesAsync("a", "d", 1, 10));
        Assert.Equal(sync.AddFiles([files, files]), await async.AddFilesAsync([files, files]));
        Assert.Equal(Shown.Content(sync), Shown.Content(async));
        Assert.Equal((1, 5, 50), (sync.Get("a").DatasetCount, sync.Get("a").FileCount, sync.Get("a").TotalFileSize));
        Assert.Equal(sync.RemoveFiles("a", "d", 1, 10), await async.RemoveFilesAsync("a", "d", 1, 10));
        Assert.Equal(sync.RemoveFiles([files, files]), await async.RemoveFilesAsync([files, files]));
        sync.DeleteBinding("a", "d", "oss://b");
        await async.DeleteBindingAsync("a", "d", "oss://b");
        sync.DeleteDataset("a", "d");
        await async.DeleteDatasetAsync("a", "d");
        Assert.Equal(Shown.Content(sync), Shown.Content(async));
        sync.Delete("a");
        await async.DeleteAsync("a");

        Assert.Equal("quota 1", Shown.Content(sync));
        Assert.Equal("quota 1", Shown.Content(async));
    }

    [StoreFact]
    public void Create_returns_the_whole_project_and_reads_return_one_object()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        var request = new CreateProjectRequest
        {
            ProjectName = "photos",
            Description = "d",
            ServiceRole = "role",
            TemplateId = "Official:OSSBasicMeta",
            ProjectMaxDatasetCount = 1,
            DatasetMaxBindCount = 2,
            DatasetMaxFileCount = 3,
            DatasetMaxEntityCount = 4,
            DatasetMaxRelationCount = 5,
            DatasetMaxTotalFileSize = 6,
            Tag = [new("k", "v"), new("l")],
        };

        Project project = registry.Create(request);

        long ticks = Clock.GetUtcNow().UtcTicks;
        Assert.Equal(
            Shown.Fields("photos", "role", "Official:OSSBasicMeta", ticks, ticks, "d", 100, 100, 1, 2, 3, 4, 5, 6, 0, 0, 0, "k=v,l="),
            Shown.Of(project));
        Assert.Equal(project, registry.Get("photos"));
        project = registry.Get("photos");
        Assert.Same(project, registry.Get("photos"));
        Assert.Same(project, Assert.Single(registry.List().Projects));
        Assert.True(registry.TryGet("photos", out Project? found));
        Assert.Same(project, found);
        Assert.Equal(("account", "region"), (registry.AccountId, registry.RegionId));
    }

    [StoreFact]
    public void Names_differ_by_case_and_are_listed_in_ordinal_order()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        string[] names = ["abc", "Abc", "ABC", "_", "a-b", "a_b", "aB"];
        foreach (string name in names)
        {
            registry.Create(new CreateProjectRequest { ProjectName = name });
        }

        Assert.Equal(["ABC", "Abc", "_", "a-b", "aB", "a_b", "abc"], registry.List().Projects.Select(project => project.ProjectName.Value));
        registry.Delete("Abc");
        Assert.False(registry.TryGet("Abc", out _));
        Assert.True(registry.TryGet("abc", out _));
    }

    [StoreFact]
    public void Each_account_and_region_has_its_own_names_and_its_own_quota()
    {
        using ImmStore store = Open(options => options.ProjectQuota = 1);
        ProjectRegistry[] registries =
            [store.Registry("a", "one"), store.Registry("a", "two"), store.Registry("A", "one"), store.Registry("b", "one")];
        for (int i = 0; i < registries.Length; i++)
        {
            registries[i].Create(new CreateProjectRequest { ProjectName = "same", Description = $"{i}" });
        }

        registries[0].SetProjectQuota(2);
        registries[3].Delete("same");

        Assert.Equal(["0", "1", "2"], registries[..3].Select(registry => registry.Get("same").Description));
        Assert.False(registries[3].TryGet("same", out _));
        Assert.Equal([2, 1, 1, 1], registries.Select(registry => registry.ProjectQuota));
        Assert.Same(registries[0].Get("same"), store.Registry("a", "one").Get("same"));
    }

    [StoreFact]
    public void Deleting_a_project_frees_its_name_and_its_quota_at_once()
    {
        using ImmStore store = Open(options => options.ProjectQuota = 1);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a", Description = "first" });

        registry.Delete("a");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        registry.Delete("a");
        registry.Create(new CreateProjectRequest { ProjectName = "b" });

        Assert.Equal("b", Assert.Single(registry.List().Projects).ProjectName.Value);
    }

    [StoreFact]
    public void A_quota_below_the_number_of_projects_keeps_them_and_refuses_new_ones()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        for (int i = 0; i < 3; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i}" });
        }

        registry.SetProjectQuota(1);

        Assert.Equal(3, registry.List().Projects.Count);
        Assert.Equal(Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectName", 1, 3, 1), Create());
        registry.Update(new UpdateProjectRequest { ProjectName = "p0", Description = "still there" });
        registry.Delete("p0");
        registry.Delete("p1");
        Assert.Equal(Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectName", 1, 1, 1), Create());
        registry.SetProjectQuota(2);
        Assert.StartsWith("new|", Create(), StringComparison.Ordinal);

        string Create() => Shown.Outcome(() => registry.Create(new CreateProjectRequest { ProjectName = "new" }));
    }

    [StoreTheory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(int.MaxValue)]
    public async Task The_quota_is_any_int_from_0(int quota)
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        Assert.Equal(100, registry.ProjectQuota);

        registry.SetProjectQuota(quota);

        Assert.Equal(quota, registry.ProjectQuota);
        Assert.Throws<ArgumentOutOfRangeException>(() => registry.SetProjectQuota(-1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await registry.SetProjectQuotaAsync(int.MinValue));
        Assert.Equal(quota, registry.ProjectQuota);
        Assert.Equal(100, store.Registry("account", "other").ProjectQuota);
    }

    [StoreFact]
    public void The_default_quota_is_100_projects()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        for (int i = 0; i < 100; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i}" });
        }

        Assert.Equal(
            Shown.Refusal(ImmErrorCode.LimitExceededError, 400, "ProjectName", 1, 100, 100),
            Shown.Outcome(() => registry.Create(new CreateProjectRequest { ProjectName = "p100" })));
    }

    [StoreFact]
    public void Times_are_in_UTC_and_only_an_update_of_the_project_itself_changes_its_update_time()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        DateTimeOffset created = Clock.GetUtcNow();
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        Clock.Advance(TimeSpan.FromTicks(7));
        registry.Create(new CreateProjectRequest { ProjectName = "b" });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" });
        registry.CreateBinding("a", "d", "oss://b");
        registry.AddFiles("a", "d", 1, 1);

        Assert.Equal((created, created), (registry.Get("a").CreateTime, registry.Get("a").UpdateTime));
        Assert.Equal(created.AddTicks(7), registry.Get("b").CreateTime);
        Clock.Advance(TimeSpan.FromDays(1));
        registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "new" });
        Project updated = registry.Get("a");
        Assert.Equal((created, Clock.GetUtcNow(), TimeSpan.Zero), (updated.CreateTime, updated.UpdateTime, updated.UpdateTime.Offset));
        Clock.AdjustTime(created.AddDays(-1));
        DateTimeOffset before = registry.Get("a").UpdateTime;
        registry.Update(new UpdateProjectRequest { ProjectName = "a", Description = "new" });
        Assert.Equal((created, before.AddTicks(1)), (registry.Get("a").CreateTime, registry.Get("a").UpdateTime));
    }

    [StoreFact]
    public async Task A_null_request_throws_ArgumentNullException()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");

        Assert.Throws<ArgumentNullException>("request", () => registry.Create(null!));
        Assert.Throws<ArgumentNullException>("request", () => registry.Update(null!));
        Assert.Throws<ArgumentNullException>("request", () => registry.CreateDataset(null!));
        Assert.Throws<ArgumentNullException>("request", () => registry.UpdateDataset(null!));
        Assert.Throws<ArgumentNullException>("request", () => registry.ListDatasets(null!));
        Assert.Throws<ArgumentNullException>("changes", () => registry.AddFiles(null!));
        Assert.Throws<ArgumentNullException>("changes", () => registry.RemoveFiles(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("request", async () => await registry.CreateAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("request", async () => await registry.UpdateAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("request", async () => await registry.CreateDatasetAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("request", async () => await registry.UpdateDatasetAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("changes", async () => await registry.AddFilesAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>("changes", async () => await registry.RemoveFilesAsync(null!));
        Assert.Empty(registry.List(null).Projects);
    }

    [StoreTheory]
    [InlineData("", "region")]
    [InlineData("a:b", "region")]
    [InlineData("a/b", "region")]
    [InlineData("a b", "region")]
    [InlineData("\u00e4", "region")]
    [InlineData("account", "")]
    [InlineData("account", "Region")]
    [InlineData("account", "a_b")]
    [InlineData("account", "a:b")]
    [InlineData("account", "a/b")]
    public void Rejects_a_malformed_account_or_region(string accountId, string regionId)
    {
        using ImmStore store = Open();

        var error = Assert.Throws<ArgumentException>(() => store.Registry(accountId, regionId));

        Assert.Equal(accountId == "account" ? "regionId" : "accountId", error.ParamName);
    }

    [StoreFact]
    public void An_account_and_a_region_have_1_to_64_characters()
    {
        using ImmStore store = Open();
        (string longest, string tooLong) = (new string('a', 64), new string('a', 65));

        Assert.Equal((longest, "b"), (store.Registry(longest, "b").AccountId, store.Registry(longest, "b").RegionId));
        Assert.Equal(("_-Z9", longest), (store.Registry("_-Z9", longest).AccountId, store.Registry("_-Z9", longest).RegionId));
        Assert.Throws<ArgumentException>("accountId", () => store.Registry(tooLong, "b"));
        Assert.Throws<ArgumentException>("regionId", () => store.Registry("a", tooLong));
        Assert.Throws<ArgumentNullException>("accountId", () => store.Registry(null!, "b"));
        Assert.Throws<ArgumentNullException>("regionId", () => store.Registry("a", null!));
    }

    [StoreFact]
    public async Task A_call_whose_token_is_already_cancelled_changes_nothing()
    {
        using ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        registry.CreateDataset(new CreateDatasetRequest { ProjectName = "a", DatasetName = "d" });
        string before = Shown.Content(registry);
        var cancelled = new CancellationToken(canceled: true);
        Func<Task>[] calls =
        [
            async () => await registry.CreateAsync(new() { ProjectName = "b" }, cancelled),
            async () => await registry.GetOrCreateAsync(new() { ProjectName = "b" }, cancelled),
            async () => await registry.TryCreateAsync(new() { ProjectName = "b" }, cancelled),
            async () => await registry.GetOrCreateDatasetAsync(new() { ProjectName = "a", DatasetName = "e" }, cancelled),
            async () => await registry.TryCreateDatasetAsync(new() { ProjectName = "a", DatasetName = "e" }, cancelled),
            async () => await registry.UpdateAsync(new() { ProjectName = "a", Description = "new" }, cancelled),
            async () => await registry.DeleteAsync("a", cancelled),
            async () => await registry.SetProjectQuotaAsync(7, cancelled),
            async () => await registry.CreateDatasetAsync(new() { ProjectName = "a", DatasetName = "e" }, cancelled),
            async () => await registry.UpdateDatasetAsync(new() { ProjectName = "a", DatasetName = "d", Description = "new" }, cancelled),
            async () => await registry.DeleteDatasetAsync("a", "d", cancelled),
            async () => await registry.CreateBindingAsync("a", "d", "oss://b", cancelled),
            async () => await registry.DeleteBindingAsync("a", "d", "oss://b", cancelled),
            async () => await registry.AddFilesAsync("a", "d", 1, 1, cancelled),
            async () => await registry.AddFilesAsync([new("a", "d", 1, 1)], cancelled),
            async () => await registry.RemoveFilesAsync("a", "d", 0, 0, cancelled),
            async () => await registry.RemoveFilesAsync([new("a", "d", 0, 0)], cancelled),
        ];
        foreach (Func<Task> call in calls)
        {
            Assert.Equal(cancelled, (await Assert.ThrowsAnyAsync<OperationCanceledException>(call)).CancellationToken);
        }

        Assert.Equal(before, Shown.Content(registry));
    }

    [StoreFact]
    public async Task Every_member_throws_once_the_store_is_closed_and_closing_again_does_nothing()
    {
        ImmStore store = Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "a" });
        store.Dispose();
        store.Dispose();
        await store.DisposeAsync();

        Action[] calls =
        [
            () => store.Registry("account", "region"),
            () => store.Check(),
            () => _ = registry.ProjectQuota,
            () => registry.Get("a"),
            () => registry.Get(null!),
            () => registry.TryGet("a", out _),
            () => registry.TryGet(null, out _),
            () => registry.List(),
            () => registry.List(new() { MaxResults = -1 }),
            () => registry.Create(new() { ProjectName = "b" }),
            () => registry.Create(new()),
            () => registry.GetOrCreate(new() { ProjectName = "a" }),
            () => registry.TryCreate(new() { ProjectName = "a" }, out _, out _),
            () => registry.GetOrCreateDataset(new() { ProjectName = "a", DatasetName = "d" }),
            () => registry.TryCreateDataset(new() { ProjectName = "a", DatasetName = "d" }, out _, out _),
            () => registry.Update(new() { ProjectName = "a", Description = "d" }),
            () => registry.Update(new()),
            () => registry.Delete("a"),
            () => registry.Delete(null!),
            () => registry.Delete("a", 1),
            () => registry.Watch(0),
            () => registry.SetProjectQuota(1),
            () => registry.CreateDataset(new() { ProjectName = "a", DatasetName = "d" }),
            () => registry.GetDataset("a", "d"),
            () => registry.UpdateDataset(new() { ProjectName = "a", DatasetName = "d", Description = "e" }),
            () => registry.DeleteDataset("a", "d"),
            () => registry.DeleteDataset("a", "d", 1),
            () => registry.ListDatasets(new() { ProjectName = "a" }),
            () => registry.CreateBinding("a", "d", "oss://b"),
            () => registry.GetBinding("a", "d", "oss://b"),
            () => registry.ListBindings("a", "d"),
            () => registry.ListBindings(new() { ProjectName = "a", DatasetName = "d" }),
            () => registry.DeleteBinding("a", "d", "oss://b"),
            () => registry.AttachOssBucket(new() { ProjectName = "a", OssBucket = "b" }),
            () => registry.DetachOssBucket("b"),
            () => registry.GetOssBucketAttachment("b"),
            () => registry.TryGetDataset("a", "d", out _),
            () => registry.TryGetDataset("a b", null, out _),
            () => registry.ListAttachedOssBuckets(new() { ProjectName = "a" }),
            () => registry.ListRegions(),
            () => registry.AddFiles("a", "d", 1, 1),
            () => registry.AddFiles([]),
            () => registry.RemoveFiles("a", "d", 1, 1),
            () => registry.RemoveFiles([]),
        ];
        Func<Task>[] asyncCalls =
        [
            async () => await store.BackupAsync("anywhere"),
            async () => await registry.CreateAsync(new() { ProjectName = "b" }),
            async () => await registry.GetOrCreateAsync(new() { ProjectName = "a" }),
            async () => await registry.TryCreateAsync(new() { ProjectName = "a" }),
            async () => await registry.GetOrCreateDatasetAsync(new() { ProjectName = "a", DatasetName = "d" }),
            async () => await registry.TryCreateDatasetAsync(new() { ProjectName = "a", DatasetName = "d" }),
            async () => await registry.UpdateAsync(new() { ProjectName = "a", Description = "d" }),
            async () => await registry.DeleteAsync("a"),
            async () => await registry.DeleteAsync("a", 1),
            async () => await registry.SetProjectQuotaAsync(1),
            async () => await registry.CreateDatasetAsync(new() { ProjectName = "a", DatasetName = "d" }),
            async () => await registry.UpdateDatasetAsync(new() { ProjectName = "a", DatasetName = "d", Description = "e" }),
            async () => await registry.DeleteDatasetAsync("a", "d"),
            async () => await registry.DeleteDatasetAsync("a", "d", 1),
            async () => await registry.CreateBindingAsync("a", "d", "oss://b"),
            async () => await registry.DeleteBindingAsync("a", "d", "oss://b"),
            async () => await registry.AttachOssBucketAsync(new() { ProjectName = "a", OssBucket = "b" }),
            async () => await registry.DetachOssBucketAsync("b"),
            async () => await registry.GetOssBucketAttachmentAsync("b"),
            async () => await registry.ListAttachedOssBucketsAsync(new() { ProjectName = "a" }),
            async () => await registry.FindDatasetAsync("a", "d"),
            async () => await registry.FindDatasetAsync("a b", null),
            async () => await registry.AddFilesAsync("a", "d", 1, 1),
            async () => await registry.AddFilesAsync([]),
            async () => await registry.RemoveFilesAsync("a", "d", 1, 1),
            async () => await registry.RemoveFilesAsync([]),
        ];
        foreach (Action call in calls)
        {
            Assert.Throws<ObjectDisposedException>(call);
        }

        foreach (Func<Task> call in asyncCalls)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(call);
        }

        // Members that need no open store still answer.
        Assert.Equal(("account", "region", ImmStoreState.Closed), (registry.AccountId, registry.RegionId, store.Status.State));
        Assert.Equal(
            MembersCoveredHere,
            typeof(ProjectRegistry).GetMethods().Count(method => method.DeclaringType == typeof(ProjectRegistry)));
    }

    [StoreFact]
    public void Options_out_of_range_are_refused_and_all_of_them_are_named()
    {
        var error = Assert.Throws<OptionsValidationException>(() => Open(options =>
        {
            options.ProjectQuota = -1;
            options.TimeProvider = null!;
        }));

        Assert.Equal(2, error.Failures.Count());
        Assert.Contains("ProjectQuota", error.Message, StringComparison.Ordinal);
        Assert.Contains("TimeProvider", error.Message, StringComparison.Ordinal);
    }

    [StoreFact]
    public void An_exception_of_the_authorizer_reaches_the_caller()
    {
        using ImmStore store = Open(options => options.Authorizer = new FailingAuthorizer());
        ProjectRegistry registry = store.Registry("account", "region");

        Assert.Throws<NotSupportedException>(() => registry.Create(new CreateProjectRequest { ProjectName = "a" }));
        Assert.Throws<NotSupportedException>(() => registry.Get("a"));
    }

    /// <summary>Opens the store of the test. A store in a file is the same each time.</summary>
    protected ImmStore Open(Action<ImmStoreOptions>? adjust = null)
    {
        var options = new ImmStoreOptions { TimeProvider = _clock };
        adjust?.Invoke(options);
        return OpenStore(options);
    }

    protected abstract ImmStore OpenStore(ImmStoreOptions options);

    protected virtual void Dispose(bool disposing)
    {
    }

    private sealed class FailingAuthorizer : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => throw new NotSupportedException("The authorizer failed.");
    }
}
