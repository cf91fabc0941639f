using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using System.Text.Json;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Scenarios;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The measurement of one of several processes on a shared store.</summary>
/// <param name="PerSecond">The creates a second.</param>
/// <param name="Latency">The latencies of all creates.</param>
internal sealed record SharedResult(double PerSecond, IReadOnlyList<LatencyCount> Latency);

/// <summary>Measures creates in several processes on one store. The program starts itself for each.</summary>
internal static class SharedRun
{
    public const string Command = "shared";
    public const string Arguments = "ENGINE CONNECTION ROW PROCESS LONGEST-WARM-UP SECONDS";

    private const string Ready = "ready";

    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(0.1);

    /// <summary>Measures an engine in the processes of a row, which begin at the same moment.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="connectionString">The connection string, which names the schema of the store.</param>
    /// <param name="row">The row.</param>
    /// <param name="plan">The times to warm up and to measure.</param>
    /// <returns>The sum of the processes.</returns>
    /// <exception cref="InvalidOperationException">A process failed.</exception>
    public static Sample InProcesses(Engine engine, string connectionString, SharedRow row, Plan plan)
    {
        var processes = new List<Process>();
        try
        {
            for (int n = 0; n < row.Processes; n++)
            {
                ProcessStartInfo start = CommandLine.OwnProcess(
                    Command, engine.Name, connectionString, row.Id, Text(n), Text(plan.LongestWarmUpTime.TotalSeconds),
                    Text(plan.MeasureTime.TotalSeconds));
                start.RedirectStandardInput = true;
                processes.Add(Process.Start(start)!);
            }

            if (!processes.TrueForAll(process => process.StandardOutput.ReadLine() == Ready))
            {
                throw new InvalidOperationException($"A process of {engine.Name} failed before the measurement.");
            }

            processes.ForEach(process => process.StandardInput.Close());
            SharedResult[] results = [.. processes.Select(process => Read(engine, process))];
            var latency = new Latency();
            foreach (LatencyCount count in results.SelectMany(result => result.Latency))
            {
                latency.Record(count.Nanoseconds, count.Count);
            }

            return new Sample(results.Sum(result => result.PerSecond))
            {
                Latency = new Dictionary<string, Latency> { ["create"] = latency },
            };
        }
        finally
        {
            foreach (Process process in processes)
            {
                process.Kill();
                process.Dispose();
            }
        }
    }

    /// <summary>
    /// Measures an engine, as one of the processes, from the end of its input, and prints the result as JSON. It works before too, so that
    /// a process which is warm first does not leave the store to the others.
    /// </summary>
    public static int Run(string[] args)
    {
        if (args is not [var name, var connectionString, var id, var number, var warmUp, var seconds]
            || Engine.OnServer.FirstOrDefault(one => one.Name == name) is not { } engine
            || SharedRow.All.FirstOrDefault(one => one.Id == id) is not { Reads: false } row
            || !int.TryParse(number, CultureInfo.InvariantCulture, out int process)
            || !double.TryParse(warmUp, CultureInfo.InvariantCulture, out double warmUpTime)
            || !double.TryParse(seconds, CultureInfo.InvariantCulture, out double time))
        {
            throw new UsageException($"The command takes {Arguments}.");
        }

        using EngineAdapter adapter = SharedScenario.Open(engine, connectionString, row.ScopesOf(process), process);
        List<Workload.Worker> workers =
            ClosedLoop.OpenWorkers(adapter, Workload.Create, asTasks: true, row.Callers, size: 0, series: process);
        WarmUp(workers, TimeSpan.FromSeconds(warmUpTime));
        Console.WriteLine(Ready);
        Task end = Task.Run(Console.In.ReadToEnd);
        while (!end.IsCompleted)
        {
            ClosedLoop.Run(workers, asTasks: true, Slice);
        }

        Sample sample = ClosedLoop.Measure(workers, Workload.Create, asTasks: true, Slice, TimeSpan.FromSeconds(time));
        Console.WriteLine(JsonSerializer.Serialize(new SharedResult(sample.Value, [.. sample.Latency["create"].Counts])));
        return CommandLine.Success;
    }

    /// <summary>
    /// Works until the runtime compiles next to nothing any more. Else that would be measured, above all where there is more code.
    /// </summary>
    private static void WarmUp(List<Workload.Worker> workers, TimeSpan longest)
    {
        const int Few = 10;
        long started = Stopwatch.GetTimestamp();
        long before;
        do
        {
            before = JitInfo.GetCompiledMethodCount();
            for (int i = 0; i < 10 && Stopwatch.GetElapsedTime(started) < longest; i++)
            {
                ClosedLoop.Run(workers, asTasks: true, Slice);
            }
        }
        while (JitInfo.GetCompiledMethodCount() - before > Few && Stopwatch.GetElapsedTime(started) < longest);
    }

    private static SharedResult Read(Engine engine, Process process)
    {
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == CommandLine.Success
            ? JsonSerializer.Deserialize<SharedResult>(output)!
            : throw new InvalidOperationException($"A process of {engine.Name} failed with the exit code {process.ExitCode}.");
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
