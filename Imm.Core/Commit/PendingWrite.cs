using System.Threading.Tasks.Sources;
using Imm.Core.Collections;
using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>A command in the commit queue.</summary>
internal abstract class PendingWrite
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int Cancelled = 2;

    private int _stage;

    /// <summary>The write that was enqueued before this one; the queue's own.</summary>
    public PendingWrite? Previous { get; set; }

    /// <summary>The scope of the command.</summary>
    public abstract Scope Scope { get; }

    /// <summary>
    /// The entry of the scope, as the caller knew it, then as it was staged; null for none. Caller must hold the commit lock.
    /// </summary>
    public abstract ScopeEntry? Entry { get; }

    /// <summary>Finds the entry of the scope for the batch. Caller must hold the commit lock.</summary>
    public abstract ScopeEntry Stage(ScopeTable scopes);

    /// <summary>True if the caller commits the write itself, so that no other thread knows it and none waits for it.</summary>
    public bool IsAlone { get; set; }

    /// <summary>Takes the command into a batch; false where it was cancelled.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _stage, Taken, Waiting) == Waiting;

    /// <summary>Cancels the command while it waits; false where it is in a batch already.</summary>
    public bool TryCancel() => Interlocked.CompareExchange(ref _stage, Cancelled, Waiting) == Waiting;

    /// <summary>
    /// Decides the command against the staged state of its scope. Gives the scope where there is something to store and publish, else null.
    /// May be called again, before the write is completed. Caller must hold the commit lock.
    /// </summary>
    /// <param name="scopes">The scopes.</param>
    /// <param name="log">The log of the batch.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="owner">The owner of what the batch may mutate in place.</param>
    /// <param name="next">The state after the command; only where there is something to publish.</param>
    /// <param name="changes">The changes to store.</param>
    public abstract ScopeEntry? Decide(
        ScopeTable scopes, CommitLog log, TimeProvider timeProvider, OwnerToken? owner, out ScopeState? next, out Change[] changes);

    /// <summary>Makes the write one that is not yet enqueued.</summary>
    protected void Reset()
    {
        (_stage, IsAlone) = (Waiting, false);
    }

    /// <summary>Completes the write with its decision.</summary>
    public abstract void Complete();

    /// <summary>Completes the write with a refusal instead.</summary>
    public abstract void Refuse(ImmRefusal refusal);

    /// <summary>Completes the write with an exception instead.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A command in the commit queue, with its caller's way to the outcome.</summary>
/// <remarks>
/// A synchronous caller waits on the object itself and needs no thread but the one that commits. An asynchronous one awaits it as the
/// source of a <see cref="ValueTask"/>; continuations run on the pool, because the thread that completes a batch goes on with the next.
/// An object whose outcome was taken is used again by the same thread: a task must be awaited once, as every <see cref="ValueTask"/>.
/// </remarks>
internal sealed class PendingWrite<TAnswer> : PendingWrite, IValueTaskSource<TAnswer>, IValueTaskSource<ImmOutcome<TAnswer>>
{
    /// <summary>A write of the thread that is over, and is used again.</summary>
    [ThreadStatic]
    private static PendingWrite<TAnswer>? _spare;

    private Scope _scope;
    private ScopeEntry? _known;
    private Command<TAnswer> _command;
    private ManualResetValueTaskSourceCore<ImmOutcome<TAnswer>> _source = new() { RunContinuationsAsynchronously = true };
    private readonly CancellationTokenRegistration _cancellation;
    private ImmOutcome<TAnswer> _decided;
    private Exception? _defect;

    // True if no cancellation refers to the object.
    private readonly bool _isReusable;

    // Most callers find their outcome and do not wait. A pulse costs each object on which it is made a block of the runtime's own.
    private bool _isWaitedFor;

    /// <param name="scope">The scope.</param>
    /// <param name="known">Its entry as the caller knows it; null for none.</param>
    /// <param name="command">The command.</param>
    /// <param name="cancellationToken">Cancels the command while it waits, or at once.</param>
    public PendingWrite(Scope scope, ScopeEntry? known, Command<TAnswer> command, CancellationToken cancellationToken)
    {
        _scope = scope;
        _known = known;
        _command = command;
        _isReusable = !cancellationToken.CanBeCanceled;
        if (cancellationToken.CanBeCanceled)
        {
            // Before the write is enqueued: it may be completed as soon as it is.
            _cancellation = cancellationToken.UnsafeRegister(
                static (state, token) =>
                {
                    var write = (PendingWrite<TAnswer>)state!;
                    if (write.TryCancel())
                    {
                        write.Fail(new OperationCanceledException(token));
                    }
                },
                this);
        }
    }

    /// <summary>Makes a write that cannot be cancelled.</summary>
    /// <inheritdoc cref="PendingWrite{TAnswer}(Scope, ScopeEntry, Command{TAnswer}, CancellationToken)"/>
    public static PendingWrite<TAnswer> Rent(Scope scope, ScopeEntry? known, Command<TAnswer> command)
    {
        if (_spare is not { } write)
        {
            return new(scope, known, command, CancellationToken.None);
        }

        _spare = null;
        (write._scope, write._known, write._command) = (scope, known, command);
        return write;
    }

    /// <summary>A state in which the check of the command has found no refusal: it does not look there again. Null for none.</summary>
    public ScopeState? CheckedState { get; set; }

