using Imm.Core.Model;

namespace Imm.Core.Operations;

/// <summary>The hooks of a store, and how an operation runs under them.</summary>
internal sealed class OperationHooks(TimeProvider timeProvider, params IOperationHook[] hooks)
{
    /// <summary>Whether any hook has anything to do; where none has, an operation runs without all this.</summary>
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
    /// <param name="action">The RAM action.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="projectName">The project as the caller named it.</param>
    /// <param name="datasetName">The dataset as the caller named it.</param>
    /// <param name="request">What the caller gave.</param>
    /// <param name="malformed">What its parameters have against it.</param>
    /// <param name="authorize">Asks the authorizer, where the parameters are all right; null where there is none.</param>
    /// <param name="execute">Does it.</param>
    /// <param name="cancellationToken">Gives up a hook that takes its time.</param>
    public async Task<TAnswer> RunAsync<TAnswer>(
        string action,
        Scope scope,
        string? projectName,
        string? datasetName,
        object? request,
        Refusal? malformed,
        Func<Refusal?>? authorize,
        Func<Outcome<TAnswer>> execute,
        CancellationToken cancellationToken)
    {
        var operation = new Operation(action, scope, projectName, datasetName, request, timeProvider.GetTimestamp());
        foreach (IOperationHook hook in hooks)
        {
            hook.Begin(operation);
        }

        try
        {
            TAnswer answer = await RunAsync(operation, malformed, authorize, execute, cancellationToken).ConfigureAwait(false);
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
            for (int i = hooks.Length - 1; i >= 0; i--)
            {
                hooks[i].End(operation);
            }
        }
    }

    private async Task<TAnswer> RunAsync<TAnswer>(
        Operation operation, Refusal? malformed, Func<Refusal?>? authorize, Func<Outcome<TAnswer>> execute, CancellationToken cancellationToken)
    {
        Refusal? refused = malformed ?? authorize?.Invoke();
        foreach (IOperationHook hook in hooks)
        {
            refused ??= await hook.AdmitAsync(operation, cancellationToken).ConfigureAwait(false);
        }

        if (refused is not null)
        {
            throw refused.ToException();
        }

        TAnswer answer = await execute().AsValueTask().ConfigureAwait(false);
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
}
