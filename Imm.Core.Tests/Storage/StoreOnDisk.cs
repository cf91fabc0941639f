using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Opens stores for the tests of the storage engine, with short logs, so that every few batches switch the logs and begin a checkpoint.
/// </summary>
internal sealed record StoreOnDisk(Disk Disk, string Path = StoreOnDisk.DataPath)
{
    public const string DataPath = "/store/imm.db";

    public long CheckpointLength { get; init; } = 12 << 10;

    /// <summary>The default of the engine: a log grows once. A short one lets it grow while there is load.</summary>
    public int LogGrowthStep { get; init; } = FileStoreSettings.DefaultLogGrowthStep;

    public Durability Durability { get; init; }

    public TimeSpan VerifyFilesAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Never, unless a test asks for it: what is written when is to depend on the calls alone.</summary>
    public TimeSpan IdleMark { get; init; } = TimeSpan.Zero;

    /// <summary>Opens the store on a disk; null if the open is refused. A refused open must change no file.</summary>
    public static ImmStore? OpenUnlessRefused(SimulatedDisk disk, string what)
    {
        SimulatedDisk before = disk.AsKilled();
        try
        {
            return new StoreOnDisk(disk).Open();
        }
        catch (ImmException e)
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
            Assert.True(before.Paths.SequenceEqual(disk.Paths), $"{what}: the refused open left {string.Join(", ", disk.Paths)}.");
            Assert.All(before.Paths, path => Assert.True(
                before.Read(path).AsSpan().SequenceEqual(disk.Read(path)), $"{what}: the refused open changed '{path}'. {e.Message}"));
            return null;
        }
    }

    public ImmStore Open(TimeProvider? timeProvider = null) => ImmStore.Open(
        new ImmStoreOptions
        {
            Path = Path,
            ProjectQuota = Contents.DefaultQuota,
            TimeProvider = timeProvider ?? TimeProvider.System,
            Durability = Durability,
        },
        Disk,
        settings => settings with
        {
            CheckpointLength = CheckpointLength,
            MaxLogLength = 2 * CheckpointLength,
            LogGrowthStep = LogGrowthStep,
            IdleMark = IdleMark,
            VerifyFilesAfter = VerifyFilesAfter,
        });
}