    public override Scope Scope => _scope;

    public override ScopeEntry? Entry => _known;

    public override ScopeEntry Stage(ScopeTable scopes) => _known = scopes.Stage(_scope, _known);

    /// <summary>The answer, or the refusal as an exception.</summary>
    public ValueTask<TAnswer> Answer => new(this, _source.Version);

    /// <summary>The outcome, in which a refusal is a value.</summary>
    public ValueTask<ImmOutcome<TAnswer>> Outcome => new(this, _source.Version);

    /// <summary>Gives up a write that was not enqueued: the token refers to it no more.</summary>
    public void Forget() => _cancellation.Dispose();

    /// <summary>Gets the outcome of a write that nobody but the calling thread has known. The write must not be used any more.</summary>
    public ImmOutcome<TAnswer> End()
    {
        ImmOutcome<TAnswer> outcome = _source.GetResult(_source.Version);
        Release();
        return outcome;
    }

    /// <summary>Waits for the outcome on the calling thread.</summary>
    public ImmOutcome<TAnswer> Wait()
    {
        lock (this)
        {
            while (_source.GetStatus(_source.Version) == ValueTaskSourceStatus.Pending)
            {
                _isWaitedFor = true;
                Monitor.Wait(this);
            }

            return _source.GetResult(_source.Version);
        }
    }

    public override ScopeEntry? Decide(
        ScopeTable scopes, CommitLog log, TimeProvider timeProvider, OwnerToken? owner, out ScopeState? next, out Change[] changes)
    {
        try
        {
            _defect = null;
            ScopeEntry entry = Stage(scopes);
            ScopeState state = scopes.StagedState(entry);
            Decision<TAnswer> decision = log.RefuseNewScope(entry) is { } full
                ? Decision<TAnswer>.Refused(_command.Check(state) ?? full)
                : _command.IsEmpty ? DecideEmpty(state)
                : _command.Decide(state, timeProvider.GetUtcNow().UtcTicks, owner, isChecked: state == CheckedState);
            _decided = decision.Refusal is { } refusal ? new(refusal) : new(decision.Answer!);
            next = decision.Next;
            changes = decision.Changes;
            return next is not null ? entry : null;
        }
#pragma warning disable CA1031 // A defect in one command, or in the clock, must not fail the others of its batch; its own caller gets it.
        catch (Exception e) when (owner is null || e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            // Where memory runs out in the middle of a change in place, the states of the batch are no longer whole: all of it fails.
            _defect = e;
            next = null;
            changes = [];
            return null;
        }
    }

    public override void Complete()
    {
        if (_defect is not null)
        {
            Fail(_defect);
        }
        else
        {
            Complete(_decided);
        }
    }

    public override void Refuse(ImmRefusal refusal) => Complete(new ImmOutcome<TAnswer>(refusal));

    public override void Fail(Exception exception)
    {
        // Not a second time: the continuation of the first may have thrown.
        if (_source.GetStatus(_source.Version) == ValueTaskSourceStatus.Pending)
        {
            _cancellation.Dispose();
            _source.SetException(exception);
        }

        Wake();
    }

    ValueTaskSourceStatus IValueTaskSource<TAnswer>.GetStatus(short token)
    {
        ValueTaskSourceStatus status = _source.GetStatus(token);
        return status == ValueTaskSourceStatus.Succeeded && _source.GetResult(token).Refusal is not null
            ? ValueTaskSourceStatus.Faulted
            : status;
    }

    ValueTaskSourceStatus IValueTaskSource<ImmOutcome<TAnswer>>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<TAnswer>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource<ImmOutcome<TAnswer>>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    TAnswer IValueTaskSource<TAnswer>.GetResult(short token) => Take(token).OrThrow();

    ImmOutcome<TAnswer> IValueTaskSource<ImmOutcome<TAnswer>>.GetResult(short token) => Take(token);

    /// <summary>Gives the outcome to the one who awaits it. A caller that asks before there is one waits for it, as with a task.</summary>
    private ImmOutcome<TAnswer> Take(short token)
    {
        // Throws for a task whose outcome was taken before.
        _ = _source.GetStatus(token);
        ImmOutcome<TAnswer> outcome = Wait();
        if (_isReusable)
        {
            Release();
        }

        return outcome;
    }

    /// <summary>Keeps the object for the next write of the thread. The thread that has completed it may still wake whoever waits.</summary>
    private void Release()
    {
        _source.Reset();
        (_scope, _known, _command, _decided, _isWaitedFor) = (null!, null, null!, default, false);
        CheckedState = null;
        Reset();
        _spare = this;
    }

    /// <summary>Decides a command that changes nothing, whose next state is not looked at.</summary>
    private Decision<TAnswer> DecideEmpty(ScopeState state)
    {
        Decision<TAnswer> decision = _command.Decide(state, nowTicks: 0, owner: null);
        return decision.Refusal is null ? Decision<TAnswer>.Unchanged(decision.Answer!) : decision;
    }

    private void Complete(ImmOutcome<TAnswer> outcome)
    {
        _cancellation.Dispose();
        _source.SetResult(outcome);
        Wake();
    }

    private void Wake()
    {
        if (IsAlone)
        {
            // The lock would be for nobody.
            return;
        }

        lock (this)
        {
            if (_isWaitedFor)
            {
                Monitor.PulseAll(this);
            }
        }
    }
}
