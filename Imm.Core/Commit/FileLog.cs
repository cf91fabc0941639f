using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store in a file that takes changes: numbers the scopes.</summary>
internal sealed class FileLog(FileStore file, FileStoreSettings settings) : StoredLog(settings.Defaults, file.Scopes)
{
    private volatile FileStore? _file = file;
    private volatile Exception? _failure;

    // Only the holder of the commit lock uses these.
    private int? _lastIdGiven;
    private int _lastIdBeforeBatch;

    public override bool IsPersistent => true;

    public override Exception? Failure => _file is { } file ? file.Failure : _failure;

    public override long LoadableSequence => _file?.AppliedSequence ?? 0;

    /// <summary>The files; null where they could not be opened again.</summary>
    public FileStore? Files => _file;

    private FileStore Opened =>
        _file ?? throw new IOException($"The store could not be opened again. {_failure!.Message}", _failure);

    private int LastId
    {
        get => _lastIdGiven ??= LastStoredId;
        set => _lastIdGiven = value;
    }

    public override ImmRefusal? RefuseNewScope(ScopeEntry entry) => entry.Id > 0 || LastId < RecordKey.MaxScope
        ? null
        : ImmRefusal.CountExceeded(
            "AccountId", "accounts in a region that the store has held", 1, RecordKey.MaxScope, RecordKey.MaxScope);

    public override void Begin()
    {
        Opened.BeginBatch();
        _lastIdBeforeBatch = LastId;
    }

    public override void Add(ScopeEntry entry, Change[] changes)
    {
        if (entry.Id == 0)
        {
            entry.Id = ++LastId;
            Opened.Add(entry.Id, new Change(ChangeKind.Scope, 0, entry.Staged!, ChangeState.Created));
        }

        foreach (Change change in changes)
        {
            Opened.Add(entry.Id, change);
        }
    }

    public override long Append() => Opened.Append();

    // What comes next would be decided on a state that lacks the batch.
    public override void Fail(Exception cause) => Opened.Fail(cause);

    // The next change of a scope that was new in the batch has to store the scope again.
    public override void Discard(List<ScopeEntry> entries)
    {
        foreach (ScopeEntry entry in entries)
        {
            entry.Id = entry.Id > _lastIdBeforeBatch ? 0 : entry.Id;
        }

        LastId = _lastIdBeforeBatch;
    }

    public override void Close() => _file?.Dispose();

    /// <summary>
    /// Gives up the files of a log that has failed, and opens them again. Waits for the reads under way; later ones are refused until then.
    /// Caller must hold the commit lock.
    /// </summary>
    /// <param name="open">Opens the files. Where it throws, the log remains failed, and the call can be repeated.</param>
    public void Reopen(Func<FileStore> open)
    {
        BeginReopen();
        _failure = Failure;
        FileStore? before = _file;
        _file = null;
        before?.Dispose();
        try
        {
            FileStore opened = open();
            _lastIdGiven = null;
            _file = opened;
            EndReopen(opened.Scopes);
        }
        catch (Exception e)
        {
            _failure = e;
            EndReopen(scopes: null);
            throw;
        }
    }

    protected override ScopeState LoadStored(ScopeEntry entry) =>
        Opened.Load(entry.Scope, entry.Id, entry.OwnProjectQuota, entry.Revision);

    protected override IEnumerable<ScopeState> ReadStored() => Opened.ReadScopes();

    protected override IReadOnlyList<PublishedChange> ReadStoredChanges() => Opened.ReadChanges();

    protected override List<string> CheckStored() => Opened.Check();

    protected override void BackupStored(string path, CancellationToken cancellationToken) => Opened.Backup(path, cancellationToken);
}
