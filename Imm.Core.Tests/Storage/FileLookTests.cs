using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The look whether the files are still those that were opened, beside what changes them rightly.</summary>
public class FileLookTests
{
    // The look reads the length of a file, then how long it must be; between the two a checkpoint makes it longer.
    [Fact]
    public void A_look_at_the_files_beside_a_checkpoint_that_grows_them_finds_no_damage()
    {
        using var disk = new GateDisk(new SimulatedDisk());
        using ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 64 << 10, LookAgainAfter = TimeSpan.Zero }.Open();
        ProjectRegistry registry = Contents.Registry(store, 0);
        registry.SetProjectQuota(10_000);
        registry.Create(new CreateProjectRequest { ProjectName = "first" });
        disk.IsArmed = true;
        for (int i = 0; i < 200; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i}", Description = new string('d', 200) });
        }

        Assert.True(SpinWait.SpinUntil(() => disk.IsHeld, 10_000));

        disk.BetweenTheTwo = () =>
        {
            disk.Release();
            SpinWait.SpinUntil(() => store.Status.LastCheckpointPages > 0);
        };
        registry.Create(new CreateProjectRequest { ProjectName = "last" });

        Assert.Equal(ImmStoreState.Open, store.Status.State);
    }

    private sealed class GateDisk(Disk inner) : Disk, IDisposable
    {
        private readonly ManualResetEventSlim _gate = new();

        public volatile bool IsArmed;
        public volatile bool IsHeld;

        public Action? BetweenTheTwo { get; set; }

        public void Release() => _gate.Set();

        public void Dispose() => _gate.Dispose();

        public override long? Length(string path) => inner.Length(path);

        public override DiskFile Open(string path) => new GateFile(this, inner.Open(path));

        public override DiskFile Create(string path, UnixFileMode? mode = null) => new GateFile(this, inner.Create(path, mode));

        public override void Rename(string from, string to) => inner.Rename(from, to);

        public override void Delete(string path) => inner.Delete(path);

        public override void FlushDirectory(string path) => inner.FlushDirectory(path);

        private static bool IsCheckpoint => Thread.CurrentThread.Name?.StartsWith("Imm.Core checkpoint", StringComparison.Ordinal) == true;

        private sealed class GateFile(GateDisk disk, DiskFile inner) : DiskFile(inner.Name)
        {
            public override long Length
            {
                get
                {
                    long length = inner.Length;
                    if (!IsCheckpoint && Name == StoreOnDisk.DataPath && disk.BetweenTheTwo is { } action)
                    {
                        disk.BetweenTheTwo = null;
                        action();
                    }

                    return length;
                }
            }

            public override void Read(long offset, Span<byte> buffer) => inner.Read(offset, buffer);

            public override void Write(long offset, ReadOnlySpan<byte> buffer)
            {
                if (disk.IsArmed && IsCheckpoint && Name == StoreOnDisk.DataPath)
                {
                    disk.IsHeld = true;
                    disk._gate.Wait();
                }

                inner.Write(offset, buffer);
            }

            public override void SetLength(long length) => inner.SetLength(length);

            public override void Flush() => inner.Flush();

            public override void Dispose() => inner.Dispose();
        }
    }
}
