using System.Diagnostics;
using System.Diagnostics.Metrics;
using Imm.Core.Model;
using Imm.Core.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Imm.Core.Telemetry;

/// <summary>
/// Records metrics, traces and logs of one store, as <see cref="ImmTelemetry"/> lists them. Thread-safe, and never throws.
/// </summary>
/// <remarks>
/// Listeners and loggers are code of the host. They run on threads that have published a change and not acknowledged it yet, or for which
/// many callers wait. An exception of theirs is dropped here: passed on, it would fail a change that is durable.
/// </remarks>
internal sealed class StoreTelemetry : IOperationObserver, IStoreObserver
{
    // Hosts filter their logs by the category, so it does not follow the rooms.
    private const string LogCategory = "Imm.Core.ImmStore";

    private static readonly ActivitySource Source = new(ImmTelemetry.ActivitySourceName, ImmTelemetry.Version);

    private readonly string? _name;
    private readonly string _logName;
    private readonly StoreInstruments _instruments;
    private readonly ILogger _logger;
    private int _failed;
    private bool _failedBeforeClosing;

    /// <summary>The telemetry of the store that calls listeners on this thread for itself, not for the operation of a caller.</summary>
    [ThreadStatic]
    private static StoreTelemetry? _notifying;

    /// <summary>Makes the telemetry of a store.</summary>
    /// <param name="name">The name of the store in metrics; null for none.</param>
    /// <param name="path">The data file; null for a store in memory.</param>
    /// <param name="loggerFactory">The factory of the logger; null logs nothing.</param>
    /// <param name="meterFactory">The factory of the meter; null for a meter of the process.</param>
    public StoreTelemetry(string? name, string? path, ILoggerFactory? loggerFactory, IMeterFactory? meterFactory)
    {
        _name = name;
        _logName = path ?? name ?? "in memory";
        _instruments = StoreInstruments.Of(meterFactory);
        _logger = loggerFactory?.CreateLogger(LogCategory) ?? NullLogger.Instance;
    }

    /// <summary>True if a listener observes operations, by metrics or by traces.</summary>
    public bool IsEnabled => _instruments.AreOperationsMeasured || Source.HasListeners();

    /// <inheritdoc/>
    public bool IsTelling => _notifying == this;

    /// <summary>Records the warnings of a policy that a host has configured, which are those of all its stores.</summary>
    /// <param name="loggerFactory">The factory of the logger; null logs nothing.</param>
    /// <param name="policy">The policy, which has a name.</param>
    public static void PolicyRead(ILoggerFactory? loggerFactory, RamPolicy policy) => Safely((loggerFactory, policy), static it =>
    {
        if (it.loggerFactory is not null && it.policy.Warnings.Count > 0)
        {
            ILogger logger = it.loggerFactory.CreateLogger(LogCategory);
            foreach (string warning in it.policy.Warnings)
            {
                StoreLog.PolicyWarning(logger, it.policy.Name!, warning);
            }
        }
    });

    /// <summary>Records that the store is open.</summary>
    /// <param name="store">The store; it is observed until it is closed or collected.</param>
    /// <param name="details">What was opened.</param>
    /// <param name="authorization">The mode of the authorizer; null where there is none.</param>
    public void Opened(IMeasuredStore store, OpenedStoreDetails details, AuthorizationMode? authorization)
    {
        _instruments.Add(store, _name);
        LogOpened(details);
        if (authorization is { } mode)
        {
            Safely((this, mode), static it => StoreLog.Authorization(it.Item1._logger, it.Item1._logName, it.mode));
        }
    }

    /// <summary>Records that a store which has failed opens its files again: a failure from now on is another one.</summary>
    public void Reopening() => Volatile.Write(ref _failed, 0);

    /// <summary>Records that a store which had failed has opened its files again.</summary>
    public void Reopened(OpenedStoreDetails details) => LogOpened(details);

    private void LogOpened(OpenedStoreDetails details)
    {
        (int Records, int Pages) recovered = details.Recovered;
        Safely(
            (this, details),
            static it => StoreLog.Opened(
                it.Item1._logger,
                it.Item1._logName,
                it.details.Path,
                it.details.Durability,
                it.details.Format,
                it.details.Scopes,
                it.details.Projects,
                it.details.Recovered.Records));

        if (recovered is not (0, 0))
        {
            Safely(
                (this, recovered),
                static it => StoreLog.Recovered(it.Item1._logger, it.Item1._logName, it.recovered.Records, it.recovered.Pages));
        }
    }

    /// <summary>
    /// Records that the store has committed everything and closes its files next. A failure from now on is recorded as an incomplete close,
    /// not as a failure of the store.
    /// </summary>
    public void Closing() => _failedBeforeClosing = Interlocked.Exchange(ref _failed, 1) != 0;

