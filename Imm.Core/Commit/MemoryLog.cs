using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>The log of a store in memory: keeps nothing but the content that the store begins with.</summary>
internal sealed class MemoryLog(ServiceDefaults defaults, IReadOnlyDictionary<Scope, ScopeState> image)
    : CommitLog(defaults)
{
    private IReadOnlyDictionary<Scope, ScopeState> _image = image;

    public override bool IsPersistent => false;

    /// <summary>The content that the store begins with, which it shares. Replaced while the commit lock is held.</summary>
    public IReadOnlyDictionary<Scope, ScopeState> Image
    {
        get => Volatile.Read(ref _image);
        set => Volatile.Write(ref _image, value);
    }

    public override IReadOnlyCollection<Scope> StoredScopes => [.. Image.Keys];

    public override bool IsStored(Scope scope) => Image.ContainsKey(scope);

    public override ScopeEntry NewEntry(Scope scope) => new(scope);

    public override ScopeState Load(ScopeEntry entry) =>
        Image.TryGetValue(entry.Scope, out ScopeState? state) ? state.With(Defaults) : Empty(entry.Scope);
}
