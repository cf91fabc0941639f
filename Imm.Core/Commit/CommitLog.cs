using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store: makes batches of changes durable, and loads the scopes that were stored before.</summary>
/// <remarks>Only the holder of the commit lock builds and appends batches. Everything else is thread-safe.</remarks>
/// <param name="defaults">The values that the options give for every project.</param>
internal abstract class CommitLog(ServiceDefaults defaults)
{
    /// <summary>The values that the options give for every project.</summary>
    protected ServiceDefaults Defaults { get; } = defaults;

    /// <summary>
    /// True if <see cref="Append"/> waits for a disk: then writes wait in a queue and share a flush. False if it returns at once.
    /// </summary>
    public abstract bool IsPersistent { get; }

    /// <summary>
    /// The failure after which nothing is appended any more; null while there is none. Only a new open of the files ends it.
    /// </summary>
    public virtual Exception? Failure => null;

    /// <summary>
    /// True if other processes change the same scopes: then <see cref="ScopeEntry.LastSequence"/> is the version of a scope, and a batch
    /// may find that a scope has moved on.
    /// </summary>
    public virtual bool IsShared => false;

    /// <summary>The number of scopes that a batch may change or read, from 1.</summary>
    public virtual int MaxScopes => int.MaxValue;

    /// <summary>The scopes that have stored content, as of when the store was opened.</summary>
    public abstract IReadOnlyCollection<Scope> StoredScopes { get; }

    /// <summary>The number of the last batch that a load finds: an older state may be dropped from memory.</summary>
    public virtual long LoadableSequence => 0;

    /// <summary>The refusal of every change, after <see cref="Failure"/> or for another reason; null while changes are taken.</summary>
    public virtual ImmRefusal? Failed => Failure is { } cause
        ? ImmRefusal.Unavailable(
            ImmUnavailableReason.StoreFailed,
            "The store has failed and takes no more changes until it is opened again. "
            + $"What was acknowledged is in its files, unless something else changed them. {cause.Message}",
            cause)
        : null;

    /// <summary>Makes the exception of every use of a closed store.</summary>
    public static ObjectDisposedException Closed() => new("Imm.Core.ImmStore");

    /// <summary>True if the scope had stored content when the store was opened.</summary>
    public abstract bool IsStored(Scope scope);

    /// <summary>Makes the entry of a scope, stored or not.</summary>
    public abstract ScopeEntry NewEntry(Scope scope);

    /// <summary>Makes the state of a scope of which nothing is stored.</summary>
    public ScopeState Empty(Scope scope) => ScopeState.Empty(scope, Defaults);

    /// <summary>Loads the state of a scope; the empty state where nothing is stored. Caller must hold the lock of the entry.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the scope cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    public abstract ScopeState Load(ScopeEntry entry);

    /// <summary>
    /// Reads the last changes of projects that are stored, in order: those from before the store was opened, and perhaps later ones.
    /// </summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: they cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    public virtual IReadOnlyList<PublishedChange> ReadChanges() => [];

    /// <summary>
    /// Reads the content of all scopes at one moment, in ordinal order, one at a time; null where the states in memory are everything.
    /// </summary>
    /// <exception cref="ImmException">
    /// While it is enumerated: <see cref="ImmErrorCode.ServiceUnavailable"/>: the store cannot be read.
    /// </exception>
    /// <exception cref="ObjectDisposedException">While it is enumerated: the log is closed.</exception>
    public virtual IEnumerable<ScopeState>? ReadScopes() => null;

    /// <summary>Refuses the first change of a scope where the log can store no further scope; null where it can.</summary>
    public virtual ImmRefusal? RefuseNewScope(ScopeEntry entry) => null;

    /// <summary>Reads the changes of projects of a scope after a revision, in order, as far as they are stored; null for none.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: they cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    public virtual IReadOnlyList<PublishedChange>? ReadChangesAfter(Scope scope, long revision) => null;

    /// <summary>Gives the published state of an entry where it is in memory. A shared log notes its version for the batch.</summary>
    public virtual bool TryPin(ScopeEntry entry, [NotNullWhen(true)] out ScopeState? state)
    {
        state = entry.Published;
        return state is not null;
    }

