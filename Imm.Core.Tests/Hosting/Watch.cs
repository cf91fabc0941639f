using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace Imm.Core.Tests.Hosting;

/// <summary>A meter factory and a logger factory for the stores of one test, with their measurements and log records.</summary>
internal sealed class Watch : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection()
        .AddMetrics()
        .AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddFakeLogging())
        .BuildServiceProvider();

    public IMeterFactory MeterFactory => _services.GetRequiredService<IMeterFactory>();

    public ILoggerFactory LoggerFactory => _services.GetRequiredService<ILoggerFactory>();

    /// <summary>The log records so far, without those of every open and close.</summary>
    public IReadOnlyList<FakeLogRecord> Logs => [.. AllLogs.Where(log => log.Id.Name is not ("Opened" or "Closed"))];

    /// <summary>The log records so far.</summary>
    public IReadOnlyList<FakeLogRecord> AllLogs => _services.GetFakeLogCollector().GetSnapshot();

    public ImmStoreOptions Options(string? path = null) =>
        new() { Path = path, MeterFactory = MeterFactory, LoggerFactory = LoggerFactory };

    public MetricCollector<T> Collect<T>(string instrument)
        where T : struct => new(MeterFactory, "Imm.Core", instrument);

    /// <summary>Reads an observable instrument now: a number for each set of labels.</summary>
    public Dictionary<string, long> Observe(string instrument)
    {
        using MetricCollector<long> collector = Collect<long>(instrument);
        collector.RecordObservableInstruments();
        return collector.GetMeasurementSnapshot().ToDictionary(Labels, measurement => measurement.Value);
    }

    public static string Labels<T>(CollectedMeasurement<T> measurement)
        where T : struct =>
        string.Join(' ', measurement.Tags.OrderBy(tag => tag.Key, StringComparer.Ordinal).Select(tag => $"{tag.Key}={tag.Value}"));

    public void Dispose() => _services.Dispose();
}
