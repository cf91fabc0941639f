using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>After a pause without changes an idle mark vouches for the last batch, so that damage to it is detected.</summary>
public class IdleMarkTests
{
    private const string Log1 = StoreOnDisk.DataPath + "-log1";
    private const string Log2 = StoreOnDisk.DataPath + "-log2";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void A_last_batch_that_is_damaged_after_its_idle_mark_is_detected()
    {
        // Five flushes begin the logs of the store, one makes room in the log and one is of the change itself; the next one is of the idle
        // store, whose write is on the image already.
        var disk = new SimulatedDisk();
        int flushes = int.MinValue;
        SimulatedDisk before = disk;
        SimulatedDisk? atFlush = null;
        using var idle = new ManualResetEventSlim();
        var watched = new WatchedDisk(disk, () =>
        {
            flushes++;
            if (flushes == 5)
            {
                before = disk.AsKilled();
            }
            else if (flushes == 8)
            {
                atFlush = disk.AsKilled();
                idle.Set();
            }
        });
        var options = new ImmStoreOptions { Path = StoreOnDisk.DataPath };
        using ImmStore store = ImmStore.Open(options, watched, settings => settings with { IdleMark = TimeSpan.FromMilliseconds(1) });
        flushes = 0;
        store.Registry().Create(new CreateProjectRequest { ProjectName = "one" });
        Assert.True(idle.Wait(Patience), "The idle store writes no mark.");

        SimulatedDisk killed = atFlush!;
        string active = before.Read(Log1).AsSpan().SequenceEqual(killed.Read(Log1)) ? Log2 : Log1;
        using (ImmStore again = new StoreOnDisk(killed.AsKilled()).Open())
        {
            Assert.True(again.Registry().TryGet("one", out _));
        }

        byte[] old = before.Read(active);
        byte[] bytes = killed.Read(active);
        int first = Enumerable.Range(4096, bytes.Length - 4096).First(at => at >= old.Length ? bytes[at] != 0 : bytes[at] != old[at]);
        int frame = first / Disk.SectorSize * Disk.SectorSize;
        int refused = 0;
        for (int at = frame; at < frame + Disk.SectorSize; at++)
        {
            SimulatedDisk damaged = killed.AsKilled();
            damaged.FlipBit(active, (8L * at) + (at % 8));
            try
            {
                using ImmStore again = new StoreOnDisk(damaged).Open();
                Assert.True(again.Registry().TryGet("one", out _), $"Byte {at} of '{active}': the change is lost in silence.");
            }
            catch (ImmException e)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
                refused++;
            }
        }

        // All but the padding behind the frame.
        Assert.InRange(refused, FrameHeader.Length, Disk.SectorSize);
    }
}
