using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>The close of a store, beside other closes and reads.</summary>
public sealed class CloseTests
{
    private const string Path = "/store/data";

    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void A_second_close_returns_when_the_store_is_closed() => Bounded.Run(() => "a second close", () =>
    {
        using var held = new HeldDisk(_disk);
        ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, held);
        store.Registry().Create(new() { ProjectName = "p" });
        held.Hold();
        var first = new Thread(store.Dispose);
        first.Start();
        held.AwaitFlush();

        bool wasOpen = false;
        var second = new Thread(() =>
        {
            store.Dispose();
            wasOpen = first.IsAlive && Record.Exception(() => ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk).Dispose()) is not null;
        });
        second.Start();

        // Until it has returned or waits.
        SpinWait.SpinUntil(() => !second.IsAlive || second.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        ValueTask third = store.DisposeAsync();
        Assert.False(third.IsCompleted);
        held.LetGo();
        first.Join();
        second.Join();
        third.AsTask().Wait();
        Assert.False(wasOpen, "The second close returned while the files were held.");
        using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        Assert.True(again.Registry().TryGet("p", out _));
    });

    [Fact]
    public void A_close_whose_caller_is_interrupted_goes_on() => Bounded.Run(() => "an interrupted close", () =>
    {
        using var held = new HeldDisk(_disk);
        ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, held);
        store.Registry().Create(new() { ProjectName = "p" });
        held.Hold();
        Exception? interrupted = null;
        var closer = new Thread(() => interrupted = Record.Exception(store.Dispose));
        closer.Start();
        held.AwaitFlush();
        closer.Interrupt();
        closer.Join();
        held.LetGo();
        store.Dispose();

        Assert.IsType<ThreadInterruptedException>(interrupted);
        Assert.Equal((ImmStoreState.Closed, null), (store.Status.State, store.Status.Failure));
        using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        Assert.True(again.Registry().TryGet("p", out _));
        Assert.Equal((0, 0), (again.Status.RecoveredRecords, again.Status.RecoveredPages));
    });

    [Fact]
    public void A_close_of_a_store_in_memory_whose_caller_is_interrupted_is_a_close() => Bounded.Run(() => "an interrupted close in memory", () =>
    {
        using var clock = new StoppedClock();
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
    public void A_first_read_beside_a_close_is_an_answer_or_finds_the_store_closed()
    {
        const int Regions = 60;
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk))
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
    public async Task Changes_beside_a_close_are_made_or_find_the_store_closed()
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
            using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, disk);
            Assert.Equal(acknowledged, again.Registry().State.ProjectCount);
        }
    }

    /// <summary>A clock that holds up who asks for the time.</summary>
    private sealed class StoppedClock : TimeProvider, IDisposable
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
