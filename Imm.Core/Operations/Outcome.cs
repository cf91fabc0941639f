namespace Imm.Core.Operations;

/// <summary>An operation that was refused at once, or whose answer is there or on its way.</summary>
internal readonly struct Outcome<TAnswer>
{
    private readonly Exception? _exception;
    private readonly Task<TAnswer>? _task;
    private readonly TAnswer? _answer;

    public Outcome(Exception exception) => _exception = exception;

    public Outcome(Task<TAnswer> task) => _task = task;

    public Outcome(TAnswer answer) => _answer = answer;

    /// <summary>The answer, waited for on this thread; or the exception, thrown.</summary>
    public TAnswer Wait() =>
        _exception is not null ? throw _exception
        : _task is not null ? _task.GetAwaiter().GetResult()
        : _answer!;

    /// <summary>The answer to await.</summary>
    public ValueTask<TAnswer> AsValueTask() =>
        _exception is not null ? ValueTask.FromException<TAnswer>(_exception)
        : _task is not null ? new(_task)
        : new(_answer!);

    /// <summary>The end to await, where the answer does not matter.</summary>
    public ValueTask AsDone() =>
        _exception is not null ? ValueTask.FromException(_exception)
        : _task is not null ? new(_task)
        : ValueTask.CompletedTask;
}
