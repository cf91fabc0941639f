using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A full disk is not the end: a change that finds no space is refused; the store stays open and goes on later.</summary>
public class FullDiskTests
{
    private const string Backup = "/other/backup.db";

    private readonly SimulatedDisk _inner = new();
    private readonly FullDisk _disk;

    public FullDiskTests() => _disk = new FullDisk(_inner);

    [Theory]
    [InlineData(0)]
    [InlineData(1000)]
    [InlineData(600_000)]
    [InlineData(1_500_000)]
    public void A_change_whose_log_cannot_grow_is_refused_and_the_next_succeeds_when_there_is_room(int left)
    {
        var expected = new Contents();
        string after;
        using (ImmStore store = Open())
        {
            _disk.Leave(left);
            int refusedAt = FillUp(store, expected);
            Assert.InRange(_disk.Refusals, 1, int.MaxValue);
            for (int i = 0; i < 3; i++)
            {
                AssertRefused(store, () => Create(store, expected, 0, $"p{refusedAt}"));
                Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
            }

            _disk.Leave(20 << 20);
            Create(store, expected, 0, $"p{refusedAt}");
            for (int i = 0; i < 50; i++)
            {
                Create(store, expected, i % 4, $"later{i}");
            }

            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.Null(store.Status.Failure);
            Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
            after = expected.ToString();
            AssertFinds(_inner.AsKilled(), after);
        }

        AssertFinds(_inner, after);
    }

    [Fact]
    public void A_killed_store_has_exactly_what_was_acknowledged_after_changes_were_refused()
    {
        var expected = new Contents();
        using ImmStore store = Open();
        _disk.Leave(1_200_000);
        int refusedAt = FillUp(store, expected);
        AssertFinds(_inner.AsKilled(), expected.ToString());

        _disk.Leave(1);
        AssertRefused(store, () => Create(store, expected, 2, $"p{refusedAt}"));
        AssertFinds(_inner.AsKilled(), expected.ToString());

        _disk.Leave(20 << 20);
        Create(store, expected, 2, "later");
        AssertFinds(_inner.AsKilled(), expected.ToString());
    }

    [Fact]
    public void The_first_change_of_a_scope_that_found_no_room_can_be_repeated_and_is_durable()
    {
        var expected = new Contents();
        using (ImmStore store = Open())
        {
            _disk.Leave(0);
            FillUp(store, expected, scopes: 1);
            for (int scope = 1; scope < Contents.Scopes.Length; scope++)
            {
                AssertRefused(store, () => Create(store, expected, scope, "first"));
                AssertRefused(store, () => Create(store, expected, scope, "second"));
            }

            _disk.Leave(20 << 20);
            for (int scope = Contents.Scopes.Length - 1; scope >= 1; scope--)
            {
                Create(store, expected, scope, "first");
            }

            Assert.Empty(store.Check());
            AssertFinds(_inner.AsKilled(), expected.ToString());
            Create(store, expected, 1, "second");
        }

        AssertFinds(_inner, expected.ToString());
    }

