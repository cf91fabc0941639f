using System.Diagnostics;
using Imm.Core.Model;
using Imm.Core.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Imm.Core.Telemetry;

/// <summary>Tells the world outside what one store does: metrics, traces and logs. <see cref="ImmTelemetry"/> says which.</summary>
/// <remarks>
/// It stands between the store and listeners of others' making, on threads that have a change half told or many callers waiting. Nothing
/// that a listener throws may pass it.
/// </remarks>
internal sealed class StoreTelemetry : IOperationObserver, IStoreObserver
{
    private static readonly ActivitySource Source = new(ImmTelemetry.ActivitySourceName, ImmTelemetry.Version);

    private readonly string? _name;
    private readonly string _store;
    private readonly StoreInstruments _instruments;
    private readonly ILogger _logger;
    private int _failed;
    private bool _hadFailed;

    /// <summary>Whose listeners are being called on this thread by the store itself, not by a caller's operation.</summary>
    [ThreadStatic]
    private static StoreTelemetry? _telling;

    public StoreTelemetry(ImmStoreOptions options)
    {
        _name = options.Name;
        _store = options.Path ?? options.Name ?? "in memory";
        _instruments = StoreInstruments.Of(options.MeterFactory);
        _logger = options.LoggerFactory?.CreateLogger<ImmStore>() ?? NullLogger<ImmStore>.Instance;
    }

    /// <inheritdoc/>
    public bool IsEnabled => _instruments.OperationDuration.Enabled || _instruments.Operations.Enabled || Source.HasListeners();

    /// <inheritdoc/>
    public bool IsTelling => _telling == this;

    /// <summary>The store is open.</summary>
    public void Opened(ImmStore store, (int Records, int Pages) recovered)
    {
        _instruments.Add(store);
        if (recovered is not (0, 0))
        {
            Safely(
                (this, recovered),
                static it => StoreLog.Recovered(it.Item1._logger, it.Item1._store, it.recovered.Records, it.recovered.Pages));
        }
    }

    /// <summary>
    /// The store has committed everything, and gives up its files next. What fails there is told as an incomplete close and not as a
    /// failure.
    /// </summary>
    public void Closing() => _hadFailed = Interlocked.Exchange(ref _failed, 1) != 0;

    /// <summary>The store is closed.</summary>
    /// <param name="store">The store.</param>
    /// <param name="failure">Why not everything could be brought into the data file; null where it could.</param>
    public void Closed(ImmStore store, Exception? failure)
    {
        _instruments.Remove(store);
        if (failure is not null)
        {
            Tell((this, failure), static it =>
            {
                if (!it.Item1._hadFailed)
                {
                    it.Item1.TellDamage(it.failure);
                }

                StoreLog.CloseIncomplete(it.Item1._logger, it.failure, it.Item1._store);
            });
        }
    }

    /// <summary>The store could not be opened.</summary>
    public void OpenRefused(Exception cause) => Safely((this, cause), static it =>
    {
        it.Item1.TellDamage(it.cause);
        StoreLog.OpenRefused(it.Item1._logger, it.cause, it.Item1._store);
    });

    /// <summary>The files were looked through, and are not as they should be.</summary>
    public void Checked(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
        {
            Safely((this, problems), static it => StoreLog.Damaged(it.Item1._logger, it.Item1._store, it.problems.Count, it.problems[0]));
        }
    }

    /// <inheritdoc/>
    public void Begin(Operation operation) => Safely(operation, static it =>
    {
        Activity? activity = Source.StartActivity(it.Action);
        it.Activity = activity;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("cloud.account.id", it.Scope.AccountId);
            activity.SetTag("cloud.region", it.Scope.RegionId);
            SetName(activity, "imm.project.name", it.ProjectName);
            SetName(activity, "imm.dataset.name", it.DatasetName);
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

    /// <inheritdoc/>
    public void Committed(int operations)
    {
        if (_instruments.BatchSize.Enabled)
        {
            Tell((this, operations), static it => it.Item1._instruments.BatchSize.Record(it.operations, it.Item1.Tags()));
        }
    }

    /// <inheritdoc/>
    public void Flushed(TimeSpan duration)
    {
        if (_instruments.FlushDuration.Enabled)
        {
            Tell((this, duration), static it => it.Item1._instruments.FlushDuration.Record(it.duration.TotalSeconds, it.Item1.Tags()));
        }
    }

    /// <inheritdoc/>
    public void Checkpointed(StoreCheckpoint checkpoint)
    {
        Tell(
            (this, checkpoint),
            static it => it.Item1._instruments.CheckpointDuration.Record(it.checkpoint.Duration.TotalSeconds, it.Item1.Tags()));
        Tell(
            (this, checkpoint),
            static it => StoreLog.Checkpoint(
                it.Item1._logger, it.Item1._store, it.checkpoint.Records, it.checkpoint.Pages, it.checkpoint.Duration));
    }

    /// <inheritdoc/>
    public void Failed(Exception cause)
    {
        if (Interlocked.Exchange(ref _failed, 1) == 0)
        {
            Tell((this, cause), static it =>
            {
                it.Item1.TellDamage(it.cause);
                StoreLog.Failed(it.Item1._logger, it.cause, it.Item1._store);
            });
        }
    }

    /// <summary>The code of the refusal, or else the type of the exception; null for a success.</summary>
    private static string? ErrorType(Operation operation) =>
        operation.Refusal?.Code
        ?? (operation.Exception is OperationCanceledException ? typeof(OperationCanceledException) : operation.Exception?.GetType())?.FullName;

    // What a caller gives may be of any length.
    private static void SetName(Activity activity, string tag, string? name)
    {
        if (NameRule.Holds(name))
        {
            activity.SetTag(tag, name);
        }
    }

    /// <summary>Calls listeners while the store holds what a change or a close would wait for.</summary>
    private void Tell<TState>(TState state, Action<TState> tell)
    {
        StoreTelemetry? outer = _telling;
        _telling = this;
        Safely(state, tell);
        _telling = outer;
    }

    private static void Safely<TState>(TState state, Action<TState> tell)
    {
        try
        {
            tell(state);
        }
#pragma warning disable CA1031 // A listener's defect is not the store's.
        catch (Exception)
#pragma warning restore CA1031
        {
        }
    }

    private void Count(Operation operation)
    {
        if (!_instruments.Operations.Enabled && !_instruments.OperationDuration.Enabled)
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

    private TagList Tags() => _name is null ? default : new TagList { { StoreInstruments.StoreNameTag, _name } };

    private void TellDamage(Exception cause)
    {
        for (Exception? e = cause; e is not null; e = e.InnerException)
        {
            if (e is DamagedFileException)
            {
                StoreLog.Damaged(_logger, _store, 1, e.Message);
                return;
            }
        }
    }
}
