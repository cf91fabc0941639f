using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The settings of a file store; the lengths are set by tests that want checkpoints often.</summary>
internal sealed record FileStoreSettings(ServiceDefaults Defaults)
{
    /// <summary>True if every commit is flushed before it is acknowledged.</summary>
    public bool FlushEachCommit { get; init; } = true;

    /// <summary>A log of this length, in bytes, is brought into the data file.</summary>
    public long CheckpointLength { get; init; } = 8 << 20;

    /// <summary>A log of this length, in bytes, takes no more until the other one is in the data file.</summary>
    public long MaxLogLength { get; init; } = 64 << 20;

    /// <summary>After this long without changes a mark in the log vouches for the last batch; not positive for never.</summary>
    public TimeSpan IdleMark { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often at most a batch is preceded by a look whether the names still lead to the open files.</summary>
    public TimeSpan LookAgainAfter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Hears of what the store does; null for nobody.</summary>
    public IStoreObserver? Observer { get; init; }

    /// <summary>
    /// Starts a thread of the store's own under a name. Throws <see cref="OutOfMemoryException"/> or <see cref="ThreadStartException"/>
    /// where it cannot.
    /// </summary>
    public Func<ThreadStart, string, Thread> StartThread { get; init; } = StartInBackground;

    public RecordCodec Codec { get; } = new(Defaults);

    public Func<Guid> NewStoreId { get; init; } = RandomId;

    // Without the context of the caller who happens to open the store: the thread does not act in that caller's name.
    private static Thread StartInBackground(ThreadStart work, string name)
    {
        var thread = new Thread(work) { IsBackground = true, Name = name };
        thread.UnsafeStart();
        return thread;
    }

#pragma warning disable RS0030 // The identity of a store is to be unlike any other's, in tests too.
    private static Guid RandomId() => Guid.NewGuid();
#pragma warning restore RS0030
}
