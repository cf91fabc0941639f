using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>A command on its way through the committer.</summary>
internal abstract class PendingWrite
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Withdrawn = 2;

    private int _stage;

    /// <summary>The write that came to wait before this one; the committer's.</summary>
    public PendingWrite? Before { get; set; }

    /// <summary>The hand-over of the write, where the caller's thread could have led; otherwise null.</summary>
    public CallingThread.HandOver? HandOver { get; set; }

    /// <summary>Lets a token withdraw the command while it still waits.</summary>
    public virtual void WithdrawOn(CancellationToken cancellationToken)
    {
    }

    /// <summary>Takes the command into a batch; false where its caller has withdrawn it.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _stage, Taken, Waiting) == Waiting;

    /// <summary>
    /// Decides the command in the working state of its scope; gives the scope where there is something to store and publish.
    /// </summary>
    public abstract ScopeHolder? Decide(TimeProvider timeProvider, Edit edit, out ScopeState? next, out Change[] changes);

    /// <summary>Gives the caller what was decided.</summary>
    public abstract void Complete();

    /// <summary>Gives the caller an exception instead.</summary>
    public abstract void Fail(Exception exception);

    /// <summary>Takes the command back while it still waits; false where it is in a batch already.</summary>
    public bool TryWithdraw() => Interlocked.CompareExchange(ref _stage, Withdrawn, Waiting) == Waiting;
}

/// <inheritdoc/>
internal sealed class PendingWrite<TAnswer>(Committer committer, Scope scope, ScopeHolder? known, Command<TAnswer> command) : PendingWrite
{
    // Continuations run elsewhere: the thread that completes a batch goes on with the next one.
    private readonly TaskCompletionSource<TAnswer> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _cancellation;
    private Decision<TAnswer> _decision;
    private Exception? _defect;

    public Task<TAnswer> Task => _completion.Task;

    /// <summary>Waits on the calling thread; the commit thread ends the wait, and no other thread is needed.</summary>
    /// <exception cref="InvalidOperationException">
    /// The calling thread is the one that would have to commit the write, which is withdrawn.
    /// </exception>
    public TAnswer Wait() => !Task.IsCompleted && committer.IsLedByThisThread && TryWithdraw()
        ? throw Committer.CalledByStore()
        : Task.GetAwaiter().GetResult();

    public override void WithdrawOn(CancellationToken cancellationToken)
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

    public override ScopeHolder? Decide(TimeProvider timeProvider, Edit edit, out ScopeState? next, out Change[] changes)
    {
        try
        {
            ScopeHolder holder = committer.Scopes.ForChange(scope, known);
            ScopeState state = committer.Scopes.ForDecision(holder);
            _decision = committer.HasNumberFor(holder)
                ? command.Decide(state, timeProvider.GetUtcNow().UtcTicks, edit)
                : Decision<TAnswer>.Refused(command.Refuse(state) ?? Committer.NoMoreScopes);
            next = _decision.Next;
            changes = _decision.Changes;
            return next is not null ? holder : null;
        }
#pragma warning disable CA1031 // A defect in one command, or in the clock, must not fail the others of its batch; its own caller gets it.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _defect = e;
            next = null;
            changes = [];
            return null;
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

/// <summary>Has the leader do something with the files, in its turn between the batches. The work handles its own exceptions.</summary>
/// <param name="work">The work.</param>
/// <param name="otherwise">Is called instead where the store has failed or is closed, and says so itself.</param>
internal sealed class PendingFileWork(Action work, Action? otherwise) : PendingWrite
{
    public override ScopeHolder? Decide(TimeProvider timeProvider, Edit edit, out ScopeState? next, out Change[] changes)
    {
        next = null;
        changes = [];
        return null;
    }

    public override void Complete() => work();

    public override void Fail(Exception exception) => otherwise?.Invoke();
}
