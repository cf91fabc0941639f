using Imm.Core.Model;
using Imm.Core.Storage;

namespace Imm.Core.Commit;

/// <summary>The log of a store in a file that takes changes: numbers the scopes.</summary>
internal sealed class FileLog(FileStore file, FileStoreSettings settings) : StoredLog(settings.Defaults, file.Scopes)
{
    // Only the holder of the commit lock uses these.
    private int? _lastIdGiven;
    private int _lastIdBeforeBatch;

    public override bool IsPersistent => true;

    public override Exception? Failure => file.Failure;

    public override long LoadableSequence => file.AppliedSequence;

    private int LastId
    {
        get => _lastIdGiven ??= LastStoredId;
        set => _lastIdGiven = value;
    }

    public override Refusal? RefuseNewScope(ScopeEntry entry) => entry.Id > 0 || LastId < RecordKey.MaxScope
        ? null
        : Refusal.CountExceeded(
            "AccountId", "accounts in a region that the store has held", 1, RecordKey.MaxScope, RecordKey.MaxScope);

    public override void Begin()
    {
        file.BeginBatch();
        _lastIdBeforeBatch = LastId;
    }

    public override void Add(ScopeEntry entry, Change[] changes)
    {
        if (entry.Id == 0)
        {
            entry.Id = ++LastId;
            file.Add(entry.Id, new Change(ChangeKind.Scope, 0, entry.Staged!, ChangeState.Created));
        }

        foreach (Change change in changes)
        {
            file.Add(entry.Id, change);
        }
    }

    public override long Append() => file.Append();

    // The next change of a scope that was new in the batch has to store the scope again.
    public override void Discard(IEnumerable<ScopeEntry> entries)
    {
        foreach (ScopeEntry entry in entries)
        {
            entry.Id = entry.Id > _lastIdBeforeBatch ? 0 : entry.Id;
        }

        LastId = _lastIdBeforeBatch;
    }

    public override void Close() => file.Dispose();

    protected override ScopeState LoadStored(ScopeEntry entry) =>
        file.Load(entry.Scope, entry.Id, entry.OwnProjectQuota, entry.Revision);

    protected override IEnumerable<ScopeState> ReadStored() => file.ReadScopes();

    protected override IReadOnlyList<PublishedChange> ReadStoredChanges() => file.ReadChanges();

    protected override List<string> CheckStored() => file.Check();

    protected override void BackupStored(string path, CancellationToken cancellationToken) => file.Backup(path, cancellationToken);
}
