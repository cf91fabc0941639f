using System.Runtime.CompilerServices;
using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Shared;
using Imm.Core.Telemetry;

namespace Imm.Core;

/// <summary>
/// The way of every operation of a store: its parameters are checked, it is authorized, admitted, carried out and observed here, in the
/// order of the service, and nowhere else.
/// </summary>
/// <remarks>
/// A refusal is a value until a caller wants an exception. A synchronous caller and an asynchronous one take the same way. They differ in
/// the last step: the first waits for the commit queue and may commit itself, the second awaits it.
/// </remarks>
internal sealed class OperationPipeline(
    CommitQueue queue,
    IImmAuthorizer? authorizer,
    OperationObservers observers,
    StoreTelemetry telemetry,
    TimeProvider timeProvider,
    SharedReads? reads)
{
    private readonly bool _isDirect = authorizer is null && reads is null or { AreLocal: true };

    /// <summary>
    /// True if neither an authorizer nor an observer is there, nor a database to be asked, so that a read is nothing but a read.
    /// </summary>
    public bool IsDirect => _isDirect && !observers.AreEnabled;

    /// <summary>The clock of the store.</summary>
    public TimeProvider TimeProvider => timeProvider;

    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void ThrowIfClosed()
    {
        if (queue.IsClosed)
        {
            throw CommitLog.Closed();
        }
    }

    /// <summary>Waits until the state in memory is as new as a read needs it; not at all where no other process changes it.</summary>
    /// <exception cref="ImmException"><see cref="ImmErrorCode.ServiceUnavailable"/>: the database does not answer.</exception>
    public void Confirm(Scope scope) => reads?.Confirm(scope);

    /// <summary>Runs an operation on the calling thread.</summary>
    /// <exception cref="ImmException">It is refused.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public TAnswer Run<TAnswer>(in OperationCall<TAnswer> call, ScopeView scope)
    {
        ThrowIfClosed();
        if (IsObserved(call))
        {
            // Completed when it returns: everything in it waits on this thread.
            return ObserveAsync(call, scope, isSynchronous: true, CancellationToken.None).AsTask().GetAwaiter().GetResult().OrThrow();
        }

        ImmOutcome<TAnswer> outcome = Begin(call, scope, isSynchronous: true, CancellationToken.None, out PendingWrite<TAnswer>? write);
        return (write is null ? outcome : queue.Wait(write)).OrThrow();
    }

    /// <summary>Runs an operation whose caller awaits the answer.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<TAnswer> RunAsync<TAnswer>(in OperationCall<TAnswer> call, ScopeView scope, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        if (IsObserved(call))
        {
            return OrThrowAsync(ObserveAsync(call, scope, isSynchronous: false, cancellationToken));
        }

        if (reads is not null && call.Query is not null)
        {
            return OrThrowAsync(ConfirmAsync(call, scope, isChecked: false, cancellationToken));
        }

        ImmOutcome<TAnswer> outcome = Begin(call, scope, isSynchronous: false, cancellationToken, out PendingWrite<TAnswer>? write);
        return write is not null ? write.Answer
            : outcome.TryGetAnswer(out TAnswer? answer, out ImmRefusal? refusal) ? new(answer)
            : ValueTask.FromException<TAnswer>(refusal.ToException());
    }

    /// <summary>Runs an operation whose caller takes a refusal as a value.</summary>
    /// <param name="call">The operation.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="isSynchronous">True if all of it must run on the calling thread, so that the task is completed.</param>
    /// <param name="cancellationToken">Cancels the operation while it waits.</param>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ValueTask<ImmOutcome<TAnswer>> RunAsync<TAnswer>(
        in OperationCall<TAnswer> call, ScopeView scope, bool isSynchronous, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return IsObserved(call)
            ? ObserveAsync(call, scope, isSynchronous, cancellationToken)
            : reads is not null && call.Query is not null && !isSynchronous
            ? ConfirmAsync(call, scope, isChecked: false, cancellationToken)
            : Complete(Begin(call, scope, isSynchronous, cancellationToken, out PendingWrite<TAnswer>? write), write, isSynchronous);
    }

    /// <summary>Runs an operation on the calling thread, for a caller that takes a refusal as a value.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public ImmOutcome<TAnswer> TryRun<TAnswer>(in OperationCall<TAnswer> call, ScopeView scope)
    {
        ValueTask<ImmOutcome<TAnswer>> outcome = RunAsync(call, scope, isSynchronous: true, CancellationToken.None);
        return outcome.IsCompletedSuccessfully ? outcome.Result : outcome.AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Runs an operation for a caller that awaits its outcome, in which a refusal is a value.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public async ValueTask<ImmOutcome<TAnswer>> TryRunAsync<TAnswer>(
        OperationCall<TAnswer> call, ScopeView scope, CancellationToken cancellationToken) =>
        await RunAsync(call, scope, isSynchronous: false, cancellationToken).ConfigureAwait(false);

    private bool IsObserved<TAnswer>(in OperationCall<TAnswer> call) => observers.AreEnabled && call.Action is not null;

    private static async ValueTask<TAnswer> OrThrowAsync<TAnswer>(ValueTask<ImmOutcome<TAnswer>> outcome) =>
        (await outcome.ConfigureAwait(false)).OrThrow();

    /// <summary>Runs an operation that reads, when the state in memory is as new as it needs it. No thread waits for that.</summary>
    private async ValueTask<ImmOutcome<TAnswer>> ConfirmAsync<TAnswer>(
        OperationCall<TAnswer> call, ScopeView scope, bool isChecked, CancellationToken cancellationToken)
    {
        if (!isChecked && Check(call, scope, operation: null) is { } refusal)
        {
            return new(refusal);
        }

        try
        {
            await reads!.ConfirmAsync(scope.Scope, call.Query is BeginWatch, cancellationToken).ConfigureAwait(false);
        }
        catch (ImmException e) when (e.Code == ImmErrorCode.ServiceUnavailable)
        {
            return new(e.Refusal);
        }

        ImmOutcome<TAnswer> outcome = Execute(
            call, scope, isSynchronous: false, isConfirmed: true, cancellationToken, out PendingWrite<TAnswer>? write);
        return write is null ? outcome : await write.Outcome.ConfigureAwait(false);
    }

    private ValueTask<ImmOutcome<TAnswer>> Complete<TAnswer>(
        ImmOutcome<TAnswer> outcome, PendingWrite<TAnswer>? write, bool isSynchronous) =>
        write is null ? new(outcome) : isSynchronous ? new(queue.Wait(write)) : write.Outcome;

    private ValueTask<ImmOutcome<TAnswer>> ObserveAsync<TAnswer>(
        in OperationCall<TAnswer> call, ScopeView scope, bool isSynchronous, CancellationToken cancellationToken)
    {
        var operation = new Operation(call.Action!, scope.Scope, call.ProjectName, call.DatasetName, call.Request)
        {
            Principal = scope.Caller?.Principal,
        };
        return observers.RunAsync<Execution<TAnswer>, TAnswer>(
            operation,
            new Execution<TAnswer>(this, call, scope, operation, isSynchronous, cancellationToken),
            isSynchronous,
            cancellationToken);
    }

    private ImmOutcome<TAnswer> Begin<TAnswer>(
        in OperationCall<TAnswer> call,
        ScopeView scope,
        bool isSynchronous,
        CancellationToken cancellationToken,
        out PendingWrite<TAnswer>? write)
    {
        if (Check(call, scope, operation: null) is { } refusal)
        {
            write = null;
            return new(refusal);
        }

        return Execute(call, scope, isSynchronous, isConfirmed: false, cancellationToken, out write);
    }

    private ImmRefusal? Check<TAnswer>(in OperationCall<TAnswer> call, ScopeView scope, Operation? operation)
    {
        if (call.Malformed is not null || authorizer is null || call.Action is null)
        {
            return call.Malformed;
        }

        if (call.ReadAction is { } read
            && Authorize(read, scope, call.ProjectName!, call.DatasetName, tags: null, serviceRole: null, operation) is { } unread)
        {
            return unread;
        }

        if (call.Files is null)
        {
            string? serviceRole = (call.Request as ProjectRequest)?.ServiceRole;
            return Authorize(call.Action, scope, call.ProjectName, call.DatasetName, call.Tags, serviceRole, operation);
        }

        foreach ((string projectName, string datasetName) in call.Files.Datasets)
        {
            if (Authorize(call.Action, scope, projectName, datasetName, tags: null, serviceRole: null, operation) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private ImmRefusal? Authorize(
        string action,
        ScopeView view,
        string? projectName,
        string? datasetName,
        TagSet? tags,
        string? serviceRole,
        Operation? operation)
    {
        // An authorizer may use the store, and is asked about that in turn. One that never comes to an end must not take the process down.
        RuntimeHelpers.EnsureSufficientExecutionStack();
        AuthorizationRequest request = NewAuthorizationRequest(action, view, projectName, datasetName, tags, serviceRole);
        AuthorizationDecision decision;
        try
        {
            decision = authorizer!.Authorize(request);
        }
        catch (ImmException e) when (e == request.TagConditionValues.Unreadable)
        {
            // The store itself cannot be read. Any other exception is the authorizer's, and not the outcome of the operation.
            return e.Refusal;
        }

        operation?.Decision = decision.Ram;
        if (decision.Ram is { IsAllowed: false } ram)
        {
            telemetry.AccessDenied(view.Principal, ram, isEnforced: !decision.IsAllowed);
        }

        return decision.IsAllowed ? null
            : decision.Ram is { Action: not null } policies ? Denied(policies, view.Principal)
            : ImmRefusal.NoPermission(decision.Reason);
    }

    /// <summary>Makes the request in which an authorizer is asked about an operation.</summary>
    public AuthorizationRequest NewAuthorizationRequest(
        string action, ScopeView view, string? projectName, string? datasetName, TagSet? tags = null, string? serviceRole = null) =>
        new(
            action,
            view.Scope.Arn(projectName, datasetName),
            view.Scope,
            tags ?? TagSet.Empty,
            view.Principal,
            timeProvider,
            view.Caller?.ConditionValues,
            view.TagsOfProject,
            projectName)
        {
            ServiceRole = serviceRole,
        };

    /// <summary>Makes the refusal of a decision by policies that does not allow.</summary>
    internal static ImmRefusal Denied(RamDecision ram, RamPrincipal principal) =>
        new(ImmErrorCode.NoPermission, ram.Reason)
        {
            Denial = new AccessDenial(
                ram.Sentence,
                ram.Action!,
                principal.Kind switch
                {
                    RamPrincipalKind.User => "SubUser",
                    RamPrincipalKind.RoleSession => "AssumedRoleUser",
                    _ => "Account",
                },
                principal.AccountId,
                principal.SessionName is null ? principal.Name : $"{principal.Name}:{principal.SessionName}",
                ram.Effect.ToString(),
                ram.PolicyType.ToString()),
        };

    /// <summary>Reads at once, or decides the command; <paramref name="write"/> is the outcome to come where there is none yet.</summary>
    private ImmOutcome<TAnswer> Execute<TAnswer>(
        in OperationCall<TAnswer> call,
        ScopeView scope,
        bool isSynchronous,
        bool isConfirmed,
        CancellationToken cancellationToken,
        out PendingWrite<TAnswer>? write)
    {
        write = null;
        try
        {
            if (call.Query is not { } query)
            {
                return Write(call.Command!, scope, isSynchronous, cancellationToken, out write);
            }

            if (!isConfirmed)
            {
                reads?.Confirm(scope.Scope, query is BeginWatch);
            }

            return query.Run(scope.State, out TAnswer? answer) is not { } refusal ? new(answer!)
                : call.Command is { } command ? Write(command, scope, isSynchronous, cancellationToken, out write)
                : new(refusal);
        }
        catch (ImmException e) when (e.Code == ImmErrorCode.ServiceUnavailable)
        {
            // A scope that cannot be read.
            return new(e.Refusal);
        }
    }

    private ImmOutcome<TAnswer> Write<TAnswer>(
        Command<TAnswer> command,
        ScopeView scope,
        bool isSynchronous,
        CancellationToken cancellationToken,
        out PendingWrite<TAnswer>? write)
    {
        write = null;
        ScopeState? checkedState = null;
        if (!cancellationToken.IsCancellationRequested)
        {
            // A refusal that the published state decides needs neither the queue nor the disk. In a shared store another process may have
            // changed that state, and the commit confirms it.
            if (queue.CheckOpen() is { } notOpen)
            {
                return new(notOpen);
            }

            if (reads is null)
            {
                ScopeState state = scope.State;
                if (command.Check(state) is { } refusal)
                {
                    return new(refusal);
                }

                if (command.IsEmpty)
                {
                    return new(command.Decide(state, nowTicks: 0, owner: null, isChecked: true).Answer!);
                }

                checkedState = state;
            }
        }

        write = !cancellationToken.CanBeCanceled
            ? PendingWrite<TAnswer>.Rent(scope.Scope, scope.Entry, command)
            : new PendingWrite<TAnswer>(scope.Scope, scope.Entry, command, cancellationToken);
        write.CheckedState = checkedState;
        try
        {
            queue.Submit(write, mayCommit: isSynchronous);
        }
        catch when (cancellationToken.CanBeCanceled)
        {
            // It was not taken, and a token lives longer than the call.
            write.Forget();
            throw;
        }

        return default;
    }

    private ValueTask<ImmOutcome<TAnswer>> ExecuteAsync<TAnswer>(
        in OperationCall<TAnswer> call, ScopeView scope, bool isSynchronous, CancellationToken cancellationToken) =>
        reads is not null && call.Query is not null && !isSynchronous
            ? ConfirmAsync(call, scope, isChecked: true, cancellationToken)
            : Complete(
                Execute(
                    call, scope, isSynchronous, isConfirmed: false, cancellationToken, out PendingWrite<TAnswer>? write),
                write,
                isSynchronous);

    /// <summary>An operation between its begin and its end.</summary>
    private readonly struct Execution<TAnswer>(
        OperationPipeline pipeline,
        in OperationCall<TAnswer> call,
        ScopeView scope,
        Operation operation,
        bool isSynchronous,
        CancellationToken cancellationToken)
        : OperationObservers.IExecution<TAnswer>
    {
        private readonly OperationCall<TAnswer> _call = call;

        public ImmRefusal? Check() => pipeline.Check(_call, scope, operation);

        public ValueTask<ImmOutcome<TAnswer>> ExecuteAsync() => pipeline.ExecuteAsync(_call, scope, isSynchronous, cancellationToken);
    }
}
