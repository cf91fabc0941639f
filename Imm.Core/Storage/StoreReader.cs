using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>Reads the data file, and what the logs add to it, and excludes readers while the data file changes. Thread-safe.</summary>
/// <remarks>Order of locks: logs, data file, then the lock of <see cref="LogPair"/>.</remarks>
internal sealed class StoreReader(DataFile data, LogPair logs, StoreFiles files, FileStoreSettings settings, FailureLatch failure)
{
    /// <summary>Held to copy batches out of the logs, and to begin a generation, which overwrites them.</summary>
    private readonly object _logGate = new();

    /// <summary>Held to read and to change the data file.</summary>
    private readonly object _dataGate = new();
    private DocumentFile? _documents;
    private long _appliedSequence = data.Header.AppliedSequence;

    /// <summary>The number of the last batch that is wholly in the data file.</summary>
    public long AppliedSequence => Volatile.Read(ref _appliedSequence);

    /// <summary>Reads the state of a scope from the data file. The logs must hold no changes of it.</summary>
    public ScopeState Load(Scope scope, int id, int? ownProjectQuota, long revision) => Read(documents =>
        new ScopeLoader(documents.Read, settings.Codec, problem => throw new DamagedFileException(data.Name, problem))
            .Load(ScopeState.Empty(scope, settings.Defaults, ownProjectQuota, revision), id));

    /// <summary>
    /// Reads the last changes of projects that are in the data file, in order. When the store has just been opened, these are all that were
    /// acknowledged before, up to a bound.
    /// </summary>
    public List<PublishedChange> ReadChanges() => Read(documents =>
        documents.ReadChanges().Select(change => StoredChanges.Read(change, settings.Codec)).ToList());

    /// <summary>Takes a snapshot of everything that was appended before.</summary>
    /// <exception cref="IOException">The store has failed, or a file of it was moved or replaced.</exception>
    public StoreContents TakeSnapshot()
    {
        lock (_logGate)
        {
            LogRange[] unapplied;
            long applied;
            PageSnapshot pages;
            lock (_dataGate)
            {
                failure.ThrowIfSet();
                files.Verify();
                unapplied = logs.Unapplied();
                (applied, pages) = (data.Header.AppliedSequence, data.TakeSnapshot());
            }

            // Neither readers nor the overwriting of pages wait while the logs are read.
            try
            {
                if (!settings.FlushEachCommit)
                {
                    Flush(unapplied[^1].Log);
                }

                return new StoreContents(pages, new LoggedBatches(applied, unapplied));
            }
            catch
            {
                pages.Dispose();
                throw;
            }
        }
    }

    /// <summary>Changes the data file while nobody reads it. The store fails if that fails.</summary>
    public void ChangeData(Action change)
    {
        lock (_dataGate)
        {
            CloseDocuments();
            try
            {
                change();
                Volatile.Write(ref _appliedSequence, data.Header.AppliedSequence);
            }
            catch (Exception e)
            {
                // Set before the lock is released: old and new pages together are no consistent file.
                failure.Set(e);
                throw;
            }
        }
    }

    /// <summary>Begins generations of logs that are in the data file, while nobody reads any file.</summary>
    public void BeginLogs(Action begin)
    {
        // The first change since a close begins the logs, perhaps on the thread of a caller.
        using (Uninterruptible.Enter(_logGate))
        using (Uninterruptible.Enter(_dataGate))
        {
            begin();
        }
    }

    /// <summary>Forgets the pages that were read. Caller must know that nobody reads, or hold the lock of the data file.</summary>
    public void CloseDocuments()
    {
        _documents?.Dispose();
        _documents = null;
    }

    private T Read<T>(Func<DocumentFile, T> read)
    {
        lock (_dataGate)
        {
            failure.ThrowIfSet();
            try
            {
                data.VerifyStoreId();
                _documents ??= new DocumentFile(data, isRecycling: true);
                return read(_documents);
            }
            catch (Exception e)
            {
                _documents = null;

                // An interruption of the calling thread or a lack of memory does not fail the store: the data file is unchanged.
                if (e is not (ThreadInterruptedException or OutOfMemoryException))
                {
                    failure.Set(e);
                }

                throw;
            }
        }
    }

    private void Flush(WriteAheadLog log)
    {
        try
        {
            log.Flush();
        }
        catch (Exception e)
        {
            failure.Set(e);
            throw;
        }
    }
}
