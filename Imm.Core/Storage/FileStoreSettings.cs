using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>How a file store works; the lengths are set by tests that want checkpoints often.</summary>
internal sealed record FileStoreSettings(ServiceFigures Figures, TimeProvider TimeProvider)
{
    /// <summary>Whether every commit is flushed before it is acknowledged.</summary>
    public bool FlushEachCommit { get; init; } = true;

    /// <summary>A log of this length, in bytes, is drained into the data file.</summary>
    public long CheckpointLength { get; init; } = 8 << 20;

    /// <summary>A log of this length, in bytes, takes no more until the other one is drained.</summary>
    public long MaxLogLength { get; init; } = 256 << 20;

    /// <summary>Who hears of what the store does; null for nobody.</summary>
    public IStoreObserver? Observer { get; init; }

    public RecordCodec Codec { get; } = new(Figures);

    public Func<Guid> NewStoreId { get; init; } = RandomId;

#pragma warning disable RS0030 // The identity of a store is to be unlike any other's, in tests too.
    private static Guid RandomId() => Guid.NewGuid();
#pragma warning restore RS0030
}
