using Imm.Core.Model;

namespace Imm.Core.Telemetry;

/// <summary>Runs around every operation of a store: telemetry, and the hooks of a test.</summary>
internal interface IOperationHook
{
    /// <summary>True if the hook has anything to do now; asked before every operation, so it is to be cheap.</summary>
    bool IsEnabled { get; }

    /// <summary>An operation has begun.</summary>
    void Begin(Operation operation);

    /// <summary>
    /// The operation is well-formed and authorized, and has not touched the store yet: the place of throttling. The hook may take its time,
    /// and may refuse.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="waits">Whether the caller waits: then the hook does too, on this thread, and what it returns is completed.</param>
    /// <param name="cancellationToken">Gives up a hook that takes its time.</param>
    ValueTask<Refusal?> AdmitAsync(Operation operation, bool waits, CancellationToken cancellationToken);

    /// <summary>The operation has succeeded, and is safe where it changed something; the hook may tell the caller otherwise.</summary>
    Refusal? Betray(Operation operation);

    /// <summary>The operation has ended; its answer or exception is there.</summary>
    void End(Operation operation);
}
