
namespace Imm.Core.Telemetry;

/// <summary>The observers of a store, and the run of one operation under them.</summary>
internal sealed class OperationObservers(TimeProvider timeProvider, params IOperationObserver[] observers)
{
    /// <summary>True if any observer needs to be called; where none does, an operation runs without all this.</summary>
    public bool AreEnabled
    {
        get
        {
            foreach (IOperationObserver observer in observers)
            {
                if (observer.IsEnabled)
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Runs an operation under the observers, the first outermost.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="execution">Authorizes and carries out the operation.</param>
    /// <param name="isSynchronous">
    /// True if all of it must run on the calling thread, so that the task is completed when it returns: no thread of the pool is needed.
    /// </param>
    /// <param name="cancellationToken">Cancels an observer that waits.</param>
    public async ValueTask<ImmOutcome<TAnswer>> RunAsync<TExecution, TAnswer>(
        Operation operation, TExecution execution, bool isSynchronous, CancellationToken cancellationToken)
        where TExecution : IExecution<TAnswer>
    {
        int begun = 0;
        long? start = Timestamp();
        try
        {
            for (; begun < observers.Length; begun++)
            {
                observers[begun].Begin(operation);
            }

            ImmRefusal? refusal = execution.Check();
            for (int i = 0; refusal is null && i < observers.Length; i++)
            {
                refusal = await observers[i].AdmitAsync(operation, isSynchronous, cancellationToken).ConfigureAwait(false);
            }

            ImmOutcome<TAnswer> outcome = default;
            if (refusal is null)
            {
                outcome = await execution.ExecuteAsync().ConfigureAwait(false);
                if (outcome.TryGetAnswer(out TAnswer? answer, out refusal))
                {
                    operation.Answer = answer;
                    for (int i = 0; refusal is null && i < observers.Length; i++)
                    {
                        refusal = observers[i].ReplaceAnswer(operation);
                    }
                }
            }

            if (refusal is not null)
            {
                outcome = new ImmOutcome<TAnswer>(refusal);
                operation.Answer = null;
                operation.Refusal = refusal;
            }

            return outcome;
        }
        catch (Exception e)
        {
            operation.Exception = e;
            throw;
        }
        finally
        {
            operation.Duration = Since(start);
            while (begun > 0)
            {
                observers[--begun].End(operation);
            }
        }
    }

    // The clock is the host's. Its exception must not fail an operation, least of all one whose change is made.
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

    /// <summary>The part of an operation between its begin and its end. A struct, so that a call allocates nothing for it.</summary>
    internal interface IExecution<TAnswer>
    {
        /// <summary>Checks the parameters, then asks the authorizer; null where both allow.</summary>
        ImmRefusal? Check();

        /// <summary>Carries out the operation.</summary>
        ValueTask<ImmOutcome<TAnswer>> ExecuteAsync();
    }
}
