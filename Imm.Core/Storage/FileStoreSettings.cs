using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The settings of a file store. Tests set short lengths, so that checkpoints are frequent.</summary>
internal sealed record FileStoreSettings(ServiceDefaults Defaults)
{
    /// <summary>The default value of <see cref="LogGrowthStep"/>, 1 MiB.</summary>
    public const int DefaultLogGrowthStep = 1 << 20;

    /// <summary>True if every batch is flushed before it is acknowledged. The default value is true.</summary>
    public bool FlushEachCommit { get; init; } = true;

    /// <summary>The length in bytes of the active log from which on a checkpoint begins. The default value is 16 MiB.</summary>
    public long CheckpointLength { get; init; } = 16 << 20;

    /// <summary>
    /// The length in bytes of the active log from which on batches wait for the checkpoint of the other log. The default value is 64 MiB.
    /// </summary>
    public long MaxLogLength { get; init; } = 64 << 20;

    /// <summary>
    /// The size in bytes by multiples of which a log grows. The default value is <see cref="DefaultLogGrowthStep"/>.
    /// </summary>
    public int LogGrowthStep { get; init; } = DefaultLogGrowthStep;

    /// <summary>
    /// The number of pages after which a checkpoint opens LiteDB again, because it may hold those that it has seen. The default value is
    /// <see cref="CheckpointDocuments.DefaultMaxPages"/>.
    /// </summary>
    public int MaxPagesOfLiteDb { get; init; } = CheckpointDocuments.DefaultMaxPages;

    /// <summary>The time without changes after which an idle mark is written, at the latest; not positive for never.</summary>
    public TimeSpan IdleMark { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The minimum time between two verifications of the names and lengths of the files before a batch.</summary>
    public TimeSpan VerifyFilesAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The permissions of a new data file on Unix; null for those that the process gives to new files.</summary>
    public UnixFileMode? NewFileMode { get; init; }

    /// <summary>The observer; null for none.</summary>
    public IStoreObserver? Observer { get; init; }

    /// <summary>
    /// Starts a thread with a name. Throws <see cref="StoreFileException"/> or <see cref="ThreadStartException"/> if it cannot.
    /// </summary>
    public Func<ThreadStart, string, Thread> StartThread { get; init; } = StartInBackground;

    public RecordCodec Codec { get; } = new(Defaults);

    public Func<Guid> NewStoreId { get; init; } = RandomId;

    // UnsafeStart: the thread must not run with the execution context of the caller that happens to open the store.
    private static Thread StartInBackground(ThreadStart work, string name)
    {
        var thread = new Thread(work) { IsBackground = true, Name = name };
        try
        {
            thread.UnsafeStart();
        }
        catch (OutOfMemoryException e)
        {
            // So says the runtime where the system gives no thread, with a message that does not tell what was missing.
            throw new StoreFileException(
                ImmUnavailableReason.Other,
                $"The thread '{name}' cannot be started: a limit of the process or of the system is reached.",
                e);
        }

        return thread;
    }

#pragma warning disable RS0030 // The id of a store must be unique, in tests too.
    private static Guid RandomId() => Guid.NewGuid();
#pragma warning restore RS0030
}
