using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Xunit;
using Disk = Imm.Core.Storage.Disk;

namespace Imm.Core.Tests.Registry;

/// <summary>The close of a store, also while others close it, read and write.</summary>
public sealed class CloseTests
{
    private const string Path = "/store/data";

    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void A_second_close_returns_only_when_the_store_is_closed() => Bounded.Run(() => "a second close", () =>
    {
        using var gated = new GatedDisk(_disk);
        ImmStore store = OpenWithBlockedFlushes(gated);
        var first = new Thread(store.Dispose);
        first.Start();
        gated.AwaitBlockedFlush();

        bool wasOpen = false;
        var second = new Thread(() =>
        {
            store.Dispose();
            wasOpen = first.IsAlive
                && Record.Exception(() => Open(_disk).Dispose()) is not null;
        });
        second.Start();

        // Until the thread has ended or is blocked.
        SpinWait.SpinUntil(() => !second.IsAlive || second.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        ValueTask third = store.DisposeAsync();
        Assert.False(third.IsCompleted);
        gated.ReleaseFlushes();
        first.Join();
        second.Join();
        third.AsTask().Wait();
        Assert.False(wasOpen, "The second close returned while the files were open.");
        using ImmStore again = Open(_disk);
        Assert.True(again.Registry().TryGet("p", out _));
    });

    [Fact]
    public void A_close_completes_when_its_caller_is_interrupted() => Bounded.Run(() => "an interrupted close", () =>
    {
        using var gated = new GatedDisk(_disk);
        ImmStore store = OpenWithBlockedFlushes(gated);
        Exception? interrupted = null;
        var closer = new Thread(() => interrupted = Record.Exception(store.Dispose));
        closer.Start();
        gated.AwaitBlockedFlush();
        closer.Interrupt();
        closer.Join();
        gated.ReleaseFlushes();
        store.Dispose();

        Assert.IsType<ThreadInterruptedException>(interrupted);
        Assert.Equal((ImmStoreState.Closed, null), (store.Status.State, store.Status.Failure));
        using ImmStore again = Open(_disk);
        Assert.True(again.Registry().TryGet("p", out _));
        Assert.Equal((0, 0), (again.Status.RecoveredRecords, again.Status.RecoveredPages));
    });

    [Fact]
    public void A_close_in_memory_completes_when_its_caller_is_interrupted() => Bounded.Run(() => "an interrupted close in memory", () =>
    {
        using var clock = new BlockingClock();
        ImmStore store = ImmStore.InMemory(new ImmStoreOptions { TimeProvider = clock });
        ProjectRegistry registry = store.Registry();
        var changer = new Thread(() => registry.Create(new() { ProjectName = "p" }));
        changer.Start();
        clock.Asked.Wait();
        Exception? interrupted = null;
        var closer = new Thread(() => interrupted = Record.Exception(store.Dispose));
        closer.Start();
        SpinWait.SpinUntil(() => closer.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        closer.Interrupt();
        closer.Join();
        clock.GoesOn.Set();
        changer.Join();

        store.Dispose();

        Assert.IsType<ThreadInterruptedException>(interrupted);
        Assert.Equal(ImmStoreState.Closed, store.Status.State);
    });

    [Fact]
    public void A_first_read_during_a_close_succeeds_or_throws_ObjectDisposedException()
    {
        const int Regions = 60;
        using (ImmStore store = Open(_disk))
        {
            for (int region = 0; region < Regions; region++)
            {
                store.Registry("1234", $"r{region}").Create(new() { ProjectName = "p" });
            }
        }

        for (int round = 0; round < 40; round++)
        {
            using var watch = new Watch();
            ImmStore store = ImmStore.Open(watch.Options(Path), _disk);
            ProjectRegistry[] registries = [.. Enumerable.Range(0, Regions).Select(region => store.Registry("1234", $"r{region}"))];
            var outcomes = new List<Exception?>[2];
            using var reading = new CountdownEvent(outcomes.Length);
            Thread[] readers = [.. Enumerable.Range(0, outcomes.Length).Select(reader => new Thread(() =>
            {
                outcomes[reader] = [];
                reading.Signal();
                for (int i = reader; i < Regions; i += outcomes.Length)
                {
                    outcomes[reader].Add(Record.Exception(() => registries[i].Get("p")));
                }
            }))];
            Array.ForEach(readers, reader => reader.Start());
            reading.Wait();
            store.Dispose();
            Array.ForEach(readers, reader => reader.Join());

            Assert.All(outcomes.SelectMany(outcome => outcome).OfType<Exception>(), e => Assert.IsType<ObjectDisposedException>(e));
            Assert.DoesNotContain(watch.Logs, log => log.Id.Name is "Failed" or "Damaged" or "CloseIncomplete");
            Assert.Equal((ImmStoreState.Closed, null), (store.Status.State, store.Status.Failure));
        }
    }

    [Fact]
    public async Task Changes_during_a_close_are_stored_or_throw_ObjectDisposedException()
    {
        for (int round = 0; round < 20; round++)
        {
            var disk = new SimulatedDisk();
            ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path, ProjectQuota = int.MaxValue }, disk);
            ProjectRegistry registry = store.Registry();
            using var changing = new CountdownEvent(3);
            Task<int>[] changers = [.. Enumerable.Range(0, 3).Select(changer => Task.Run(async () =>
            {
                changing.Signal();
                int made = 0;
                try
                {
                    while (true)
                    {
                        await registry.CreateAsync(new() { ProjectName = $"p{changer}_{made}" });
                        made++;
                    }
                }
                catch (ObjectDisposedException)
                {
                    return made;
                }
            }))];
            changing.Wait();
            await store.DisposeAsync();

            int acknowledged = (await Task.WhenAll(changers)).Sum();
            using ImmStore again = Open(disk);
            Assert.Equal(acknowledged, again.Registry().State.ProjectCount);
        }
    }

    private static ImmStore Open(Disk disk) => ImmStore.Open(new ImmStoreOptions { Path = Path }, disk);

    /// <summary>Opens a store with project "p" on a disk whose flushes are blocked from now on.</summary>
    private static ImmStore OpenWithBlockedFlushes(GatedDisk disk)
    {
        ImmStore store = disk.Open(new ImmStoreOptions { Path = Path });
        store.Registry().Create(new() { ProjectName = "p" });
        disk.BlockFlushes();
        return store;
    }

    /// <summary>A clock that blocks its caller until the test lets it go on.</summary>
    private sealed class BlockingClock : TimeProvider, IDisposable
    {
        public ManualResetEventSlim Asked { get; } = new();

        public ManualResetEventSlim GoesOn { get; } = new();

        public override DateTimeOffset GetUtcNow()
        {
            Asked.Set();
            GoesOn.Wait();
            return DateTimeOffset.UnixEpoch;
        }

        public void Dispose()
        {
            Asked.Dispose();
            GoesOn.Dispose();
        }
    }
}
