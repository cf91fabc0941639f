using System.Collections.Concurrent;
using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Storage;
using Imm.Core.Telemetry;
using Imm.Core.Testing;
using Imm.Core.Tests.Storage;
using Xunit;
using Change = Imm.Core.Model.Change;

namespace Imm.Core.Tests.Registry;

/// <summary>The accounts and regions that a store keeps in memory.</summary>
public sealed class ScopeTableTests
{
    private const string Path = "/store";

    private readonly SimulatedDisk _disk = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Calls_that_only_read_or_are_refused_add_no_scope(bool inFile)
    {
        ImmStoreOptions options = new() { Path = inFile ? Path : null, Authorizer = new DeniesUpdate(), ProjectQuota = 0 };
        using ImmStore store = inFile ? ImmStore.Open(options, _disk) : ImmStore.InMemory(options);
        var api = new ImmApi(store);
        (string Action, string Name, string Code)[] calls =
        [
            ("GetProject", "photos", "ResourceNotFound"),
            ("GetProject", "1st", "InvalidArgument"),
            ("ListProjects", "", "\"Projects\":[]"),
            ("CreateProject", "photos", "LimitExceededError"),
            ("CreateProject", "1st", "InvalidArgument"),
            ("UpdateProject", "photos", "NoPermission"),
            ("DeleteProject", "photos", "ResourceNotFound"),
            ("DeleteBinding", "photos", "InvalidArgument"),
            ("ListDatasets", "photos", "ResourceNotFound"),
        ];

        for (int i = 0; i < 9000; i++)
        {
            (string action, string name, string code) = calls[i % calls.Length];
            string account = i.ToString(CultureInfo.InvariantCulture);
            ImmApiResponse answer = await api.InvokeAsync(account, "r", action, [new("ProjectName", name), new("Description", "d")]);
            Assert.Contains(code, answer.Json, StringComparison.Ordinal);
            Assert.False(store.Registry(account, "r").TryGet("photos", out _));
        }

        Assert.Equal(0, store.ScopeCount);
    }

