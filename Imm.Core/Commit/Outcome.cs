namespace Imm.Core.Commit;

/// <summary>
/// An operation that was refused at once, whose answer is there or on its way, or that runs once its answer is asked for.
/// </summary>
/// <remarks>It is asked for its answer once. Whoever waits for it needs no other thread than that which commits the change.</remarks>
internal readonly struct Outcome<TAnswer>
{
    private readonly Exception? _exception;
    private readonly PendingWrite<TAnswer>? _write;
    private readonly Func<bool, Task<TAnswer>>? _run;
    private readonly TAnswer? _answer;

    public Outcome(Exception exception) => _exception = exception;

    public Outcome(PendingWrite<TAnswer> write) => _write = write;

    /// <param name="run">Runs the operation; given true, wholly on the calling thread, so that the task is completed.</param>
    public Outcome(Func<bool, Task<TAnswer>> run) => _run = run;

    public Outcome(TAnswer answer) => _answer = answer;

    /// <summary>The answer, waited for on this thread; or the exception, thrown.</summary>
    public TAnswer Wait() =>
        _exception is not null ? throw _exception
        : _write is not null ? _write.Wait()
        : _run is not null ? _run(true).GetAwaiter().GetResult()
        : _answer!;

    /// <summary>The answer to await.</summary>
    public ValueTask<TAnswer> AsValueTask() =>
        _exception is not null ? ValueTask.FromException<TAnswer>(_exception)
        : (_write?.Task ?? _run?.Invoke(false)) is { } task ? new(task)
        : new(_answer!);

    /// <summary>The end to await, where the answer does not matter.</summary>
    public ValueTask AsDone() =>
        _exception is not null ? ValueTask.FromException(_exception)
        : (_write?.Task ?? _run?.Invoke(false)) is { } task ? new(task)
        : ValueTask.CompletedTask;
}