    /// <summary>True if <see cref="Lock"/> is to be called for the next batch. Caller must hold the commit lock.</summary>
    public virtual bool LocksFirst => false;

    /// <summary>Begins a batch.</summary>
    public virtual void Begin()
    {
    }

    /// <summary>Locks scopes of a batch that has begun, and brings their states up to date, before it is decided.</summary>
    /// <param name="entries">The scopes of the batch, the one whose write waits longest first.</param>
    /// <returns>
    /// Those that are locked, at least one. Scopes that another process holds may be left for the next batch.
    /// </returns>
    public virtual IReadOnlyCollection<ScopeEntry> Lock(ScopeEntry[] entries) => entries;

    /// <summary>Adds the changes of one command to the batch.</summary>
    /// <param name="entry">The scope, with <see cref="ScopeEntry.Staged"/> after the command.</param>
    /// <param name="changes">The changes.</param>
    public virtual void Add(ScopeEntry entry, Change[] changes)
    {
    }

    /// <summary>Appends the batch and makes it durable; a batch without changes appends nothing.</summary>
    /// <returns>The sequence number of the last batch that was appended.</returns>
    /// <exception cref="Exception">
    /// The batch is not durable. Where <see cref="Failure"/> is null then, nothing of it was written and the next one may succeed.
    /// </exception>
    public virtual long Append() => 0;

    /// <summary>
    /// True if nothing of the batch was appended in a scope, as the scope had moved on or for <see cref="RefusalOf"/>. Caller must hold the
    /// commit lock.
    /// </summary>
    public virtual bool IsLost(ScopeEntry entry) => false;

    /// <summary>
    /// The refusal of the writes of a scope in which nothing was appended; null where they are to be decided again. Caller must hold the
    /// commit lock.
    /// </summary>
    public virtual ImmRefusal? RefusalOf(ScopeEntry entry) => null;

    /// <summary>True if the calling thread is one of the log's own, for which a batch waits.</summary>
    public virtual bool IsCommitting => false;

    /// <summary>The sequence number of the state that a batch has made in a scope. Caller must hold the commit lock.</summary>
    /// <param name="entry">A scope of the batch.</param>
    /// <param name="sequence">The number that <see cref="Append"/> has returned.</param>
    public virtual long SequenceOf(ScopeEntry entry, long sequence) => sequence;

    /// <summary>The id of the batch that was appended last, in a shared log. Caller must hold the commit lock.</summary>
    public virtual Guid BatchId => default;

    /// <summary>Makes the refusal of the writes of a batch that was not appended.</summary>
    public virtual ImmRefusal Refuse(Exception cause) => ImmRefusal.Unavailable(
        StoreFileException.ReasonOf(cause),
        cause is OutOfSpaceException
            ? $"There is no room for the change, and nothing was changed. Make room and try again. {cause.Message}"
            : $"The change could not be stored, and nothing was changed; a later one may be. {cause.Message}",
        cause);

    /// <summary>
    /// Sets <see cref="Failure"/>: a batch is durable, but could not be published. Caller must hold the commit lock. Not called for a
    /// shared log, which reads the batch from the database as one of another process.
    /// </summary>
    public virtual void Fail(Exception cause)
    {
    }

    /// <summary>Notes that the store closes, before its last writes are done.</summary>
    public virtual void Closing()
    {
    }

    /// <summary>Undoes what <see cref="Add"/> changed in the entries of a batch that was not appended.</summary>
    /// <param name="entries">The scopes of the batch.</param>
    public virtual void Discard(List<ScopeEntry> entries)
    {
    }

    /// <summary>Verifies everything that was appended before the call.</summary>
    /// <returns>Each problem that was found; empty where there is none.</returns>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the store cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The log is closed.</exception>
    public virtual List<string> Check() => [];

    /// <summary>Waits for the reads under way, and refuses later ones.</summary>
    public virtual void AwaitReads()
    {
    }

    /// <summary>Closes what the log has open. It does not throw for what cannot be stored: <see cref="Failure"/> says so.</summary>
    public virtual void Close()
    {
    }
}