    [Fact]
    public async Task All_changes_of_a_batch_that_finds_no_room_are_refused_and_none_is_applied()
    {
        var expected = new Contents();
        using (ImmStore store = Open())
        {
            _disk.Leave(0);
            FillUp(store, expected);
            Task<Project> Begin(int i) => Contents.Registry(store, i % 4).CreateAsync(Request($"b{i}")).AsTask();
            Task<Project>[] batch = [.. Enumerable.Range(0, 30).Select(Begin)];
            foreach (Task<Project> change in batch)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, (await Assert.ThrowsAsync<ImmException>(() => change)).Code);
            }

            Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
            _disk.Leave(20 << 20);
            for (int i = 0; i < 30; i++)
            {
                expected.Put(i % 4, await Begin(i));
            }

            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        AssertFinds(_inner, expected.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9_000)]
    [InlineData(20_000)]
    public void A_checkpoint_that_finds_no_room_is_repeated(int left) => Bounded.Run(() => "a checkpoint that finds no space", () =>
    {
        // Both logs have their space, so that it is the data file that cannot grow.
        var expected = new Contents();
        using (ImmStore store = Open(checkpointLength: 16 << 10))
        {
            for (int i = 0; i < 40; i++)
            {
                Create(store, expected, 0, $"before{i}");
            }

            Assert.Empty(store.Check());
            _disk.Leave(left);
            int refusedAt = FillUp(store, expected);
            Assert.InRange(_disk.Refusals, 1, int.MaxValue);
            Assert.Equal(ImmStoreState.Open, store.Status.State);
            AssertFinds(_inner.AsKilled(), expected.ToString());

            _disk.Leave(null);
            for (int i = 0; i < 60; i++)
            {
                Create(store, expected, i % 4, $"after{refusedAt}-{i}");
            }

            Assert.Empty(store.Check());
            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
        }

        AssertFinds(_inner, expected.ToString());
    });

    [Fact]
    public void A_close_that_finds_no_room_keeps_the_logs_and_reports_it()
    {
        var expected = new Contents();
        ImmStore store = Open();
        for (int i = 0; i < 200; i++)
        {
            Create(store, expected, 0, $"p{i}");
        }

        _disk.Leave(0);
        store.Dispose();

        bool isWhole = _inner.Paths.Count == 1;
        Assert.True(isWhole || store.Status.Failure is not null, "The changes are in the logs only, and the close does not say so.");
        _disk.Leave(null);
        AssertFinds(_inner, expected.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1_000_000)]
    public async Task Check_and_a_backup_to_another_disk_work_on_a_full_disk(int left)
    {
        var expected = new Contents();
        using ImmStore store = Open();
        Create(store, expected, 0, "before");
        _disk.Leave(left);
        FillUp(store, expected);

        Assert.Empty(store.Check());
        await store.BackupAsync(Backup);

        Assert.Equal(ImmStoreState.Open, store.Status.State);
        using (ImmStore copy = new StoreOnDisk(_inner, Backup).Open())
        {
            Assert.Equal(expected.ToString(), Contents.Of(copy).ToString());
        }

        _disk.Leave(null);
        Create(store, expected, 3, "after");
    }

    [Fact]
    public async Task A_backup_that_finds_no_room_is_refused_and_leaves_nothing_and_the_store_continues()
    {
        var expected = new Contents();
        using ImmStore store = Open();
        for (int i = 0; i < 50; i++)
        {
            Create(store, expected, 0, $"p{i}");
        }

        Assert.Empty(store.Check());
        foreach (int left in (int[])[0, 5_000, 8192, 20_000])
        {
            _disk.Leave(left);
            ImmException refused = await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync("/store/backup.db"));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
            Assert.DoesNotContain(_inner.Paths, path => path.Contains("backup", StringComparison.Ordinal));
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        _disk.Leave(null);
        Create(store, expected, 0, "after");
        await store.BackupAsync("/store/backup.db");
        using ImmStore copy = new StoreOnDisk(_inner, "/store/backup.db").Open();
        Assert.Equal(expected.ToString(), Contents.Of(copy).ToString());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_store_that_cannot_be_opened_without_room_is_unchanged(bool killed)
    {
        var expected = new Contents();
        SimulatedDisk image;
        using (ImmStore store = Open())
        {
            for (int i = 0; i < 300; i++)
            {
                Create(store, expected, i % 4, $"p{i}");
            }

            image = _inner.AsKilled();
        }

        image = killed ? image : _inner;
        bool opened = false;
        int refused = 0;
        foreach (int left in (int[])[0, 1, 4096, 8192, 16_384, 65_536, 262_144, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 16 << 20])
        {
            SimulatedDisk disk = image.AsKilled();
            var full = new FullDisk(disk);
            full.Leave(left);
            try
            {
                using ImmStore store = new StoreOnDisk(full).Open();
                Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
                opened = true;
            }
            catch (ImmException e)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
                Assert.False(opened, $"With {left} bytes it is refused, with less it was opened.");
                Assert.Equal(image.Paths, disk.Paths);
                Assert.All(image.Paths, path =>
                {
                    bool same = image.Read(path).AsSpan().SequenceEqual(disk.Read(path));
                    Assert.True(same, $"With {left} bytes left '{path}' was changed.");
                });
                refused++;
            }
        }

        // A closed store is opened without any room: nothing is written before the first change.
        Assert.True(opened, "A killed store of 300 projects needs more than 16 MiB to be opened.");
        Assert.Equal(killed, refused > 0);
    }

    [Fact]
    public void A_new_store_that_finds_no_room_leaves_nothing()
    {
        foreach (int left in (int[])[0, 1, 4096, 8191])
        {
            var disk = new SimulatedDisk();
            var full = new FullDisk(disk);
            full.Leave(left);

            Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => new StoreOnDisk(full).Open()).Code);

            Assert.Empty(disk.Paths);
            full.Leave(null);
            new StoreOnDisk(full).Open().Dispose();
        }
    }

    [Fact]
    public void A_flush_that_finds_no_room_fails_the_store()
    {
        var faulty = new FaultyDisk(_inner);
        var expected = new Contents();
        ImmStore store = new StoreOnDisk(faulty) { CheckpointLength = 8 << 20 }.Open();
        Create(store, expected, 0, "before");
        faulty.FailAt(1, FaultKinds.Flush, FaultMode.DiskFull);

        Assert.Throws<ImmException>(() => Contents.Registry(store, 0).Create(Request("lost")));

        Assert.Equal(ImmStoreState.Failed, store.Status.State);
        ImmException refused = Assert.Throws<ImmException>(() => Contents.Registry(store, 0).Create(Request("late")));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        store.Dispose();
        using ImmStore again = new StoreOnDisk(_inner).Open();
        Assert.True(Contents.Registry(again, 0).TryGet("before", out _));
        Assert.False(Contents.Registry(again, 0).TryGet("late", out _));
    }

    [FactIfMountable]
    public async Task On_a_full_file_system_the_store_stays_open_and_continues_when_there_is_room()
    {
        using var disk = new SmallFileSystem();
        using var other = new TempDirectory();
        string path = disk.File("imm.db");
        var expected = new Contents();
        using (ImmStore store = new StoreOnDisk(LocalDisk.Instance, path) { CheckpointLength = 8 << 20 }.Open())
        {
            Create(store, expected, 0, "before");
            File.WriteAllBytes(disk.File("ballast"), new byte[13 << 20]);
            int refusedAt = FillUp(store, expected);
            Assert.Empty(store.Check());
            await store.BackupAsync(other.File("backup.db"));
            File.Delete(disk.File("ballast"));
            Create(store, expected, 1, $"p{refusedAt}");
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        using ImmStore again = new StoreOnDisk(LocalDisk.Instance, path).Open();
        Assert.Equal(expected.ToString(), Contents.Of(again).ToString());
        using ImmStore backup = new StoreOnDisk(LocalDisk.Instance, other.File("backup.db")).Open();
        Assert.Empty(backup.Check());
    }

    [FactIfMountable]
    public void On_a_full_file_system_a_killed_store_is_opened_or_unchanged()
    {
        using var disk = new SmallFileSystem();
        string path = disk.File("imm.db");
        using (var process = new StoreProcess())
        {
            Assert.Equal("ok", process.Open("s", path));
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal("ok", process.Create("s", $"p{i}"));
            }
        }

        using (var ballast = new FileStream(disk.File("ballast"), FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            Assert.Throws<IOException>(() =>
            {
                for (int i = 0; i < 10_000; i++)
                {
                    ballast.Write(new byte[4096]);
                }
            });
        }

        string[] before = Unix.Look(Path.GetDirectoryName(path)!);
        try
        {
            Assert.Equal(100, Count());
        }
        catch (ImmException e)
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
            Assert.Equal(before, Unix.Look(Path.GetDirectoryName(path)!));
        }

        File.Delete(disk.File("ballast"));
        Assert.Equal(100, Count());

        int Count()
        {
            using ImmStore store = ImmStore.Open(path);
            return store.Registry().List(new ListProjectsRequest { MaxResults = 200 }).Projects.Count;
        }
    }

    private static CreateProjectRequest Request(string name) => new()
    {
        ProjectName = name,
        Description = new string('d', 250),
        Tag = [.. Enumerable.Range(0, 20).Select(i => new Tag($"key{i}", new string('v', 128)))],
    };

    private static void Create(ImmStore store, Contents expected, int scope, string name) =>
        expected.Put(scope, Contents.Registry(store, scope).Create(Request(name)));

    /// <summary>Makes changes until one is refused, and gives its number.</summary>
    private static int FillUp(ImmStore store, Contents expected, int scopes = 4)
    {
        for (int i = 0; i < 5_000; i++)
        {
            try
            {
                Create(store, expected, i % scopes, $"p{i}");
            }
            catch (ImmException e)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
                Assert.Equal((ImmStoreState.Open, null), (store.Status.State, store.Status.Failure));
                Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
                return i;
            }
        }

        throw new InvalidOperationException("The disk does not become full.");
    }

    private static void AssertRefused(ImmStore store, Action change)
    {
        ImmException refused = Assert.Throws<ImmException>(change);
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Equal((ImmStoreState.Open, null), (store.Status.State, store.Status.Failure));
    }

    private static void AssertFinds(SimulatedDisk disk, string expected)
    {
        using ImmStore store = new StoreOnDisk(disk).Open();
        string found = Contents.Of(store).ToString();
        Assert.True(expected == found, Contents.Difference(expected, found));
    }

    private ImmStore Open(int checkpointLength = 8 << 20) => new StoreOnDisk(_disk) { CheckpointLength = checkpointLength }.Open();
}
