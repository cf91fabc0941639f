using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;

namespace Imm.Core.Telemetry;

/// <summary>The instruments of one meter, shared by the stores that report to it.</summary>
/// <remarks>
/// A meter lives as long as the process or the container, stores come and go, and one in memory may be dropped without being closed. So the
/// meter holds on to none of them.
/// </remarks>
internal sealed class StoreInstruments
{
    public const string StoreNameTag = "imm.store.name";
    public const string ActionTag = "imm.action";
    public const string ErrorTag = "error.type";

    private const string FileTypeTag = "imm.file.type";

    private static readonly Meter Default = new(ImmTelemetry.MeterName, ImmTelemetry.Version);
    private static readonly ConditionalWeakTable<Meter, StoreInstruments> ByMeter = [];

    // A get takes well under a microsecond, a flush may take a second.
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

    private readonly ConditionalWeakTable<ImmStore, object?> _stores = [];

    private StoreInstruments(Meter meter)
    {
        Operations = meter.CreateCounter<long>("imm.operations", "{operation}", "Operations that have ended.");
        OperationDuration = meter.CreateHistogram("imm.operation.duration", "s", "How long operations took.", tags: null, Durations);
        BatchSize = meter.CreateHistogram(
            "imm.commit.batch.size", "{operation}", "How many operations were committed together.", tags: null, Sizes);
        FlushDuration = meter.CreateHistogram(
            "imm.commit.flush.duration", "s", "How long the disk took to make a batch safe.", tags: null, Durations);
        CheckpointDuration = meter.CreateHistogram(
            "imm.checkpoint.duration", "s", "How long it took to bring a log into the data file.", tags: null, Durations);
        meter.CreateObservableUpDownCounter(
            "imm.commit.queue.length",
            () => Sum(store => store.Status.WaitingWrites),
            "{operation}",
            "How many changes wait for their turn.");
        meter.CreateObservableUpDownCounter(
            "imm.project.count", () => Sum(store => store.LoadedProjectCount), "{project}", "How many projects are in memory.");
        meter.CreateObservableUpDownCounter(
            "imm.dataset.count", () => Sum(store => store.LoadedDatasetCount), "{dataset}", "How many datasets are in memory.");
        meter.CreateObservableUpDownCounter(
            "imm.file.size",
            () => Sum(store => store.Status.DataFileLength, new(FileTypeTag, "data"))
                .Concat(Sum(store => store.Status.LogLength, new(FileTypeTag, "log"))),
            "By",
            "The data file, and what is in use of the active log.");
    }

    public Counter<long> Operations { get; }

    public Histogram<double> OperationDuration { get; }

    public Histogram<int> BatchSize { get; }

    public Histogram<double> FlushDuration { get; }

    public Histogram<double> CheckpointDuration { get; }

    /// <summary>The instruments of the meter that a factory has, or of the process's own.</summary>
    public static StoreInstruments Of(IMeterFactory? factory)
    {
        Meter meter = factory?.Create(ImmTelemetry.MeterName, ImmTelemetry.Version) ?? Default;

        // Instruments that observe cannot be taken from a meter again, so they must not be made twice.
        lock (ByMeter)
        {
            return ByMeter.GetValue(meter, static meter => Make(meter));
        }
    }

    /// <summary>
    /// Makes the instruments of a meter; where a listener throws as they are published, instruments that tell nobody anything.
    /// </summary>
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

    /// <summary>Has a store be observed until it is gone.</summary>
    public void Add(ImmStore store) => _stores.Add(store, null);

    public void Remove(ImmStore store) => _stores.Remove(store);

    /// <summary>One measurement for each name of a store; stores of one name count together.</summary>
    private List<Measurement<long>> Sum(Func<ImmStore, long> read, KeyValuePair<string, object?>? tag = null)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach ((ImmStore store, _) in _stores)
        {
            string name = store.Name ?? "";
            sums[name] = sums.GetValueOrDefault(name) + read(store);
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
