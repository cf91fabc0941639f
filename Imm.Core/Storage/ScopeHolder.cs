using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>One scope of an open store: where its published state is found, and the next one is prepared.</summary>
internal sealed class ScopeHolder(Scope scope)
{
    private ScopeState? _published;

    public Scope Scope { get; } = scope;

    /// <summary>The number under which the scope is stored; 0 until something is. Only the leader of a batch sets it.</summary>
    public int Id { get; set; }

    /// <summary>What readers see: always a state that is safe on the disk. Null until the scope is loaded.</summary>
    public ScopeState? Published
    {
        get => Volatile.Read(ref _published);
        set => Volatile.Write(ref _published, value);
    }

    /// <summary>The state after the commands of the batch so far; only its leader looks at it.</summary>
    public ScopeState? Working { get; set; }
}
