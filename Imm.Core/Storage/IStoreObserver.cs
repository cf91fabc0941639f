namespace Imm.Core.Storage;

/// <summary>
/// Hears of what the storage does. It is called on the thread that does it, which goes on only afterwards: it is to be quick, and never
/// throws.
/// </summary>
internal interface IStoreObserver
{
    /// <summary>
    /// True if it is being told something on the calling thread: whoever asks is called by the store, and may neither change nor close it.
    /// </summary>
    bool IsTelling { get; }

    /// <summary>Operations were decided as one batch that changed something; it is published, and durable where there is a file.</summary>
    /// <param name="operations">How many, those that were refused among them.</param>
    void Committed(int operations);

    /// <summary>A log was flushed.</summary>
    void Flushed(TimeSpan duration);

    /// <summary>A checkpoint has ended.</summary>
    void Checkpointed(StoreCheckpoint checkpoint);

    /// <summary>The store goes on no more. Of several causes the first counts; the same may be told twice.</summary>
    void Failed(Exception cause);
}
