using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store in a file: numbers the scopes, and counts the reads that a close waits for.</summary>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A late read may still ask the count.")]
internal sealed class FileLog : CommitLog
{
    private readonly FileStore _file;

    /// <summary>The scopes that were stored when the store was opened; most of them may never be used.</summary>
    private readonly Dictionary<Scope, StoredScope> _stored = [];

    /// <summary>One for the open log, and one for each read of its files under way.</summary>
    private readonly CountdownEvent _reads = new(1);

    // Only the holder of the commit lock uses these.
    private int _lastId;
    private int _lastIdBeforeBatch;

    public FileLog(FileStore file, FileStoreSettings settings)
        : base(settings.Defaults)
    {
        _file = file;
        foreach (StoredScope scope in file.Scopes)
        {
            _stored.Add(scope.Scope, scope);
            _lastId = Math.Max(_lastId, scope.Id);
        }
    }

    public override bool IsPersistent => true;

    public override Exception? Failure => _file.Failure;

    public override IReadOnlyCollection<Scope> StoredScopes => _stored.Keys;

    public override long LoadableSequence => _file.AppliedSequence;

    public override IEnumerable<PublishedChange> RecentChanges => _file.RecentChanges;

    public override bool IsStored(Scope scope) => _stored.ContainsKey(scope);

    public override ScopeEntry NewEntry(Scope scope)
    {
        StoredScope stored = _stored.GetValueOrDefault(scope);
        return new ScopeEntry(scope, stored.Id, stored.OwnProjectQuota, stored.Revision);
    }

    public override ScopeState Load(ScopeEntry entry) => entry.Id == 0
        ? Empty(entry.Scope)
        : Read(
            (Log: this, Entry: entry),
            static it => it.Log._file.Load(it.Entry.Scope, it.Entry.Id, it.Entry.OwnProjectQuota, it.Entry.Revision),
            static it => $"The projects of {it.Entry.Scope} cannot be read.");

    public override IEnumerable<ScopeState>? ReadScopes()
    {
        // Closing the store waits for the end of the enumeration, not only for each step.
        if (!_reads.TryAddCount())
        {
            throw Closed();
        }

        try
        {
            using IEnumerator<ScopeState> scopes = _file.ReadScopes().GetEnumerator();
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

    public override Refusal? RefuseNewScope(ScopeEntry entry) => entry.Id > 0 || _lastId < RecordKey.MaxScope
        ? null
        : Refusal.CountExceeded(
            "AccountId", "accounts in a region that the store has held", 1, RecordKey.MaxScope, RecordKey.MaxScope);

    public override void Begin()
    {
        _file.BeginBatch();
        _lastIdBeforeBatch = _lastId;
    }

    public override void Add(ScopeEntry entry, Change[] changes)
    {
        if (entry.Id == 0)
        {
            entry.Id = ++_lastId;
            _file.Add(entry.Id, new Change(ChangeKind.Scope, 0, entry.Staged!, ChangeState.Created));
        }

        foreach (Change change in changes)
        {
            _file.Add(entry.Id, change);
        }
    }

    public override long Append() => _file.Append();

    // The next change of a scope that was new in the batch has to store the scope again.
    public override void Discard(IEnumerable<ScopeEntry> entries)
    {
        foreach (ScopeEntry entry in entries)
        {
            entry.Id = entry.Id > _lastIdBeforeBatch ? 0 : entry.Id;
        }

        _lastId = _lastIdBeforeBatch;
    }

    public override List<string> Check() => Read(_file, static file => file.Check());

    /// <summary>Makes the path of a copy absolute.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the working directory is gone.</exception>
    public string MakeAbsolute(string path) => Read(path, Path.GetFullPath);

    /// <summary>Writes a copy of what was appended before the call to a new file.</summary>
    public void Backup(string path, CancellationToken cancellationToken) => Read(
        (File: _file, Path: path, Token: cancellationToken),
        static it =>
        {
            it.File.Backup(it.Path, it.Token);
            return it.Path;
        });

    public override void AwaitReads()
    {
        _reads.Signal();
        _reads.Wait();
    }

    public override void Close() => _file.Dispose();

    /// <summary>Reads the files while writers go on; <see cref="Close"/> waits for it.</summary>
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
            throw Refusal.Unavailable(
                StoreFileException.ReasonOf(e), subject is null ? e.Message : $"{subject(state)} {e.Message}", e).ToException();
        }
        finally
        {
            _reads.Signal();
        }
    }
}
