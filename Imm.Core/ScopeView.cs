using System.Diagnostics.CodeAnalysis;
using Imm.Core.Access;
using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>One scope of a store as a registry sees it: finds its entry once, and its published state each time.</summary>
internal sealed class ScopeView(ScopeTable scopes, Scope scope, Caller? caller = null)
{
    private ScopeEntry? _entry;
    private RamPrincipal? _principal;
    private Func<string, IReadOnlyList<Tag>>? _tagsOfProject;

    public Scope Scope { get; } = scope;

    /// <summary>The caller of the registry; null where the account itself calls.</summary>
    public Caller? Caller => caller;

    /// <summary>The principal of the caller.</summary>
    public RamPrincipal Principal => _principal ??= caller?.Principal ?? RamPrincipal.Root(Scope.AccountId);

    /// <summary>Finds the tags of a project; none where it does not exist.</summary>
    public Func<string, IReadOnlyList<Tag>> TagsOfProject =>
        _tagsOfProject ??= name =>
        {
            // A tag that another process has taken away must not allow anything any more.
            scopes.Confirm?.Invoke(Scope);
            return State.TryFind(name, out Project? project) ? project.Tags : [];
        };

    /// <summary>The entry as it was last found; null for none. While it has a published state, that is the scope's.</summary>
    public ScopeEntry? Entry => _entry;

    /// <summary>The published state, loaded where it is not in memory.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the scope cannot be read.</exception>
    public ScopeState State => scopes.Read(Scope, ref _entry);

    /// <summary>The changes of the projects of the store.</summary>
    public ChangeHistory Changes => scopes.Changes;

    /// <summary>Gives the published state where it is in memory, without any other work.</summary>
    public bool TryGetLoaded([NotNullWhen(true)] out ScopeState? state)
    {
        state = _entry?.Published;
        return state is not null;
    }

    /// <summary>Notes that the state which <see cref="TryGetLoaded"/> gave is in use.</summary>
    public void NoteUse() => scopes.NoteUse(_entry!);
}
