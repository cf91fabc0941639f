using Imm.Core.Commit;
using Imm.Core.Model;

namespace Imm.Core.Telemetry;

/// <summary>The hooks of a store, and how an operation runs under them.</summary>
internal sealed class OperationHooks(TimeProvider timeProvider, params IOperationHook[] hooks)
{
    /// <summary>True if any hook has anything to do; where none has, an operation runs without all this.</summary>
    public bool AreEnabled
    {
        get
        {
            foreach (IOperationHook hook in hooks)
            {
                if (hook.IsEnabled)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Runs an operation under the hooks, the first outermost.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="malformed">What its parameters have against it.</param>
    /// <param name="authorize">Asks the authorizer, where the parameters are all right; null where there is none.</param>
    /// <param name="execute">Does it.</param>
    /// <param name="waits">
    /// True if the caller waits: then all of it runs on the calling thread and the task is completed. No continuation is needed, for which
    /// a thread of the pool would have to be free.
    /// </param>
    /// <param name="cancellationToken">Gives up a hook that takes its time.</param>
    public async Task<TAnswer> RunAsync<TAnswer>(
        Operation operation,
        Refusal? malformed,
        Func<Refusal?>? authorize,
        Func<Outcome<TAnswer>> execute,
        bool waits,
        CancellationToken cancellationToken)
    {
        int begun = 0;
        long? start = Timestamp();
        try
        {
            for (; begun < hooks.Length; begun++)
            {
                hooks[begun].Begin(operation);
            }

            TAnswer answer = await AdmitAndExecuteAsync(operation, malformed, authorize, execute, waits, cancellationToken)
                .ConfigureAwait(false);
            operation.Answer = answer;
            return answer;
        }
        catch (Exception e)
        {
            operation.Answer = null;
            operation.Exception = e;
            throw;
        }
        finally
        {
            operation.Duration = Since(start);
            while (begun > 0)
            {
                hooks[--begun].End(operation);
            }
        }
    }

    private async Task<TAnswer> AdmitAndExecuteAsync<TAnswer>(
        Operation operation,
        Refusal? malformed,
        Func<Refusal?>? authorize,
        Func<Outcome<TAnswer>> execute,
        bool waits,
        CancellationToken cancellationToken)
    {
        Refusal? refused = malformed ?? authorize?.Invoke();
        foreach (IOperationHook hook in hooks)
        {
            refused ??= await hook.AdmitAsync(operation, waits, cancellationToken).ConfigureAwait(false);
        }

        if (refused is not null)
        {
            throw refused.ToException();
        }

        Outcome<TAnswer> outcome = execute();
        TAnswer answer = waits ? outcome.Wait() : await outcome.AsValueTask().ConfigureAwait(false);
        operation.Answer = answer;
        foreach (IOperationHook hook in hooks)
        {
            if (hook.Betray(operation) is { } betrayal)
            {
                throw betrayal.ToException();
            }
        }

        return answer;
    }

    // The clock is the host's. That it throws is no reason to fail an operation, least of all one whose change is made.
    private long? Timestamp()
    {
        try
        {
            return timeProvider.GetTimestamp();
        }
#pragma warning disable CA1031 // See above.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }

    private TimeSpan? Since(long? start)
    {
        try
        {
            return start is { } timestamp ? timeProvider.GetElapsedTime(timestamp) : null;
        }
#pragma warning disable CA1031 // See above.
        catch (Exception)
#pragma warning restore CA1031
        {
            return null;
        }
    }
}
