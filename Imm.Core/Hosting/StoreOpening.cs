namespace Imm.Core.Hosting;

/// <summary>
/// The opening of a container's store on the present thread, to tell when what it is opened with asks for that very store.
/// </summary>
/// <remarks>
/// A container does not see the circle, since the store is made by a delegate. It would resolve in circles until the stack is full, go on
/// on another thread, and wait there for ever for the lock that the first thread holds.
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
                    "The store is being opened, and something that it is opened with asks the container for that very store, "
                    + "its ProjectRegistry or its ImmApi: "
                    + "its IImmAuthorizer, TimeProvider, logger factory, meter factory, or what configures its options. "
                    + "Have that take the IServiceProvider and ask it for the store when it is first used, not in a constructor.");
            }
        }

        _provider = provider;
        _name = name;
        _outer = _innermost;
        _innermost = this;
    }

    public void Dispose() => _innermost = _outer;
}
