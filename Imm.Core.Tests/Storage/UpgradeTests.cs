using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The upgrade of a store of format 1 when it is opened.</summary>
public class UpgradeTests
{
    private const string Data = StoreOnDisk.DataPath;
    private const int OldFormat = 1;

    public static TheoryData<string> States => [GoldenStore.Closed, GoldenStore.Killed, GoldenStore.Overwriting];

    [Theory]
    [MemberData(nameof(States))]
    public void A_power_cut_in_the_upgrade_leaves_the_old_store_or_the_new_one(string state)
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(OldFormat, state);
        var images = new List<CrashImage>();
        var watched = new WatchedDisk(disk, () => images.AddRange(disk.Images(randomCount: 6, seed: images.Count)));

        // The store is closed at the end too, so that cuts after the upgrade are among them.
        new StoreOnDisk(watched).Open().Dispose();

        var formats = new HashSet<int>();
        foreach (CrashImage image in images)
        {
            formats.Add(FormatOf(image.Disk));
            try
            {
                AssertHolds(image.Disk, expected);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"{state}, a power cut that left:\n{image}", e);
            }
        }

        Assert.Equal([OldFormat, DataFileHeader.SupportedFormat], formats.Order());
        Assert.InRange(images.Count, 100, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(States))]
    public void A_kill_in_the_upgrade_leaves_the_old_store_or_the_new_one(string state)
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(OldFormat, state);
        SimulatedDisk before = disk.AsKilled();
        new StoreOnDisk(disk).Open().Dispose();
        for (long n = 1; n <= disk.Operations; n++)
        {
            SimulatedDisk cut = before.AsKilled();
            cut.CrashAt = n;
            Xunit.Record.Exception(() => new StoreOnDisk(cut).Open().Dispose());
            AssertHolds(cut.AsKilled(), expected);
        }
    }

    [Theory]
    [MemberData(nameof(States))]
    public void A_failed_operation_in_the_upgrade_is_reported_and_loses_nothing(string state)
    {
        SimulatedDisk before = GoldenStore.Read(OldFormat, state).Disk;
        string expected = GoldenStore.Read(OldFormat, state).Contents;
        int refused = 0;
        foreach (FaultKinds kind in (FaultKinds[])[FaultKinds.Read, FaultKinds.Write, FaultKinds.Flush, FaultKinds.Name])
        {
            bool met = true;
            for (long n = 1; met; n += kind == FaultKinds.Read ? 37 : 1)
            {
                SimulatedDisk disk = before.AsKilled();
                var faulty = new FaultyDisk(disk);
                faulty.FailAt(n, kind, FaultMode.DiskFull, fromThenOn: true);
                ImmException? error = null;
                try
                {
                    new StoreOnDisk(faulty).Open().Dispose();
                }
                catch (ImmException e)
                {
                    error = e;
                    refused++;
                }

                met = faulty.Failed is not null;
                if (error is not null && FormatOf(disk) == OldFormat)
                {
                    // Whatever is left over beside it, the store itself is as it was.
                    Assert.All(before.Paths, path => Assert.Equal(before.Read(path), disk.Read(path)));
                }

                AssertHolds(disk.AsKilled(), expected);
            }
        }

        Assert.InRange(refused, 20, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(States))]
    public void Without_room_for_the_new_file_the_old_store_is_unchanged_and_upgraded_when_there_is_room(string state)
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(OldFormat, state);
        SimulatedDisk before = disk.AsKilled();
        foreach (int left in (int[])[0, 5000, 100_000])
        {
            var full = new FullDisk(disk);
            full.Leave(left);

            var refused = Assert.Throws<ImmException>(() => new StoreOnDisk(full).Open());

            Assert.Equal(ImmUnavailableReason.NoSpace, refused.Reason);
            Assert.Contains("has format 1 and could not be brought to format 2", refused.Message, StringComparison.Ordinal);
            Assert.Equal(before.Fingerprint, disk.Fingerprint);
        }

        AssertHolds(disk, expected);
    }

    [Fact]
    public void A_new_file_that_was_not_given_its_name_is_deleted_by_the_next_upgrade()
    {
        SimulatedDisk before = GoldenStore.Read(OldFormat, GoldenStore.Killed).Disk;
        string expected = GoldenStore.Read(OldFormat, GoldenStore.Killed).Contents;
        int leftOver = 0;
        bool isReplaced = false;
        for (long n = 1; !isReplaced; n++)
        {
            SimulatedDisk disk = before.AsKilled();
            disk.CrashAt = n;
            Assert.Throws<ImmException>(() => new StoreOnDisk(disk).Open());
            SimulatedDisk killed = disk.AsKilled();
            isReplaced = FormatOf(killed) != OldFormat;
            leftOver += killed.Paths.Contains(Data + "-new") ? 1 : 0;

            AssertHolds(killed, expected);

            Assert.Equal([Data], killed.Paths);
        }

        Assert.InRange(leftOver, 5, int.MaxValue);
    }

    [Fact]
    public void The_store_is_locked_throughout_the_upgrade()
    {
        (SimulatedDisk disk, _) = GoldenStore.Read(OldFormat, GoldenStore.Killed);
        int tries = 0;
        var watched = new WatchedDisk(disk, () =>
        {
            var locked = Assert.Throws<ImmException>(() => new StoreOnDisk(disk).Open());
            Assert.Equal(ImmUnavailableReason.Locked, locked.Reason);
            tries++;
        });

        new StoreOnDisk(watched).Open().Dispose();

        Assert.InRange(tries, 5, int.MaxValue);
    }

    [Fact]
    public void Upgraded_projects_and_datasets_have_the_revision_1_and_the_next_change_the_revision_2()
    {
        (SimulatedDisk disk, _) = GoldenStore.Read(OldFormat, GoldenStore.Killed);
        using ImmStore store = new StoreOnDisk(disk).Open();
        ProjectRegistry registry = Contents.Registry(store, 1);

        Assert.All(registry.List().Projects, project => Assert.Equal(1, project.Revision));
        Assert.Equal(1, registry.GetDataset("with-datasets", "data-1").Revision);
        Assert.Equal(2, registry.Update(new UpdateProjectRequest { ProjectName = "one-dataset", Description = "new" }).Revision);
    }

    [Fact]
    public void An_upgraded_store_uses_its_logs_again_and_is_upgraded_once()
    {
        (SimulatedDisk disk, _) = GoldenStore.Read(OldFormat, GoldenStore.Killed);

        for (int open = 1; open <= 2; open++)
        {
            using FileStore store = FileStore.Open(disk, Data, new FileStoreSettings(new ServiceDefaults(1, 1, 1)));
            Assert.Equal(open == 1, store.IsUpgraded);
            Assert.Equal([Data, Data + "-log1", Data + "-log2"], disk.Paths);
            Assert.Equal(DataFileHeader.SupportedFormat, FormatOf(disk));
        }
    }

    [Fact]
    public void The_logs_of_an_early_store_of_format_1_need_not_be_named_by_its_header()
    {
        (SimulatedDisk disk, string expected) = GoldenStore.Read(OldFormat, GoldenStore.Killed);
        byte[] data = disk.Read(Data);
        Span<byte> page = data.AsSpan(0, DataPage.Size);
        DataFileHeader header = DataPage.ReadHeader(page) with { LogGeneration = 0, LoggedSequence = 0 };
        DataPage.Verify(Data, 0, page);
        DataPage.WriteChecksum(0, page, header);
        disk.Put(Data, data);

        AssertHolds(disk, expected);
    }

    [Theory]
    [InlineData(8192 + 100)]
    [InlineData(60)]
    [InlineData(8192 * 9)]
    public void A_damaged_store_of_format_1_is_refused_unchanged(int at)
    {
        (SimulatedDisk disk, _) = GoldenStore.Read(OldFormat, GoldenStore.Closed);
        byte[] data = disk.Read(Data);
        data[at] ^= 1;
        disk.Put(Data, data);

        using ImmStore? opened = StoreOnDisk.OpenUnlessRefused(disk, $"byte {at}");

        Assert.Null(opened);
    }

    [TheoryOnLinux]
    [InlineData("600")]
    [InlineData("664")]
    public void An_upgraded_file_has_the_mode_of_the_old_one(string mode)
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        File.WriteAllBytes(path, GoldenStore.Read(OldFormat, GoldenStore.Closed).Disk.Read(Data));
        Unix.SetMode(path, mode);

        ImmStore.Open(path).Dispose();

        Assert.Equal(mode, Unix.Mode(path));
        Assert.Equal(["imm.db"], directory.Files().Keys);
    }

    [FactUnlessRoot]
    public void Without_permission_for_a_new_file_the_old_store_is_unchanged()
    {
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        byte[] before = GoldenStore.Read(OldFormat, GoldenStore.Closed).Disk.Read(Data);
        File.WriteAllBytes(path, before);
        Unix.SetMode(directory.Path, "555");
        try
        {
            var refused = Assert.Throws<ImmException>(() => ImmStore.Open(path));
            Assert.Equal(ImmUnavailableReason.AccessDenied, refused.Reason);
            Assert.Equal(before, File.ReadAllBytes(path));
        }
        finally
        {
            Unix.SetMode(directory.Path, "755");
        }
    }

    private static int FormatOf(SimulatedDisk disk) => DataPage.ReadFormat(disk.Read(Data).AsSpan(0, DataPage.Size));

    private static void AssertHolds(SimulatedDisk disk, string expected)
    {
        using ImmStore store = new StoreOnDisk(disk).Open();
        string found = Contents.Of(store).ToString();
        Assert.True(expected == found, Contents.Difference(expected, found));
        PowerCut.AssertClean(store);
    }
}