    /// <summary>Records that the store is closed.</summary>
    /// <param name="store">The store.</param>
    /// <param name="failure">The reason why not everything could be brought into the data file; null where it could.</param>
    public void Closed(IMeasuredStore store, Exception? failure)
    {
        _instruments.Remove(store);
        if (failure is not null)
        {
            Notify((this, failure), static it =>
            {
                if (!it.Item1._failedBeforeClosing)
                {
                    it.Item1.LogReason(it.failure);
                }

                StoreLog.CloseIncomplete(
                    it.Item1._logger, it.failure, it.Item1._logName, StoreFileException.ReasonOf(it.failure));
            });
            return;
        }

        Notify(this, static it => StoreLog.Closed(it._logger, it._logName));
    }

    /// <summary>Records that the store could not be opened.</summary>
    public void OpenRefused(Exception cause) => Safely((this, cause), static it =>
    {
        it.Item1.LogReason(it.cause);
        StoreLog.OpenRefused(it.Item1._logger, it.cause, it.Item1._logName, StoreFileException.ReasonOf(it.cause));
    });

    /// <summary>Records the result of a check.</summary>
    /// <param name="problems">The problems that were found; nothing is logged where there is none.</param>
    public void Checked(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
        {
            Safely((this, problems), static it => StoreLog.Damaged(it.Item1._logger, it.Item1._logName, it.problems.Count, it.problems[0]));
        }
    }

