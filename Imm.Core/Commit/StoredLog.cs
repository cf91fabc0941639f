using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store that is in files: knows the scopes that were stored, and counts the reads that a close waits for.</summary>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A late read may still ask the count.")]
internal abstract class StoredLog : CommitLog
{
    /// <summary>The scopes that were stored when the store was opened; most of them may never be used.</summary>
    private readonly Dictionary<Scope, StoredScope> _stored = [];

    /// <summary>One for the open log, and one for each read of its files under way.</summary>
    private readonly CountdownEvent _reads = new(1);

    protected StoredLog(ServiceDefaults defaults, IEnumerable<StoredScope> scopes)
        : base(defaults)
    {
        foreach (StoredScope scope in scopes)
        {
            _stored.Add(scope.Scope, scope);
        }
    }

    public sealed override IReadOnlyCollection<Scope> StoredScopes => _stored.Keys;

    /// <summary>The greatest number of a scope that was stored; 0 for none.</summary>
    protected int LastStoredId => _stored.Values.Select(static scope => scope.Id).DefaultIfEmpty().Max();

    public sealed override bool IsStored(Scope scope) => _stored.ContainsKey(scope);

    public sealed override ScopeEntry NewEntry(Scope scope)
    {
        StoredScope stored = _stored.GetValueOrDefault(scope);
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
        if (!_reads.TryAddCount())
        {
            throw Closed();
        }

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
            _reads.Signal();
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
        _reads.Signal();
        _reads.Wait();
    }

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

    private static ImmException Unavailable(Exception cause, string? subject) => Refusal.Unavailable(
        StoreFileException.ReasonOf(cause), subject is null ? cause.Message : $"{subject} {cause.Message}", cause).ToException();

    /// <summary>Reads the files while writers go on; <see cref="CommitLog.Close"/> waits for it.</summary>
    private T Read<TState, T>(TState state, Func<TState, T> read, Func<TState, string>? subject = null)
    {
        if (!_reads.TryAddCount())
        {
            throw Closed();
        }

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
            _reads.Signal();
        }
    }
}
