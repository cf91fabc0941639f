namespace Imm.Core.Storage;

/// <summary>
/// An observer of the storage engine. Its members are called on the thread that does the work, which waits for them: they must be quick and
/// must not throw.
/// </summary>
internal interface IStoreObserver
{
    /// <summary>
    /// True if the calling thread is inside a call of the observer. Such a thread may neither change nor close the store, because it would
    /// wait for itself.
    /// </summary>
    bool IsTelling { get; }

    /// <summary>Reports a batch that changed something and is published; in a store with a file it is durable.</summary>
    /// <param name="operations">The number of operations in the batch, including refused ones.</param>
    void Committed(int operations);

    /// <summary>Reports a flush of a log.</summary>
    void Flushed(TimeSpan duration);

    /// <summary>Reports the end of a checkpoint.</summary>
    void Checkpointed(StoreCheckpoint checkpoint);

    /// <summary>Reports the first batch that found no room, after one that did.</summary>
    void RanOutOfSpace(Exception cause);

    /// <summary>Reports a round trip to the database of a shared store.</summary>
    void MadeRoundTrip();

    /// <summary>Reports scopes in which another process was first, so that writes are decided again.</summary>
    void LostRaces(int scopes);

    /// <summary>Reports a scope whose state was brought up to the changes of another process.</summary>
    void CaughtUp();

    /// <summary>Reports a failure of the database after which its work is tried again.</summary>
    void Retried(Exception cause);

    /// <summary>Reports, once, that the store has failed and takes no more changes.</summary>
    void Failed(Exception cause);
}