    /// <inheritdoc/>
    public void Begin(Operation operation) => Safely((this, operation), static it =>
    {
        Operation operation = it.operation;
        Activity? activity = Source.StartActivity(operation.Action);
        operation.Activity = activity;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("cloud.account.id", operation.Scope.AccountId);
            activity.SetTag("cloud.region", operation.Scope.RegionId);
            SetName(activity, "imm.project.name", operation.ProjectName);
            SetName(activity, "imm.dataset.name", operation.DatasetName);
            if (it.Item1._name is { } name)
            {
                activity.SetTag(StoreInstruments.StoreNameTag, name);
            }
        }
    });

    /// <inheritdoc/>
    public void End(Operation operation)
    {
        Safely((this, operation), static it => it.Item1.Count(it.operation));
        if (operation.Activity is Activity activity)
        {
            Safely((activity, operation), static it =>
            {
                if (ErrorType(it.operation) is { } errorType)
                {
                    it.activity.SetTag(StoreInstruments.ErrorTag, errorType);
                    it.activity.SetStatus(ActivityStatusCode.Error, it.operation.Refusal?.Message ?? it.operation.Exception?.Message);
                }
            });
            Safely(activity, static it => it.Dispose());
        }
    }

    /// <summary>Records that policies refuse an operation.</summary>
    /// <param name="principal">The principal of the caller.</param>
    /// <param name="decision">The refusal.</param>
    /// <param name="isEnforced">True if the operation is refused, false if it is let through.</param>
    public void AccessDenied(RamPrincipal principal, RamDecision decision, bool isEnforced) => Safely(
        (this, principal, decision, isEnforced),
        static it =>
        {
            StoreTelemetry telemetry = it.Item1;
            if (it.isEnforced)
            {
                StoreLog.AccessDenied(telemetry._logger, telemetry._logName, it.principal, it.decision.Effect, it.decision.Reason);
            }
            else
            {
                StoreLog.AccessDeniedSoftly(telemetry._logger, telemetry._logName, it.principal, it.decision.Effect, it.decision.Reason);
            }
        });

    /// <summary>Records that the signature of a request is refused.</summary>
    /// <param name="code">The error code.</param>
    /// <param name="canonicalRequest">The text that was hashed, without the token; null where the calculation did not come so far.</param>
    public void SignatureRefused(string code, string? canonicalRequest) => Safely(
        (this, code, canonicalRequest),
        static it => StoreLog.SignatureRefused(it.Item1._logger, it.Item1._logName, it.code, it.canonicalRequest));

    /// <inheritdoc/>
    public void Committed(int operations)
    {
        if (_instruments.BatchSize.Enabled)
        {
            Notify((this, operations), static it => it.Item1._instruments.BatchSize.Record(it.operations, it.Item1.Tags()));
        }
    }

    /// <inheritdoc/>
    public void Flushed(TimeSpan duration) =>
        Notify((this, duration), static it => it.Item1._instruments.FlushDuration.Record(it.duration.TotalSeconds, it.Item1.Tags()));

    /// <inheritdoc/>
    public void Checkpointed(StoreCheckpoint checkpoint)
    {
        Notify(
            (this, checkpoint),
            static it => it.Item1._instruments.CheckpointDuration.Record(it.checkpoint.Duration.TotalSeconds, it.Item1.Tags()));

        // Not in one call with the record: a listener that throws must not suppress the log entry.
        Notify(
            (this, checkpoint),
            static it => StoreLog.Checkpoint(
                it.Item1._logger, it.Item1._logName, it.checkpoint.Records, it.checkpoint.Pages, it.checkpoint.Duration));
    }

    /// <inheritdoc/>
    public void MadeRoundTrip() => Count(_instruments.DatabaseRoundTrips, 1);

    /// <inheritdoc/>
    public void LostRaces(int scopes) => Count(_instruments.DatabaseLostRaces, scopes);

    /// <inheritdoc/>
    public void CaughtUp() => Count(_instruments.DatabaseCatchUps, 1);

    /// <inheritdoc/>
    public void Retried(Exception cause) => Count(_instruments.DatabaseRetries, 1);

    /// <inheritdoc/>
    public void RanOutOfSpace(Exception cause) => Notify((this, cause), static it => it.Item1.LogReason(it.cause));

    /// <inheritdoc/>
    public void Failed(Exception cause)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
        {
            Notify((this, cause), static it =>
            {
                it.Item1.LogReason(it.cause);
                StoreLog.Failed(it.Item1._logger, it.cause, it.Item1._logName, StoreFileException.ReasonOf(it.cause));
            });
        }
    }

    /// <summary>
    /// The value of <see cref="StoreInstruments.ErrorTag"/>: the code of the refusal, or else the type of the exception; null for a
    /// success. Never a text of the caller: the number of values must stay small.
    /// </summary>
    private static string? ErrorType(Operation operation) => operation switch
    {
        { Refusal: { } refusal } => refusal.Code,
        { Exception: OperationCanceledException } => typeof(OperationCanceledException).FullName,
        _ => operation.Exception?.GetType().FullName,
    };

    // A malformed name may be of any length.
    private static void SetName(Activity activity, string tag, string? name)
    {
        if (NameRule.Holds(name))
        {
            activity.SetTag(tag, name);
        }
    }

    /// <summary>
    /// Calls listeners at a point where a change or a close of the same store would wait for this thread. <see cref="IsTelling"/> is true
    /// meanwhile, so that the store refuses both.
    /// </summary>
    private void Notify<TState>(TState state, Action<TState> call)
    {
        StoreTelemetry? outer = _notifying;
        _notifying = this;
        Safely(state, call);
        _notifying = outer;
    }

    private static void Safely<TState>(TState state, Action<TState> call)
    {
        try
        {
            call(state);
        }
#pragma warning disable CA1031 // See the remarks of the class.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private void Count(Operation operation)
    {
        if (!_instruments.AreOperationsMeasured)
        {
            return;
        }

        TagList tags = Tags();
        tags.Add(StoreInstruments.ActionTag, operation.Action);
        if (ErrorType(operation) is { } errorType)
        {
            tags.Add(StoreInstruments.ErrorTag, errorType);
        }

        _instruments.Operations.Add(1, tags);
        if (operation.Duration is { } duration)
        {
            _instruments.OperationDuration.Record(duration.TotalSeconds, tags);
        }
    }

    private void Count(Counter<long> counter, int number)
    {
        if (counter.Enabled)
        {
            Notify((this, counter, number), static it => it.counter.Add(it.number, it.Item1.Tags()));
        }
    }

    private TagList Tags() => _name is null ? default : new TagList { { StoreInstruments.StoreNameTag, _name } };

    /// <summary>Logs the event of its own that a reason has, by which alerts tell them apart.</summary>
    private void LogReason(Exception cause)
    {
        switch (StoreFileException.ReasonOf(cause))
        {
            case ImmUnavailableReason.Damaged:
                StoreLog.Damaged(_logger, _logName, 1, cause.Message);
                break;
            case ImmUnavailableReason.Locked:
                StoreLog.Locked(_logger, _logName, cause.Message);
                break;
            case ImmUnavailableReason.MissingLog or ImmUnavailableReason.MissingDataFile or ImmUnavailableReason.MismatchedFiles
                or ImmUnavailableReason.FilesChanged:
                StoreLog.FilesMissing(_logger, _logName, cause.Message);
                break;
            case ImmUnavailableReason.WrittenByAnotherProgram:
                StoreLog.WrittenByAnotherProgram(_logger, _logName, cause.Message);
                break;
            case ImmUnavailableReason.NewerFormat:
                StoreLog.NewerFormat(_logger, _logName, cause.Message);
                break;
            case ImmUnavailableReason.NoSpace:
                StoreLog.NoSpace(_logger, _logName, cause.Message);
                break;
            default:
                break;
        }
    }
}
