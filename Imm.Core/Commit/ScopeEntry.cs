using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>One scope of an open store: its published state, and the staged state of the batch that is being committed.</summary>
internal sealed class ScopeEntry(Scope scope, int id = 0, int? ownProjectQuota = null, long revision = 0)
{
    private const int NotKnown = -1;

    private ScopeState? _published;
    private int _projectCount = NotKnown;

    /// <summary>The key under which a shared store has the scope; empty in other stores.</summary>
    public Guid Key { get; init; }

    public Scope Scope { get; } = scope;

    /// <summary>The number under which the log stores the scope; 0 until it does. Caller must hold the commit lock.</summary>
    public int Id { get; set; } = id;

    /// <summary>
    /// The published state, which readers see: always one that is durable. Null while it is not in memory. Set under the lock of the entry.
    /// </summary>
    public ScopeState? Published
    {
        get => Volatile.Read(ref _published);
        set
        {
            _projectCount = value?.ProjectCount ?? _projectCount;
            Volatile.Write(ref _published, value);
        }
    }

    /// <summary>
    /// The number of projects in the published state, also of one that is not in memory any more; null while it was never loaded. Set under
    /// the lock of the entry.
    /// </summary>
    public int? ProjectCount
    {
        get => _projectCount is var count and not NotKnown ? count : null;
        set => _projectCount = value ?? NotKnown;
    }

    /// <summary>The state after the commands of the batch so far. Caller must hold the commit lock.</summary>
    public ScopeState? Staged { get; set; }

    /// <summary>
    /// The last batch that changed the scope; 0 for none since the store was opened. In a shared store it is the version of the published
    /// state, which rises by one with each batch of any process. Guarded by the lock of the entry.
    /// </summary>
    public long LastSequence { get; set; }

    /// <summary>
    /// The id of the batch that made the published state, in a shared store; empty for a scope that was never stored. Guarded by the lock
    /// of the entry.
    /// </summary>
    public Guid BatchId { get; set; }

    /// <summary>
    /// The timestamp from before the last time that a shared store was asked for the version of the published state; 0 for never. Written
    /// without a lock: an older value only makes a read ask again.
    /// </summary>
    public long CheckedAt { get; set; }

    /// <summary>The project quota that the scope is stored with, as of the last batch. Guarded by the lock of the entry.</summary>
    public int? OwnProjectQuota { get; set; } = ownProjectQuota;

    /// <summary>
    /// The revision of the scope as of the last batch; until it is loaded, the one it was stored with. Guarded by the lock of the entry;
    /// a batch changes it under the lock of <see cref="ChangeHistory.Publish"/> too.
    /// </summary>
    public long Revision { get; set; } = revision;

    /// <summary>The time of the last use, as a count of loads. Written without a memory barrier: it need not be exact.</summary>
    public long LastUse { get; set; }

    /// <summary>
    /// True if the entry was removed from the table and another may stand for the scope. Set by the commit under the lock of the entry.
    /// </summary>
    public bool IsRemoved { get; set; }
}
