namespace Imm.Core.Storage;

/// <summary>
/// The first failure of a store, shared by the committing thread, the checkpoint thread and readers. Once set it stays: the store takes no
/// more changes until it is opened again. Thread-safe.
/// </summary>
internal sealed class FailureLatch(string path)
{
    private Exception? _cause;

    /// <summary>The cause of the failure; null while there is none.</summary>
    public Exception? Cause => Volatile.Read(ref _cause);

    /// <summary>Sets the cause; false if one is set already, which stays.</summary>
    public bool TrySet(Exception cause) => Interlocked.CompareExchange(ref _cause, cause, null) is null;

    /// <summary>Fails if the store has failed.</summary>
    /// <exception cref="IOException">The store has failed; the inner exception is the cause.</exception>
    public void ThrowIfSet()
    {
        if (Cause is { } cause)
        {
            throw new IOException($"The store '{path}' has failed: {cause.Message}", cause);
        }
    }
}
