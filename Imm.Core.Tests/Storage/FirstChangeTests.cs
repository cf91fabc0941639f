using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The files of a closed store are written to by the first change after the open, and not before.</summary>
public class FirstChangeTests
{
    private const string Data = StoreOnDisk.DataPath;
    private const string Log1 = Data + "-log1";
    private const string Log2 = Data + "-log2";

    [Fact]
    public async Task A_store_that_is_only_read_is_not_written_to()
    {
        (SimulatedDisk disk, Contents expected) = Closed();
        byte[] before = disk.Read(Data);
        int flushes = 0;
        var watched = new WatchedDisk(disk, () => flushes++);
        using (ImmStore store = new StoreOnDisk(watched) { IdleMark = TimeSpan.FromMilliseconds(1) }.Open())
        {
            Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
            Assert.Empty(store.Check());
            Assert.Throws<ImmException>(() => Create(store, "p0"));
            Assert.Equal(0, flushes);
            Assert.Equal((0, 0), (disk.Read(Log1).Length, disk.Read(Log2).Length));

            await store.BackupAsync("/store/backup.db");
        }

        using ImmStore copy = new StoreOnDisk(disk, "/store/backup.db").Open();
        Assert.Equal(expected.ToString(), Contents.Of(copy).ToString());
        Assert.Equal(before, disk.Read(Data));
        Assert.DoesNotContain(Log1, disk.Paths);
        Assert.DoesNotContain(Log2, disk.Paths);
    }

    [Fact]
    public void A_kill_of_a_store_that_was_only_read_needs_no_recovery()
    {
        (SimulatedDisk disk, Contents expected) = Closed();
        using ImmStore store = new StoreOnDisk(disk).Open();
        SimulatedDisk killed = disk.AsKilled();
        Assert.Contains(Log1, killed.Paths);

        int flushes = 0;
        using (ImmStore again = new StoreOnDisk(new WatchedDisk(killed, () => flushes++)).Open())
        {
            Assert.Equal(expected.ToString(), Contents.Of(again).ToString());
            Assert.Equal(0, flushes);
            Create(again, "new");
        }

        Assert.Equal([Data], killed.Paths);
        using ImmStore last = new StoreOnDisk(killed).Open();
        Assert.Equal(expected.ToString() != Contents.Of(last).ToString(), Contents.Registry(last, 0).TryGet("new", out _));
    }

    [Fact]
    public void A_kill_or_a_power_cut_in_the_first_change_leaves_all_of_it_or_nothing()
    {
        (SimulatedDisk closed, _) = Closed();
        SimulatedDisk whole = closed.AsKilled();
        using ImmStore changed = new StoreOnDisk(whole).Open();
        Create(changed, "new");
        int images = 0;
        var seen = new HashSet<bool>();
        for (long operation = 1; operation <= whole.Operations; operation++)
        {
            SimulatedDisk disk = closed.AsKilled();
            disk.CrashAt = operation;
            bool isAcknowledged = false;
            try
            {
                using ImmStore store = new StoreOnDisk(disk).Open();
                Create(store, "new");
                isAcknowledged = true;
            }
            catch (ImmException e)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
            }

            foreach (CrashImage image in disk.Images(randomCount: 20, seed: (int)operation))
            {
                using ImmStore store = new StoreOnDisk(image.Disk).Open();
                bool isThere = Contents.Registry(store, 0).TryGet("new", out _);
                Assert.True(isThere || !isAcknowledged, image.ToString());
                Assert.Equal(60 + (isThere ? 1 : 0), Contents.Of(store).Projects(0).Count() + Contents.Of(store).Projects(1).Count());
                seen.Add(isThere);
                images++;
            }
        }

        Assert.Equal(2, seen.Count);
        Assert.InRange(images, 40, int.MaxValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(4096)]
    public void A_first_change_without_room_is_refused_and_the_next_is_made_when_there_is_room(int left)
    {
        (SimulatedDisk disk, Contents expected) = Closed();
        var full = new FullDisk(disk);
        full.Leave(left);
        using (ImmStore store = new StoreOnDisk(full) { VerifyFilesAfter = TimeSpan.Zero }.Open())
        {
            for (int i = 0; i < 3; i++)
            {
                var refused = Assert.Throws<ImmException>(() => Create(store, "new"));
                Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.NoSpace), (refused.Code, refused.Reason));
                Assert.Equal(expected.ToString(), Contents.Of(store).ToString());
            }

            using (ImmStore killed = new StoreOnDisk(disk.AsKilled()).Open())
            {
                Assert.Equal(expected.ToString(), Contents.Of(killed).ToString());
            }

            full.Leave(null);
            Create(store, "new");
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        Assert.Equal([Data], disk.Paths);
        using ImmStore again = new StoreOnDisk(disk).Open();
        Assert.True(Contents.Registry(again, 0).TryGet("new", out _));
    }

    [Fact]
    public void A_close_after_a_first_change_without_room_leaves_the_store_closed()
    {
        (SimulatedDisk disk, Contents expected) = Closed();
        byte[] before = disk.Read(Data);
        var full = new FullDisk(disk);
        full.Leave(100);
        using (ImmStore store = new StoreOnDisk(full).Open())
        {
            Assert.Throws<ImmException>(() => Create(store, "new"));
        }

        Assert.Equal(before, disk.Read(Data));
        Assert.Equal([Data], disk.Paths);
        using ImmStore again = new StoreOnDisk(disk).Open();
        Assert.Equal(expected.ToString(), Contents.Of(again).ToString());
    }

    private static (SimulatedDisk Disk, Contents Expected) Closed()
    {
        var disk = new SimulatedDisk();
        using (ImmStore store = new StoreOnDisk(disk).Open())
        {
            for (int i = 0; i < 60; i++)
            {
                Contents.Registry(store, i % 2).Create(new CreateProjectRequest { ProjectName = $"p{i}" });
            }
        }

        using ImmStore closed = new StoreOnDisk(disk.AsKilled()).Open();
        return (disk, Contents.Of(closed));
    }

    private static void Create(ImmStore store, string name) =>
        Contents.Registry(store, 0).Create(new CreateProjectRequest { ProjectName = name });
}
