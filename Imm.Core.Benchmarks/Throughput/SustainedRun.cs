using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Scenarios;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The measurement of one engine in a process of its own.</summary>
/// <param name="PerSecond">The creates a second.</param>
/// <param name="Windows">The creates a second in each of the equal windows of the time.</param>
/// <param name="AllocatedBytes">The managed bytes allocated for a create, without those of its input.</param>
/// <param name="Latency">The latencies of all creates.</param>
internal sealed record SustainedResult(
    double PerSecond, IReadOnlyList<double> Windows, double AllocatedBytes, IReadOnlyList<LatencyCount> Latency);

/// <summary>
/// Measures creates over a long time. The program starts itself for each engine: the collector's settings are those of a process, and its
/// pauses depend on what else the process holds.
/// </summary>
internal static class SustainedRun
{
    public const string Command = "sustained";
    public const string Arguments = "ENGINE FOLDER SECONDS";
    public const int Callers = 64;

    private const int Windows = 6;

    /// <summary>The concurrent collection of the runtime's defaults, which the settings of this program turn off.</summary>
    private const string ConcurrentCollection = "DOTNET_gcConcurrent";

    /// <summary>Measures an engine in a process of its own.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="folder">The empty folder of the store.</param>
    /// <param name="time">The time to measure, after a sixth of it as the warm-up.</param>
    /// <exception cref="InvalidOperationException">The process failed.</exception>
    public static SustainedResult InProcess(Engine engine, string folder, TimeSpan time)
    {
        ProcessStartInfo start = CommandLine.OwnProcess(
            Command, engine.Name, folder, time.TotalSeconds.ToString(CultureInfo.InvariantCulture));
        start.Environment[ConcurrentCollection] = "1";
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == CommandLine.Success
            ? JsonSerializer.Deserialize<SustainedResult>(output)!
            : throw new InvalidOperationException($"The process of {engine.Name} failed with the exit code {process.ExitCode}.");
    }

    /// <summary>Measures an engine, as the process of it, and prints the result as JSON.</summary>
    public static int Run(string[] args)
    {
        if (args is not [var name, var folder, var seconds]
            || !double.TryParse(seconds, CultureInfo.InvariantCulture, out double time)
            || Engine.Embedded.FirstOrDefault(one => one.Name == name) is not { } engine)
        {
            throw new UsageException($"The command takes {Arguments}.");
        }

        using EngineAdapter adapter = SustainedScenario.Open(engine, folder);
        Console.WriteLine(JsonSerializer.Serialize(Measure(adapter, engine.IsAsynchronous, TimeSpan.FromSeconds(time))));
        return CommandLine.Success;
    }

    private static SustainedResult Measure(EngineAdapter adapter, bool asTasks, TimeSpan time)
    {
        long input = AllocatedByInput();
        List<Workload.Worker> workers = ClosedLoop.OpenWorkers(adapter, Workload.Create, asTasks, Callers, size: 0, series: 0);
        ClosedLoop.Run(workers, asTasks, time / Windows);
        Latency[] latencies = [.. workers.Select(worker => (worker.Latencies = new Latencies()).Of("create"))];
        var windows = new double[Windows];
        var watch = new Thread(() =>
        {
            long last = Stopwatch.GetTimestamp();
            long counted = 0;
            for (int i = 0; i < Windows; i++)
            {
                Thread.Sleep(time / Windows);
                (long now, long count) = (Stopwatch.GetTimestamp(), latencies.Sum(latency => latency.Count));
                windows[i] = (count - counted) / Stopwatch.GetElapsedTime(last, now).TotalSeconds;
                (last, counted) = (now, count);
            }
        });
        long allocated = GC.GetTotalAllocatedBytes();
        watch.Start();
        (long creates, TimeSpan elapsed) = ClosedLoop.Run(workers, asTasks, time);
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        watch.Join();
        workers.ForEach(worker => worker.Dispose());
        var latency = new Latency();
        Array.ForEach(latencies, latency.Add);
        return new SustainedResult(
            creates / elapsed.TotalSeconds, windows, ((double)allocated / creates) - input, [.. latency.Counts]);
    }

    private static long AllocatedByInput()
    {
        const int Count = 10_000;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Count; i++)
        {
            NewProject.Of(i);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Count;
    }
}
