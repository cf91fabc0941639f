using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Imm.Core.Tests.Wire;

/// <summary>
/// Collects the exceptions that are thrown in the asynchronous flow of its creator until it is disposed, including those that are caught.
/// </summary>
internal sealed class ThrownExceptions : IDisposable
{
    private static readonly AsyncLocal<ThrownExceptions?> OfFlow = new();

    private readonly ConcurrentQueue<Exception> _thrown = new();

    public ThrownExceptions()
    {
        OfFlow.Value = this;
        AppDomain.CurrentDomain.FirstChanceException += Add;
    }

    public IReadOnlyCollection<Exception> All => _thrown;

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Add;

    private void Add(object? sender, FirstChanceExceptionEventArgs thrown)
    {
        if (OfFlow.Value == this)
        {
            _thrown.Enqueue(thrown.Exception);
        }
    }
}
