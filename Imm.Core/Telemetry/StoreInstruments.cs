using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Telemetry;

/// <summary>The instruments of one meter, shared by the stores that report to it. Thread-safe.</summary>
/// <remarks>
/// A meter lives as long as the process or the container. A store in memory may be dropped without being closed, so the instruments hold
/// weak references only.
/// </remarks>
internal sealed class StoreInstruments
{
    public const string StoreNameTag = "imm.store.name";
    public const string ActionTag = "imm.action";
    public const string ErrorTag = "error.type";

    private const string FileTypeTag = "imm.file.type";

    private static readonly Meter Default = new(ImmTelemetry.MeterName, ImmTelemetry.Version);
    private static readonly ConditionalWeakTable<Meter, StoreInstruments> ByMeter = [];

    // A get takes well under a microsecond, a flush can take a second.
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries =
        [
            1e-6, 1e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ],
    };

    private static readonly InstrumentAdvice<int> Sizes = new()
    {
        HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    };

    /// <summary>The open stores, with the values of <see cref="StoreNameTag"/>; empty for a store without a name.</summary>
    private readonly ConditionalWeakTable<IMeasuredStore, string> _stores = [];

    private StoreInstruments(Meter meter)
    {
        Operations = meter.CreateCounter<long>("imm.operations", "{operation}", "The operations that have ended.");
        OperationDuration = meter.CreateHistogram(
            "imm.operation.duration", "s", "The duration of an operation.", tags: null, Durations);
        BatchSize = meter.CreateHistogram(
            "imm.commit.batch.size", "{operation}", "The number of operations that were committed together.", tags: null, Sizes);
        FlushDuration = meter.CreateHistogram(
            "imm.commit.flush.duration", "s", "The duration of a flush of the write-ahead log.", tags: null, Durations);
        CheckpointDuration = meter.CreateHistogram(
            "imm.checkpoint.duration", "s", "The duration of a checkpoint.", tags: null, Durations);
        DatabaseRoundTrips = meter.CreateCounter<long>(
            "imm.db.round_trips", "{round_trip}", "The round trips to the database of a shared store.");
        DatabaseLostRaces = meter.CreateCounter<long>(
            "imm.db.lost_races", "{scope}", "The accounts and regions of a batch in which another process was first.");
        DatabaseCatchUps = meter.CreateCounter<long>(
            "imm.db.catch_ups", "{scope}", "The accounts and regions that were brought up to the changes of another process.");
        DatabaseRetries = meter.CreateCounter<long>(
            "imm.db.retries", "{retry}", "The failures of the database after which its work was tried again.");
        meter.CreateObservableUpDownCounter(
            "imm.commit.queue.length", () => Sum(store => store.WaitingWrites), "{operation}", "The changes in the commit queue.");
        meter.CreateObservableUpDownCounter(
            "imm.project.count", () => Sum(store => store.LoadedProjects), "{project}", "The projects in memory.");
        meter.CreateObservableUpDownCounter(
            "imm.project.known.count",
            () => Sum(KnownProjects),
            "{project}",
            "The projects that the store holds, in memory or not.");
        meter.CreateObservableUpDownCounter(
            "imm.dataset.count", () => Sum(store => store.LoadedDatasets), "{dataset}", "The datasets in memory.");
        meter.CreateObservableUpDownCounter(
            "imm.file.size",
            () => Sum(store => store.DataFileLength, new(FileTypeTag, "data"))
                .Concat(Sum(store => store.LogLength, new(FileTypeTag, "log"))),
            "By",
            "The length of the data file, and of the part of the active log that is in use.");
    }

    public Counter<long> Operations { get; }

    public Histogram<double> OperationDuration { get; }

    public Histogram<int> BatchSize { get; }

    public Histogram<double> FlushDuration { get; }

    public Histogram<double> CheckpointDuration { get; }

    public Counter<long> DatabaseRoundTrips { get; }

    public Counter<long> DatabaseLostRaces { get; }

    public Counter<long> DatabaseCatchUps { get; }

    public Counter<long> DatabaseRetries { get; }

    /// <summary>True if a listener counts or measures operations.</summary>
    public bool AreOperationsMeasured => Operations.Enabled || OperationDuration.Enabled;

    /// <summary>Gets the instruments of the meter of a factory; without a factory, of a meter of the process.</summary>
    public static StoreInstruments Of(IMeterFactory? factory)
    {
        Meter meter = factory?.Create(ImmTelemetry.MeterName, ImmTelemetry.Version) ?? Default;

        // A meter publishes an observable instrument again each time it is created, so it is created once for each meter.
        lock (ByMeter)
        {
            return ByMeter.GetValue(meter, static meter => Make(meter));
        }
    }

    /// <summary>Makes the instruments of a meter. Where a listener throws when they are published, they report to nobody.</summary>
    private static StoreInstruments Make(Meter meter)
    {
        try
        {
            return new StoreInstruments(meter);
        }
#pragma warning disable CA1031 // A listener's defect must not keep a store from being opened.
        catch (Exception)
#pragma warning restore CA1031
        {
            // A meter that is disposed publishes nothing.
            var silent = new Meter(ImmTelemetry.MeterName, ImmTelemetry.Version);
            silent.Dispose();
            return new StoreInstruments(silent);
        }
    }

    /// <summary>Observes a store until it is removed or collected.</summary>
    public void Add(IMeasuredStore store, string? name) => _stores.Add(store, name ?? "");

    public void Remove(IMeasuredStore store) => _stores.Remove(store);

    // A store that cannot be read has no number; it must not keep the listener from those of the other stores.
    private static long? KnownProjects(IMeasuredStore store)
    {
        try
        {
            return store.KnownProjects;
        }
        catch (Exception e) when (e is ImmException or ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Makes one measurement for each name: the sum over the stores of that name.</summary>
    /// <param name="read">Reads the value of a store; null where it has none now.</param>
    /// <param name="tag">A tag of all measurements; null for none.</param>
    private List<Measurement<long>> Sum(Func<IMeasuredStore, long?> read, KeyValuePair<string, object?>? tag = null)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach ((IMeasuredStore store, string name) in _stores)
        {
            if (read(store) is { } value)
            {
                sums[name] = sums.GetValueOrDefault(name) + value;
            }
        }

        var measurements = new List<Measurement<long>>(sums.Count);
        foreach ((string name, long sum) in sums)
        {
            List<KeyValuePair<string, object?>> tags = tag is { } given ? [given] : [];
            if (name.Length > 0)
            {
                tags.Add(new(StoreNameTag, name));
            }

            measurements.Add(new Measurement<long>(sum, tags));
        }

        return measurements;
    }
}
