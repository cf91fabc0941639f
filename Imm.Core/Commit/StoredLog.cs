using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store that is in files: knows the scopes that were stored, and counts the reads that a close waits for.</summary>
internal abstract class StoredLog : CommitLog
{
    private volatile Opening _opening;
    private volatile bool _isClosed;

    protected StoredLog(ServiceDefaults defaults, IEnumerable<StoredScope> scopes)
        : base(defaults) => _opening = new Opening(scopes.ToDictionary(static scope => scope.Scope));

    public sealed override IReadOnlyCollection<Scope> StoredScopes => _opening.Stored.Keys;

    /// <summary>The greatest number of a scope that was stored; 0 for none.</summary>
    protected int LastStoredId => _opening.Stored.Values.Select(static scope => scope.Id).DefaultIfEmpty().Max();

    public sealed override bool IsStored(Scope scope) => _opening.Stored.ContainsKey(scope);

    public sealed override ScopeEntry NewEntry(Scope scope)
    {
        StoredScope stored = _opening.Stored.GetValueOrDefault(scope);
        return new ScopeEntry(scope, stored.Id, stored.OwnProjectQuota, stored.Revision);
    }

    public sealed override ScopeState Load(ScopeEntry entry) => entry.Id == 0
        ? Empty(entry.Scope)
        : Read(
            (Log: this, Entry: entry),
            static it => it.Log.LoadStored(it.Entry),
            static it => $"The projects of {it.Entry.Scope} cannot be read.");

    public sealed override IEnumerable<ScopeState>? ReadScopes()
    {
        // Closing the store waits for the end of the enumeration, not only for each step.
        Opening opening = BeginRead();
        try
        {
            using IEnumerator<ScopeState> scopes = ReadStored().GetEnumerator();
            while (Read(scopes, static scopes => scopes.MoveNext()))
            {
                yield return scopes.Current;
            }
        }
        finally
        {
            opening.Reads.Signal();
        }
    }

    public sealed override IReadOnlyList<PublishedChange> ReadChanges() => Read(
        this, static log => log.ReadStoredChanges(), static _ => "The changes before the store was opened cannot be read.");

    public sealed override List<string> Check() => Read(this, static log => log.CheckStored());

    /// <summary>Makes the path of a copy absolute.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the working directory is gone.</exception>
    public string MakeAbsolute(string path) => Read(path, Path.GetFullPath);

    /// <summary>Writes a copy of what was appended before the call to a new file.</summary>
    public void Backup(string path, CancellationToken cancellationToken) => Read(
        (Log: this, Path: path, Token: cancellationToken),
        static it =>
        {
            it.Log.BackupStored(it.Path, it.Token);
            return it.Path;
        });

    public sealed override void AwaitReads()
    {
        _isClosed = true;
        _opening.AwaitReads();
    }

    /// <summary>Waits for the reads of the files under way; later ones are refused until <see cref="EndReopen"/>.</summary>
    protected void BeginReopen() => _opening.AwaitReads();

    /// <summary>Admits reads again.</summary>
    /// <param name="scopes">The scopes that are stored; null where the files could not be opened.</param>
    protected void EndReopen(IEnumerable<StoredScope>? scopes) =>
        _opening = new Opening(scopes?.ToDictionary(static scope => scope.Scope) ?? _opening.Stored);

    /// <summary>Loads the state of a scope that is stored.</summary>
    protected abstract ScopeState LoadStored(ScopeEntry entry);

    /// <inheritdoc cref="CommitLog.ReadScopes"/>
    protected abstract IEnumerable<ScopeState> ReadStored();

    /// <inheritdoc cref="CommitLog.ReadChanges"/>
    protected virtual IReadOnlyList<PublishedChange> ReadStoredChanges() => [];

    /// <inheritdoc cref="CommitLog.Check"/>
    protected abstract List<string> CheckStored();

    /// <inheritdoc cref="Backup"/>
    protected abstract void BackupStored(string path, CancellationToken cancellationToken);

    private static ImmException Unavailable(Exception cause, string? subject) => ImmRefusal.Unavailable(
        StoreFileException.ReasonOf(cause), subject is null ? cause.Message : $"{subject} {cause.Message}", cause).ToException();

    /// <summary>Reads the files while writers go on; <see cref="CommitLog.Close"/> waits for it.</summary>
    private T Read<TState, T>(TState state, Func<TState, T> read, Func<TState, string>? subject = null)
    {
        Opening opening = BeginRead();
        try
        {
            return read(state);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException
            || (subject is not null && e is not (ObjectDisposedException or ThreadInterruptedException)))
        {
            throw Unavailable(e, subject?.Invoke(state));
        }
        finally
        {
            opening.Reads.Signal();
        }
    }

    private Opening BeginRead()
    {
        Opening opening = _opening;
        return opening.Reads.TryAddCount() ? opening
            : _isClosed ? throw Closed()
            : throw ImmRefusal.Unavailable(ImmUnavailableReason.StoreFailed, "The store is being opened again.").ToException();
    }

    /// <summary>The files from one open to the next.</summary>
    /// <param name="stored">The scopes that were stored when the files were opened; most of them may never be used.</param>
    [SuppressMessage(
        "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A late read may still ask the count.")]
    private sealed class Opening(Dictionary<Scope, StoredScope> stored)
    {
        public Dictionary<Scope, StoredScope> Stored => stored;

        /// <summary>One for the open log, and one for each read of its files under way.</summary>
        public CountdownEvent Reads { get; } = new(1);

        public void AwaitReads()
        {
            Reads.Signal();
            Reads.Wait();
        }
    }
}
