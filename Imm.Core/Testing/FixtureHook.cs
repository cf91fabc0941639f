using Imm.Core.Model;
using Imm.Core.Telemetry;

namespace Imm.Core.Testing;

/// <summary>Records the calls of a fixture's store, and has them meet its faults.</summary>
internal sealed class FixtureHook(ImmCalls calls, ImmFaults faults, TimeProvider timeProvider) : IOperationHook
{
    public bool IsEnabled => true;

    public void Begin(Operation operation) => operation.Recorded = calls.Add(number => new ImmCall(number, operation, timeProvider));

    public ValueTask<Refusal?> AdmitAsync(Operation operation, bool waits, CancellationToken cancellationToken) =>
        faults.MeetAsync(Call(operation), waits, cancellationToken);

    public Refusal? Betray(Operation operation) => faults.MeetAfterCommit(Call(operation));

    public void End(Operation operation) => Call(operation).Complete(operation);

    private static ImmCall Call(Operation operation) => (ImmCall)operation.Recorded!;
}
