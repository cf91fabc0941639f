using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Reading the files of a store that nobody has open, without a change.</summary>
public class SnapshotOfFilesTests
{
    private static readonly FileStoreSettings Settings = new(new ServiceDefaults(Contents.DefaultQuota, 1, 1));

    [Theory]
    [MemberData(nameof(GoldenTests.Stores), MemberType = typeof(GoldenTests))]
    public void A_snapshot_of_a_golden_store_holds_all_of_it_and_changes_no_file(int format, string state)
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(format, state);

        AssertSnapshot(disk, expected);
    }

    [Fact]
    public void A_snapshot_of_a_killed_store_holds_what_was_acknowledged()
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            var disk = new SimulatedDisk();
            var workload = new Workload(seed);
            var killed = new List<(SimulatedDisk Disk, string Contents)>();
            using (ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 9 << 9 }.Open(workload.TimeProvider))
            {
                for (int i = 0; i < 12; i++)
                {
                    workload.Steps(store, 5);
                    killed.Add((disk.AsKilled(), workload.Now));
                }
            }

            killed.Add((disk.AsKilled(), workload.Now));
            Assert.All(killed, each => AssertSnapshot(each.Disk, each.Contents));
        }
    }

    [Fact]
    public void A_snapshot_of_a_store_that_has_just_been_created_is_empty()
    {
        foreach (byte[] bytes in (byte[][])[[], new byte[100], new byte[DataPage.Size]])
        {
            var disk = new SimulatedDisk();
            disk.Put(StoreOnDisk.DataPath, bytes);
            using IStoreContents snapshot = StoreSnapshot.Open(disk, StoreOnDisk.DataPath, Settings);
            Assert.Empty(snapshot.Read(ChangeKind.Scope));
            Assert.Empty(snapshot.ReadChanges());
        }
    }

    [Fact]
    public void Several_readers_share_the_files_and_keep_a_writer_out_and_a_writer_keeps_readers_out()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        ImmStore.Open(path).Dispose();
        using (StoreSnapshot.Open(LocalDisk.Instance, path, Settings))
        {
            using IStoreContents second = StoreSnapshot.Open(LocalDisk.Instance, path, Settings);
            var refused = Assert.Throws<ImmException>(() => ImmStore.Open(path));
            Assert.Equal(ImmUnavailableReason.Locked, refused.Reason);
        }

        using (ImmStore.Open(path))
        {
            var locked = Assert.Throws<StoreFileException>(() => StoreSnapshot.Open(LocalDisk.Instance, path, Settings));
            Assert.Equal(ImmUnavailableReason.Locked, locked.Reason);
        }

        ImmStore.Open(path).Dispose();
    }

    [Theory]
    [MemberData(nameof(RefusedOpenTests.States), MemberType = typeof(RefusedOpenTests))]
    public void A_snapshot_refuses_what_an_open_refuses(RefusedOpenTests.State state)
    {
        int refused = CountRefused(RefusedOpenTests.Prepare(state), 128);

        Assert.InRange(refused, 5, int.MaxValue);
    }

    [Fact]
    public void A_snapshot_of_a_killed_store_refuses_damage_of_the_documents_that_its_logs_change()
    {
        // An open also refuses damage of pages that only its checkpoint needs, which a snapshot does not do.
        int refused = CountRefused(GoldenStore.Read(2, GoldenStore.Killed).Disk, 4096, mayReadMore: true);

        Assert.InRange(refused, 40, int.MaxValue);
    }

    /// <summary>Damages a byte in each piece of each file, and compares what an open and a snapshot find.</summary>
    private static int CountRefused(SimulatedDisk whole, int piece, bool mayReadMore = false)
    {
        int refused = 0;
        foreach (string path in whole.Paths)
        {
            byte[] bytes = whole.Read(path);
            int end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
            foreach (int at in Enumerable.Range(0, end / piece).Select(i => i * piece).Concat([14, 40, 136, 138, 4100, end - 1]))
            {
                SimulatedDisk damaged = whole.AsKilled();
                byte[] content = [.. bytes];
                content[Math.Min(at, bytes.Length - 1)] ^= 0x20;
                damaged.Put(path, content);
                SimulatedDisk same = damaged.AsKilled();
                string? error = ErrorOf(() => StoreSnapshot.Open(damaged, StoreOnDisk.DataPath, Settings).Dispose());
                string? openError = ErrorOf(() => new StoreOnDisk(same).Open().Dispose());
                refused += error is null ? 0 : 1;
                Assert.True(
                    (error is null) == (openError is null) || (mayReadMore && error is null),
                    $"byte {at} of '{path}': {error ?? "read"}, {openError ?? "opened"}");
            }
        }

        return refused;
    }

    private static string? ErrorOf(Action action)
    {
        Exception? error = Xunit.Record.Exception(action);
        Assert.True(error is null or IOException or ImmException { Code: ImmErrorCode.ServiceUnavailable }, $"{error}");
        return error?.Message;
    }

    /// <summary>Compares a snapshot with what an open finds, and the files before and after.</summary>
    private static void AssertSnapshot(SimulatedDisk disk, string expected)
    {
        SimulatedDisk before = disk.AsKilled();
        var scopes = new Dictionary<Scope, ScopeState>();
        List<string> problems;
        using (IStoreContents snapshot = StoreSnapshot.Open(disk, StoreOnDisk.DataPath, Settings))
        {
            problems = StoreCheck.Run(snapshot, Settings);
            var loader = new ScopeLoader(snapshot.Read, Settings.Codec, problems.Add);
            foreach (StoredScope scope in snapshot.Read(ChangeKind.Scope).Select(record => RecordCodec.ReadScope(record)))
            {
                scopes.Add(scope.Scope, loader.Load(
                    ScopeState.Empty(scope.Scope, Settings.Defaults, scope.OwnProjectQuota, scope.Revision), scope.Id));
            }
        }

        Assert.Empty(problems);
        Assert.Equal(before.Paths, disk.Paths);
        Assert.Equal(before.Fingerprint, disk.Fingerprint);
        using ImmStore store = new StoreOnDisk(disk).Open();
        Assert.Equal(expected, Contents.Of(store).ToString());
        foreach ((string account, string region) in Contents.Scopes)
        {
            ScopeState? found = scopes.GetValueOrDefault(new Scope(account, region));
            ProjectRegistry registry = store.Registry(account, region);
            Assert.Equal(registry.ProjectQuota, found?.ProjectQuota ?? Contents.DefaultQuota);
            Assert.Equal(
                registry.List(new ListProjectsRequest { MaxResults = 200 }).Projects.Select(Shown),
                Shown(found));
        }
    }

    private static List<string> Shown(ScopeState? state)
    {
        var shown = new List<string>();
        foreach (Project project in (state ?? ScopeState.Empty(new Scope("none", "none"), Settings.Defaults)).Projects.From(""))
        {
            shown.Add(Shown(project));
        }

        return shown;
    }

    private static string Shown(Project project) =>
        $"{project.Number} {project.Revision} {project.ProjectName} {project.UpdateTime:O} {project.Description} {project.Quota} "
        + $"{project.DatasetCount} {project.FileCount} {project.TotalFileSize} {string.Join(' ', project.Tags)}";
}
