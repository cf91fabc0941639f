namespace Imm.Core.Telemetry;

/// <summary>An observer of every operation of a store: telemetry, and the call record and fault injection of a test.</summary>
internal interface IOperationObserver
{
    /// <summary>True if the observer needs to be called now. Read before every operation, so it must be cheap.</summary>
    bool IsEnabled { get; }

    /// <summary>Called when an operation begins.</summary>
    void Begin(Operation operation);

    /// <summary>
    /// Called when the operation is well-formed and authorized, and has not touched the store yet: the place of throttling. It may wait,
    /// and may refuse.
    /// </summary>
    /// <param name="operation">The operation.</param>
    /// <param name="isSynchronous">True if it must wait on the calling thread, so that the task is completed when it returns.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    ValueTask<ImmRefusal?> AdmitAsync(Operation operation, bool isSynchronous, CancellationToken cancellationToken) => default;

    /// <summary>
    /// Called when the operation has succeeded, and is durable where it changed something. A refusal replaces the answer: fault injection.
    /// </summary>
    ImmRefusal? ReplaceAnswer(Operation operation) => null;

    /// <summary>Called when the operation has ended and its answer, refusal or exception is set.</summary>
    void End(Operation operation);
}
