using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>How the tests of the storage engine open a store: with short logs, so that the logs take turns and are drained every few batches.</summary>
internal sealed record StoreOnDisk(Disk Disk, string Path = StoreOnDisk.DataPath)
{
    public const string DataPath = "/store/imm.db";

    public long CheckpointLength { get; init; } = 12 << 10;

    public Durability Durability { get; init; }

    public TimeSpan VerifyFilesAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Never, unless a test asks for it: what is written when is to depend on the calls alone.</summary>
    public TimeSpan IdleMark { get; init; } = TimeSpan.Zero;

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
            IdleMark = IdleMark,
            VerifyFilesAfter = VerifyFilesAfter,
        });
}
