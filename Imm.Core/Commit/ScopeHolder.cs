using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>One scope of an open store: where its published state is found, and the next one is prepared.</summary>
internal sealed class ScopeHolder(Scope scope, int id, int? ownProjectQuota)
{
    private ScopeState? _published;

    public Scope Scope { get; } = scope;

    /// <summary>The number under which the scope is stored; 0 until something is. Only the leader of a batch sets it.</summary>
    public int Id { get; set; } = id;

    /// <summary>
    /// The state that readers see: always a state that is safe on the disk. Null where it is not in memory. Set under the holder's own
    /// lock.
    /// </summary>
    public ScopeState? Published
    {
        get => Volatile.Read(ref _published);
        set => Volatile.Write(ref _published, value);
    }

    /// <summary>The state after the commands of the batch so far; only its leader looks at it.</summary>
    public ScopeState? Working { get; set; }

    /// <summary>The last batch that changed the scope; 0 for none since the store was opened. Guarded by the holder's own lock.</summary>
    public long LastSequence { get; set; }

    /// <summary>The project quota that the scope is stored with, of the last batch. Guarded by the holder's own lock.</summary>
    public int? OwnProjectQuota { get; set; } = ownProjectQuota;

    /// <summary>When the state was last used, by the count of loads. Written without order: it need not be exact.</summary>
    public long Touched { get; set; }

    /// <summary>
    /// True if the holder holds nothing any more, and another may hold the scope. Set by the leader under the holder's own lock.
    /// </summary>
    public bool IsRetired { get; set; }
}