    [Fact]
    public void A_change_that_fails_in_its_batch_adds_no_scope()
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path, TimeProvider = new ThrowingClock() }, _disk);

        Assert.Throws<TimeZoneNotFoundException>(() => store.Registry("a", "r").Create(new() { ProjectName = "p" }));

        Assert.Equal(0, store.ScopeCount);
        Assert.Empty(store.Registry("a", "r").List().Projects);
    }

    [Fact]
    public void An_account_in_memory_that_has_become_empty_keeps_its_revision()
    {
        using ImmStore store = ImmStore.InMemory();
        ProjectRegistry one = store.Registry("a", "r");
        ProjectRegistry other = store.Registry("a", "r");
        for (int i = 0; i < 3; i++)
        {
            one.Create(new() { ProjectName = "p" });
            Assert.Equal("p", other.Get("p").ProjectName.Value);
            Assert.Equal(((2 * i) + 1, 1), (other.Get("p").Revision, store.ScopeCount));
            other.Delete("p");
            Assert.False(one.TryGet("p", out _));
            Assert.Equal((2 * (i + 1), 1), (one.List().Revision, store.ScopeCount));
        }

        one.SetProjectQuota(7);
        Assert.Equal((7, 1), (other.ProjectQuota, store.ScopeCount));
    }

    [Fact]
    public void An_account_of_a_snapshot_that_was_emptied_stays_empty_until_it_is_restored()
    {
        using var fixture = new ImmFixture();
        fixture.Seed.Project("p");
        ImmSnapshot snapshot = fixture.Snapshot();
        using var copy = new ImmFixture(snapshot);
        copy.Registry.Delete("p");

        Assert.False(copy.Registry.TryGet("p", out _));
        Assert.Equal(0, copy.Snapshot().ProjectCount);

        copy.Store.Registry("other", "r").Create(new() { ProjectName = "q" });
        copy.Restore(snapshot);
        Assert.True(copy.Registry.TryGet("p", out _));
        Assert.False(copy.Store.Registry("other", "r").TryGet("q", out _));
        Assert.Equal(1, copy.Store.ScopeCount);
    }

    [Fact]
    public void Above_the_limit_the_least_recently_used_accounts_are_dropped()
    {
        Fill(accounts: 4, projects: 10);
        using ImmStore store = Open(maxLoadedProjects: 30);
        ProjectRegistry[] accounts = [.. Enumerable.Range(0, 4).Select(i => Account(store, i))];
        Project kept = accounts[0].Get("p0");
        accounts[1].Get("p0");
        accounts[2].Get("p0");
        accounts[0].Get("p1");
        Assert.Equal(30, LoadedProjects(store));

        accounts[3].Get("p0");

        Assert.Equal(20, LoadedProjects(store));
        Assert.Same(kept, accounts[0].Get("p0"));
        accounts[3].Get("p1");
        Assert.Equal(20, LoadedProjects(store));
        accounts[1].Get("p0");
        Assert.Equal(20 + 10, LoadedProjects(store));
    }

    [Fact]
    public void An_account_that_is_not_in_the_data_file_yet_is_not_dropped()
    {
        using ImmStore store = Open(maxLoadedProjects: 2);
        for (int i = 0; i < 10; i++)
        {
            Account(store, i).Create(new() { ProjectName = "p" });
        }

        Assert.Equal(10, LoadedProjects(store));
        store.Checkpoint();

        Account(store, 10).Create(new() { ProjectName = "p" });

        Assert.InRange(LoadedProjects(store), 1, 2);
        Assert.All(Enumerable.Range(0, 11), i => Assert.Equal("p", Account(store, i).Get("p").ProjectName.Value));
    }

    [Fact]
    public void A_create_does_not_cost_more_the_more_accounts_there_are_of_which_none_can_be_dropped()
    {
        // No checkpoint brings them into the data file. What an attempt to drop some looks at is what it allocates.
        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { Path = Path, MaxLoadedProjects = 1, Durability = Durability.Relaxed }, _disk);

        long first = Create(0);
        Create(1000);
        Create(2000);
        long last = Create(3000);

        Assert.Equal(4000, LoadedProjects(store));
        Assert.InRange(last, 0, 3 * first);

        long Create(int begin)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = begin; i < begin + 1000; i++)
            {
                Account(store, i).Create(new() { ProjectName = "p" });
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public void A_store_that_has_failed_drops_nothing_because_it_cannot_load_it_again()
    {
        Fill(accounts: 3, projects: 1);
        var disk = new FaultyDisk(_disk);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path, MaxLoadedProjects = 1 }, disk);
        Account(store, 0).Get("p0");
        disk.FailAt(1, FaultKinds.Flush, FaultMode.Error, fromThenOn: true);
        Assert.Throws<ImmException>(() => Account(store, 0).Create(new() { ProjectName = "q" }));
        Assert.Throws<ImmException>(() => Account(store, 1).Get("p0"));

        Assert.Equal("p0", Account(store, 0).Get("p0").ProjectName.Value);
        Assert.Equal(1, LoadedProjects(store));
    }

    [Fact]
    public void The_account_in_use_is_never_dropped_whatever_its_size()
    {
        Fill(accounts: 1, projects: 10);
        using ImmStore store = Open(maxLoadedProjects: 1);

        Project project = Account(store, 0).Get("p0");

        Assert.Equal(10, LoadedProjects(store));
        Assert.Same(project, Account(store, 0).Get("p0"));
    }

    [Fact]
    public void A_dropped_account_is_loaded_again_with_its_last_quota()
    {
        using ImmStore store = Open(maxLoadedProjects: 1);
        ProjectRegistry registry = Account(store, 0);
        registry.Create(new() { ProjectName = "p" });
        registry.SetProjectQuota(3);
        Account(store, 1).Create(new() { ProjectName = "p" });
        store.Checkpoint();
        Account(store, 2).Create(new() { ProjectName = "p" });
        Assert.Equal(1, LoadedProjects(store));

        Assert.Equal(3, registry.ProjectQuota);
        Assert.Equal(100, Account(store, 1).ProjectQuota);
        registry.Create(new() { ProjectName = "q" });
        Assert.Equal(2, registry.List().Projects.Count);
    }

    [Theory]
    [InlineData(Durability.Durable)]
    [InlineData(Durability.Relaxed)]
    public void A_store_that_drops_accounts_gives_the_same_answers_as_one_that_drops_none(Durability durability)
    {
        var random = new Random(7);
        var expected = new Dictionary<(int Account, string Name), Project>();
        ImmStore store = Open(maxLoadedProjects: 8, durability);
        ProjectRegistry[] accounts = [.. Enumerable.Range(0, 12).Select(i => Account(store, i))];
        for (int step = 0; step < 4000; step++)
        {
            int account = random.Next(accounts.Length);
            string name = $"p{random.Next(4)}";
            bool exists = expected.ContainsKey((account, name));
            switch (random.Next(6))
            {
                case 0 when !exists:
                    expected[(account, name)] = accounts[account].Create(new() { ProjectName = name, Description = $"{step}" });
                    break;
                case 1 when exists:
                    expected[(account, name)] = accounts[account].Update(new() { ProjectName = name, Description = $"{step}" });
                    break;
                case 2 when exists:
                    accounts[account].Delete(name);
                    expected.Remove((account, name));
                    break;
                case 3:
                    Assert.Equal(
                        expected.Where(entry => entry.Key.Account == account)
                            .Select(entry => entry.Value)
                            .OrderBy(project => project.ProjectName.Value, StringComparer.Ordinal),
                        accounts[account].List().Projects);
                    break;
                default:
                    accounts[account].TryGet(name, out Project? found);
                    Assert.Equal(expected.GetValueOrDefault((account, name)), found);
                    break;
            }

            if (step % 1000 == 999)
            {
                store.Checkpoint();
                store.Dispose();
                store = Open(maxLoadedProjects: 8, durability);
                accounts = [.. Enumerable.Range(0, 12).Select(i => Account(store, i))];
            }
        }

        store.Dispose();
    }

    [Fact]
    public async Task While_accounts_are_loaded_and_dropped_every_change_is_visible_and_names_stay_unique()
    {
        const int Accounts = 12;
        const int Rounds = 400;
        using ImmStore store = Open(maxLoadedProjects: 6);
        var created = new ConcurrentDictionary<(int Account, string Name), int>();

        await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Factory.StartNew(
            () =>
            {
                var random = new Random(writer);
                ProjectRegistry[] accounts = [.. Enumerable.Range(0, Accounts).Select(i => Account(store, i))];
                for (int round = 0; round < Rounds; round++)
                {
                    int account = random.Next(Accounts);
                    string shared = $"shared{round % 40}";
                    string own = $"own{writer}";
                    try
                    {
                        accounts[account].Create(new() { ProjectName = shared });
                        created.AddOrUpdate((account, shared), 1, (_, times) => times + 1);
                    }
                    catch (ImmException e) when (e.Code == ImmErrorCode.ResourceAlreadyExists)
                    {
                    }

                    Assert.True(accounts[account].TryGet(shared, out _));
                    if (!accounts[account].TryGet(own, out _))
                    {
                        accounts[account].Create(new() { ProjectName = own });
                    }

                    Assert.Equal($"{round}", accounts[account].Update(new() { ProjectName = own, Description = $"{round}" }).Description);
                    Assert.Equal($"{round}", accounts[account].Get(own).Description);
                    accounts[random.Next(Accounts)].List();
                }
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));

        Assert.All(created, entry => Assert.Equal(1, entry.Value));
        store.Checkpoint();
        Assert.All(
            Enumerable.Range(0, Accounts),
            account => Assert.Equal(
                created.Keys.Where(key => key.Account == account).Select(key => key.Name).Order(StringComparer.Ordinal),
                Account(store, account).List(new() { Prefix = "shared" }).Projects.Select(project => project.ProjectName.Value)));
    }

    [Fact]
    public void An_account_above_the_last_number_is_refused_and_the_others_still_work()
    {
        Append(RecordKey.MaxScope, ScopeOf("last"), new Change(ChangeKind.Scope, 0, ScopeOf("last")));
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);

        ImmException refused = Assert.Throws<ImmException>(() => store.Registry("beyond", "r").Create(new() { ProjectName = "p" }));

        Assert.Equal(ImmErrorCode.LimitExceededError, refused.Code);
        Assert.Equal((1, RecordKey.MaxScope, RecordKey.MaxScope), (refused.Requested, refused.Used, refused.Limit));
        Assert.Equal(ImmStoreState.Open, store.Status.State);
        store.Registry("last", "r").Create(new() { ProjectName = "p" });
        Assert.Equal(1, store.ScopeCount);
        store.Checkpoint();
    }

    [Fact]
    public void A_project_or_dataset_above_the_last_number_of_its_account_is_refused_and_the_others_still_work()
    {
        ScopeState scope = ScopeOf("a");
        using ImmStore origin = ImmStore.InMemory();
        Project project = origin.Registry("a", "r").Create(new() { ProjectName = "p" });
        project = project with { Number = ScopeState.MaxNumber };
        Append(1, scope, new Change(ChangeKind.Scope, 0, scope), new Change(ChangeKind.Project, project.Number, project));
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        ProjectRegistry registry = store.Registry("a", "r");

        Assert.Equal(ImmErrorCode.LimitExceededError, Code(() => registry.Create(new() { ProjectName = "q" })));
        Assert.Equal(ImmErrorCode.ResourceAlreadyExists, Code(() => registry.Create(new() { ProjectName = "p" })));
        Assert.Equal(ImmErrorCode.LimitExceededError, Code(() => registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" })));

        Assert.Equal("d", registry.Update(new() { ProjectName = "p", Description = "d" }).Description);
        store.Registry("b", "r").Create(new() { ProjectName = "q" });
        store.Checkpoint();

        static string Code(Func<object> refused) => Assert.Throws<ImmException>(refused).Code;
    }

    private static ProjectRegistry Account(ImmStore store, int i) => store.Registry($"account{i}", "r");

    private static ScopeState ScopeOf(string account) => ScopeState.Empty(new Scope(account, "r"), new ServiceDefaults(100, 100, 100));

    private ImmStore Open(long maxLoadedProjects, Durability durability = Durability.Durable) => ImmStore.Open(
        new ImmStoreOptions { Path = Path, MaxLoadedProjects = maxLoadedProjects, Durability = durability },
        _disk,
        settings => settings with { CheckpointLength = 12 << 10, MaxLogLength = 24 << 10 });

    private void Fill(int accounts, int projects)
    {
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        for (int i = 0; i < accounts * projects; i++)
        {
            Account(store, i / projects).Create(new() { ProjectName = $"p{i % projects}" });
        }
    }

    /// <summary>Stores changes under the last numbers, which no test reaches by creating that many.</summary>
    private void Append(int scopeId, ScopeState scope, params Change[] changes)
    {
        var settings = new FileStoreSettings(scope.Defaults);
        using FileStore file = FileStore.Open(_disk, Path, settings);
        file.BeginBatch();
        foreach (Change change in changes)
        {
            file.Add(scopeId, change);
        }

        Assert.Equal(1, file.Append());
    }

    private static long LoadedProjects(IMeasuredStore store) => store.LoadedProjects;

    private sealed class DeniesUpdate : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) =>
            request.Action == "imm:UpdateProject" ? AuthorizationDecision.Deny() : AuthorizationDecision.Allow;
    }

    /// <summary>A clock that throws.</summary>
    private sealed class ThrowingClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => throw new TimeZoneNotFoundException();
    }
}
