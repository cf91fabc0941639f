using System.Globalization;
using Imm.Core.Storage;
using Imm.Core.Tests.Storage;
using Xunit;

namespace Imm.Core.Tests.Registry;

/// <summary>Interrupts of the calling thread at any point of a call.</summary>
public sealed class InterruptTests
{
    [Fact]
    public void Interrupting_a_caller_does_not_fail_the_store() => Bounded.Run(() => "an interrupted caller", () =>
    {
        // The real disk: the simulated one has locks of its own.
        using var directory = new TempDirectory();
        var options = new ImmStoreOptions { Path = directory.File("store"), ProjectQuota = int.MaxValue, MaxLoadedProjects = 50 };
        using (ImmStore store = ImmStore.Open(
            options, LocalDisk.Instance, settings => settings with { CheckpointLength = 1, MaxLogLength = 1 }))
        {
            var acknowledged = new List<string>();
            Exception? other = null;
            var caller = new Thread(() =>
            {
                for (int i = 0; i < 1000 && other is null; i++)
                {
                    try
                    {
                        Registry(store, i).Create(new() { ProjectName = $"p{i}" });
                        acknowledged.Add($"p{i}");
                    }
                    catch (ThreadInterruptedException)
                    {
                    }
                    catch (Exception e) when (e is not ThreadInterruptedException)
                    {
                        other = e;
                    }
                }
            });
            caller.Start();
            while (caller.IsAlive)
            {
                caller.Interrupt();
                Thread.Yield();
            }

            caller.Join();
            Assert.Null(other);
            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.All(
                acknowledged,
                name => Assert.True(Registry(store, int.Parse(name[1..], CultureInfo.InvariantCulture)).TryGet(name, out _)));
            Assert.NotEmpty(acknowledged);
        }

        static ProjectRegistry Registry(ImmStore store, int number) => store.Registry("1234", $"r{number % 100}");
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Interrupting_the_first_change_that_waits_for_a_read_does_not_fail_the_store(bool isCheck) => Bounded.Run(() => "it", () =>
    {
        using var directory = new TempDirectory();
        var options = new ImmStoreOptions { Path = directory.File("store") };
        using (ImmStore before = ImmStore.Open(options))
        {
            before.Registry().Create(new() { ProjectName = "before" });
        }

        // A read of a scope that is not in memory holds the lock of the data file, a check that of its snapshot.
        using var disk = new BlockedReads(LocalDisk.Instance);
        using ImmStore store = ImmStore.Open(options, disk);
        disk.Block();
        Task<bool> read = Task.Run(() => isCheck ? store.Check().Count == 0 : store.Registry().TryGet("before", out _));
        disk.AwaitRead();

        Exception? failed = null;
        var caller = new Thread(() =>
        {
            try
            {
                store.Registry("other", "region").Create(new() { ProjectName = "first" });
            }
            catch (Exception e) when (e is ImmException or ThreadInterruptedException)
            {
                failed = e;
            }
        });
        caller.Start();
        SpinWait.SpinUntil(() => caller.ThreadState.HasFlag(ThreadState.WaitSleepJoin));
        caller.Interrupt();
        SpinWait.SpinUntil(() => !caller.IsAlive, TimeSpan.FromMilliseconds(100));
        disk.Release();
        caller.Join();

        Assert.True(read.Result);
        Assert.Equal((ImmStoreState.Open, null), (store.Status.State, store.Status.Failure));
        Assert.IsNotType<ImmException>(failed);
        store.Registry().Create(new() { ProjectName = "after" });
    });

    /// <summary>A disk whose next read a test blocks.</summary>
    private sealed class BlockedReads(Disk inner) : ForwardingDisk(inner), IDisposable
    {
        private readonly ManualResetEventSlim _begun = new();
        private readonly ManualResetEventSlim _go = new();
        private int _blocks;

        public void Block() => Volatile.Write(ref _blocks, 1);

        public void AwaitRead() => _begun.Wait();

        public void Release() => _go.Set();

        public void Dispose()
        {
            _begun.Dispose();
            _go.Dispose();
        }

        protected override DiskFile Decorate(DiskFile file) => new BlockedFile(this, file);

        private sealed class BlockedFile(BlockedReads disk, DiskFile inner) : ForwardingFile(inner)
        {
            public override void Read(long offset, Span<byte> buffer)
            {
                if (Interlocked.Exchange(ref disk._blocks, 0) == 1)
                {
                    disk._begun.Set();
                    disk._go.Wait();
                }

                Inner.Read(offset, buffer);
            }
        }
    }
}
