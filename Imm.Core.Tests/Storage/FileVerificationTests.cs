using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The verification of names and lengths of the open files while a checkpoint changes them.</summary>
public class FileVerificationTests
{
    // The verification reads the length that a file must have and the length that it has. Between the two a checkpoint extends the file.
    [Fact]
    public void Verifying_the_files_while_a_checkpoint_extends_them_finds_no_damage() => Bounded.Run(
        () => "a checkpoint beside a verification", () =>
    {
        using var disk = new GateDisk(new SimulatedDisk());
        using ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 64 << 10, VerifyFilesAfter = TimeSpan.Zero }.Open();
        ProjectRegistry registry = Contents.Registry(store, 0);
        registry.SetProjectQuota(10_000);
        registry.Create(new CreateProjectRequest { ProjectName = "first" });
        disk.IsArmed = true;
        for (int i = 0; i < 200; i++)
        {
            registry.Create(new CreateProjectRequest { ProjectName = $"p{i}", Description = new string('d', 200) });
        }

        SpinWait.SpinUntil(() => disk.IsHeld);

        disk.BetweenTheLengths = () =>
        {
            disk.Release();
            SpinWait.SpinUntil(() => store.Status.LastCheckpointPages > 0);
        };
        registry.Create(new CreateProjectRequest { ProjectName = "last" });

        Assert.Equal(ImmStoreState.Open, store.Status.State);
    });

    private sealed class GateDisk(Disk inner) : ForwardingDisk(inner), IDisposable
    {
        private readonly ManualResetEventSlim _gate = new();

        public volatile bool IsArmed;
        public volatile bool IsHeld;

        public Action? BetweenTheLengths { get; set; }

        public void Release() => _gate.Set();

        public void Dispose() => _gate.Dispose();

        protected override DiskFile Decorate(DiskFile file) => new GateFile(this, file);

        private static bool IsCheckpoint => Thread.CurrentThread.Name?.StartsWith("Imm.Core checkpoint", StringComparison.Ordinal) == true;

        private sealed class GateFile(GateDisk disk, DiskFile inner) : ForwardingFile(inner)
        {
            public override long Length
            {
                get
                {
                    long length = Inner.Length;
                    if (!IsCheckpoint && Name == StoreOnDisk.DataPath && disk.BetweenTheLengths is { } action)
                    {
                        disk.BetweenTheLengths = null;
                        action();
                    }

                    return length;
                }
            }

            public override void Write(long offset, ReadOnlySpan<byte> buffer)
            {
                if (disk.IsArmed && IsCheckpoint && Name == StoreOnDisk.DataPath)
                {
                    disk.IsHeld = true;
                    disk._gate.Wait();
                }

                Inner.Write(offset, buffer);
            }
        }
    }
}
