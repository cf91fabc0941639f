using Imm.Core.Telemetry;

namespace Imm.Core.Testing;

/// <summary>Records the calls of a fixture's store, and injects its faults into them.</summary>
internal sealed class FixtureObserver(ImmCalls calls, FaultInjector faults, TimeProvider timeProvider) : IOperationObserver
{
    public bool IsEnabled => true;

    public void Begin(Operation operation) => operation.Call = calls.Add(number => new ImmCall(number, operation, timeProvider));

    public ValueTask<ImmRefusal?> AdmitAsync(Operation operation, bool isSynchronous, CancellationToken cancellationToken) =>
        faults.InjectAsync(Call(operation), isSynchronous, cancellationToken);

    public ImmRefusal? ReplaceAnswer(Operation operation) => faults.InjectAfterCommit(Call(operation));

    public void End(Operation operation) => Call(operation).Complete(operation);

    private static ImmCall Call(Operation operation) => (ImmCall)operation.Call!;
}
