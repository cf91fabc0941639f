using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The last changes of projects that a store keeps over restarts.</summary>
public class StoredChangesTests
{
    private const string Backup = "/store/backup.db";

    private static readonly FileStoreSettings Settings = new(new ServiceDefaults(Contents.DefaultQuota, 1, 1))
    {
        CheckpointLength = 12 << 10,
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void An_open_after_a_close_or_a_kill_finds_the_changes_of_every_project_in_order(int seed)
    {
        var disk = new SimulatedDisk();
        var workload = new Workload(seed);
        var kept = new List<string>();
        for (int round = 0; round < 4; round++)
        {
            SimulatedDisk killed;
            using (ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 9 << 9 }.Open(workload.TimeProvider))
            {
                workload.Steps(store, 25);
                killed = disk.AsKilled();
            }

            List<string> after = Changes(disk.AsKilled());
            Assert.Equal(after, Changes(killed.AsKilled()));
            Assert.Equal(kept, after.Take(kept.Count));
            AssertComplete(killed);
            kept = after;
            disk = round % 2 == 0 ? killed : disk;
        }

        Assert.InRange(kept.Count, 50, int.MaxValue);
    }

    [Fact]
    public void A_callback_for_a_failure_comes_also_where_the_files_have_failed_before_it()
    {
        using FileStore file = FileStore.Open(
            new SimulatedDisk(), "/store/failed.db", new FileStoreSettings(new ServiceDefaults(100, 100, 100)));
        using var told = new ManualResetEventSlim();
        file.Fail(new IOException("A read failed."));

        file.WhenFailed(told.Set);

        Assert.True(told.Wait(TimeSpan.FromSeconds(10)), "A watch that began meanwhile would sleep on.");
    }

    [Fact]
    public void A_change_has_its_kind_its_scope_and_the_project_after_it()
    {
        var disk = new SimulatedDisk();
        using (ImmStore store = new StoreOnDisk(disk).Open())
        {
            ProjectRegistry registry = Contents.Registry(store, 1);
            registry.Create(new CreateProjectRequest { ProjectName = "one" });
            registry.CreateDataset(new CreateDatasetRequest { ProjectName = "one", DatasetName = "data" });
            registry.DeleteDataset("one", "data");
            registry.Delete("one");
            registry.SetProjectQuota(5);
        }

        using FileStore file = FileStore.Open(disk, StoreOnDisk.DataPath, Settings);

        Assert.Equal(
            [(ChangeState.Created, 1L, 0L), (ChangeState.Updated, 2, 1), (ChangeState.Updated, 3, 0), (ChangeState.Deleted, 4, 0)],
            file.ReadChanges().Select(change => (change.State, change.Project.Revision, change.Project.DatasetCount)));
        Assert.All(file.ReadChanges(), change => Assert.Equal(
            (Contents.Scopes[1], "one"),
            ((change.Scope.AccountId, change.Scope.RegionId), change.Project.ProjectName.Value)));
    }

    [Fact]
    public async Task A_backup_has_the_changes_too()
    {
        var disk = new SimulatedDisk();
        var workload = new Workload(7);
        using (ImmStore store = new StoreOnDisk(disk).Open(workload.TimeProvider))
        {
            workload.Steps(store, 40);
            await store.BackupAsync(Backup);
        }

        Assert.Equal(Changes(disk), Changes(disk, Backup));
    }

    [Fact]
    public void The_last_4_096_changes_are_kept_and_no_more_than_1_MiB_of_them()
    {
        var disk = new SimulatedDisk();
        Create(disk, count: 3000, length: 0, first: 0);
        Assert.Equal(3000, Changes(disk.AsKilled()).Count);
        Create(disk, count: 3000, length: 0, first: 3000);
        Assert.Equal(Enumerable.Range(6000 - 4096 + 1, 4096), Revisions(disk));

        Create(disk, count: 200, length: 250, first: 6000);

        // 20 tags of 128 characters that are 3 bytes long: about 15 KB each.
        List<int> kept = Revisions(disk);
        Assert.InRange(kept.Count, 50, 80);
        Assert.Equal(6200, kept[^1]);
    }

    private static void Create(SimulatedDisk disk, int count, int length, int first)
    {
        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { Path = StoreOnDisk.DataPath, ProjectQuota = 100_000, Durability = Durability.Relaxed }, disk);
        ProjectRegistry registry = Contents.Registry(store, 0);
        Tag[] tags = length == 0
            ? []
            : [.. Enumerable.Range(0, 20).Select(i => new Tag($"{i}{new string('\u4e2d', 120)}", new string('\u4e2d', 128)))];
        for (int i = first; i < first + count; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i}", Tag = tags });
        }
    }

    private static List<int> Revisions(SimulatedDisk disk)
    {
        using FileStore file = FileStore.Open(disk.AsKilled(), StoreOnDisk.DataPath, Settings);
        return [.. file.ReadChanges().Select(change => (int)change.Project.Revision)];
    }

    /// <summary>Verifies that the revisions of each scope have no gap and end with that of the scope.</summary>
    private static void AssertComplete(SimulatedDisk disk)
    {
        using FileStore file = FileStore.Open(disk.AsKilled(), StoreOnDisk.DataPath, Settings);
        foreach (IGrouping<Scope, PublishedChange> changes in file.ReadChanges().GroupBy(change => change.Scope))
        {
            StoredScope scope = file.Scopes.Single(scope => scope.Scope == changes.Key);
            ScopeState state = file.Load(scope.Scope, scope.Id, scope.OwnProjectQuota, scope.Revision);
            Assert.Equal(Enumerable.Range(1, changes.Count()), changes.Select(change => (int)change.Project.Revision));
            Assert.Equal(state.Revision, changes.Last().Project.Revision);
        }
    }

    private static List<string> Changes(SimulatedDisk disk, string path = StoreOnDisk.DataPath)
    {
        using FileStore file = FileStore.Open(disk, path, Settings);
        return [.. file.ReadChanges().Select(change => $"{change.Scope} {change.State} {change.Project.Revision} {change.Project}")];
    }
}
