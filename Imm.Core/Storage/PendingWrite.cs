using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>A command on its way through the committer.</summary>
internal abstract class PendingWrite(ScopeHolder holder)
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int _stage;

    public ScopeHolder Holder { get; } = holder;

    /// <summary>Takes the command into a batch; false where its caller has withdrawn it.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _stage, Taken, Waiting) == Waiting;

    /// <summary>Decides the command; true where it changes something.</summary>
    public abstract bool Decide(ScopeState state, TimeProvider timeProvider, Edit edit, out ScopeState? next, out Change[] changes);

    /// <summary>Gives the caller what was decided.</summary>
    public abstract void Complete();

    /// <summary>Gives the caller an exception instead.</summary>
    public abstract void Fail(Exception exception);

    protected bool TryWithdraw() => Interlocked.CompareExchange(ref _stage, Withdrawn, Waiting) == Waiting;
}

/// <inheritdoc/>
internal sealed class PendingWrite<TAnswer>(ScopeHolder holder, Command<TAnswer> command) : PendingWrite(holder)
{
    // Continuations run elsewhere: the thread that completes a batch goes on with the next one.
    private readonly TaskCompletionSource<TAnswer> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _cancellation;
    private Decision<TAnswer> _decision;
    private Exception? _defect;

    public Task<TAnswer> Task => _completion.Task;

    /// <summary>Lets a token withdraw the command while it still waits.</summary>
    public void WithdrawOn(CancellationToken cancellationToken)
    {
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var write = (PendingWrite<TAnswer>)state!;
                    if (write.TryWithdraw())
                    {
                        write._completion.TrySetCanceled(token);
                    }
                },
                this);
        }
    }

    public override bool Decide(ScopeState state, TimeProvider timeProvider, Edit edit, out ScopeState? next, out Change[] changes)
    {
        try
        {
            _decision = command.Decide(state, timeProvider.GetUtcNow().UtcTicks, edit);
            next = _decision.Next;
            changes = _decision.Changes;
            return next is not null;
        }
#pragma warning disable CA1031 // A defect in one command, or in the clock, must not take down the others of its batch; its own caller gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _defect = e;
            next = null;
            changes = [];
            return false;
        }
    }

    public override void Complete()
    {
        _cancellation.Dispose();
        if (_defect is not null)
        {
            _completion.TrySetException(_defect);
        }
        else if (_decision.Refusal is { } refusal)
        {
            _completion.TrySetException(refusal.ToException());
        }
        else
        {
            _completion.TrySetResult(_decision.Answer!);
        }
    }

    public override void Fail(Exception exception)
    {
        _cancellation.Dispose();
        _completion.TrySetException(exception);
    }
}
