namespace Imm.Core.Storage;

/// <summary>
/// The failure of a store, shared by the committing thread, the checkpoint thread and readers. Once it is set the store takes no more
/// changes until it is opened again. Thread-safe.
/// </summary>
internal sealed class FailureLatch(string path, IStoreObserver? observer)
{
    private Exception? _cause;

    /// <summary>Occurs when the failure is set, on the thread that sets it.</summary>
    public event Action? WasSet;

    /// <summary>The cause of the failure; null while there is none.</summary>
    public Exception? Cause => Volatile.Read(ref _cause);

    public bool IsSet => Cause is not null;

    /// <summary>Sets the failure and reports it, unless it is set already.</summary>
    public void Set(Exception cause)
    {
        if (TrySet(cause) && observer is not null)
        {
            Tell(() => observer.Failed(cause));
        }
    }

    /// <summary>Sets the failure without reporting it to the observer; false if it is set already.</summary>
    public bool TrySet(Exception cause)
    {
        if (Interlocked.CompareExchange(ref _cause, cause, null) is not null)
        {
            return false;
        }

        if (WasSet is { } told)
        {
            Tell(told);
        }

        return true;
    }

    /// <summary>Throws if the failure is set.</summary>
    /// <exception cref="IOException">The store has failed; the inner exception is the cause.</exception>
    public void ThrowIfSet()
    {
        if (Cause is { } cause)
        {
            throw new StoreFileException(
                ImmUnavailableReason.StoreFailed, $"The store '{path}' has failed: {cause.Message}", cause);
        }
    }

    /// <summary>Tells somebody of the failure. What that throws must not end the thread that has met it, and with it the process.</summary>
    private static void Tell(Action told)
    {
        try
        {
            told();
        }
#pragma warning disable CA1031 // What has failed the store, such as the want of memory or of a handle, may fail this too.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }
}
