namespace Imm.Core.Hosting;

/// <summary>
/// The opening of a container's store on the current thread. Detects a dependency of the store that resolves the same store.
/// </summary>
/// <remarks>
/// The container cannot detect this circle, because a delegate makes the store. It would recurse until the stack is nearly full, continue
/// on another thread, and deadlock there on the lock that the first thread holds.
/// </remarks>
internal sealed class StoreOpening : IDisposable
{
    [ThreadStatic]
    private static StoreOpening? _innermost;

    private readonly IServiceProvider _provider;
    private readonly string _name;
    private readonly StoreOpening? _outer;

    /// <exception cref="InvalidOperationException">The store is being opened on this thread already.</exception>
    public StoreOpening(IServiceProvider provider, string name)
    {
        for (StoreOpening? opening = _innermost; opening is not null; opening = opening._outer)
        {
            if (opening._provider == provider && opening._name == name)
            {
                throw new InvalidOperationException(
                    "The store cannot be opened, because one of its dependencies resolves the same ImmStore, its ProjectRegistry or its "
                    + "ImmApi. Its dependencies are the IImmAuthorizer, the TimeProvider, the logger factory, the meter factory and the "
                    + "configuration of its options. Inject the IServiceProvider there, and resolve the store from it when it is first "
                    + "used, not in a constructor.");
            }
        }

        _provider = provider;
        _name = name;
        _outer = _innermost;
        _innermost = this;
    }

    public void Dispose() => _innermost = _outer;
}
