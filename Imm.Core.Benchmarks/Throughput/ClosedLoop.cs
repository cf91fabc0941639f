using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The measurement of one engine in one round of a row.</summary>
/// <param name="Value">The value of the row.</param>
internal sealed record Sample(double Value)
{
    public IReadOnlyDictionary<string, Latency> Latency { get; init; } = new Dictionary<string, Latency>();

    public IReadOnlyDictionary<string, double> Extra { get; init; } = new Dictionary<string, double>();

    public string? Note { get; init; }
}

/// <summary>Runs callers that each begin an operation when the one before has returned.</summary>
internal static class ClosedLoop
{
    /// <summary>Opens a session for each caller, runs a workload through the warm-up and then measures it.</summary>
    /// <param name="adapter">The store.</param>
    /// <param name="workload">The workload.</param>
    /// <param name="callers">The number of callers.</param>
    /// <param name="size">The number of projects to read and change.</param>
    /// <param name="series">A number that no other run on this store has; the names of new projects depend on it.</param>
    /// <param name="asTasks">True if the callers are tasks; false if they are threads, whose creates are synchronous.</param>
    /// <param name="plan">The times to warm up and to measure.</param>
    public static Sample Measure(EngineAdapter adapter, Workload workload, int callers, int size, int series, bool asTasks, Plan plan)
    {
        List<Workload.Worker> workers = OpenWorkers(adapter, workload, asTasks, callers, size, series);
        return Measure(workers, workload, asTasks, plan.WarmUpTime, plan.MeasureTime);
    }

    /// <summary>Runs a workload through the warm-up, measures it, and closes the sessions of its callers.</summary>
    public static Sample Measure(
        List<Workload.Worker> workers, Workload workload, bool asTasks, TimeSpan warmUpTime, TimeSpan measureTime)
    {
        Run(workers, asTasks, warmUpTime);
        workers.ForEach(worker => worker.Latencies = new Latencies());
        (long steps, TimeSpan elapsed) = Run(workers, asTasks, measureTime);
        var latencies = new Latencies();
        workers.ForEach(worker => latencies.Add(worker.Latencies.ByKind));
        workers.ForEach(worker => worker.Dispose());
        return new Sample(steps * workload.Operations / elapsed.TotalSeconds) { Latency = latencies.ByKind };
    }

    /// <summary>Opens sessions for the callers of a workload, each with names of its own.</summary>
    public static List<Workload.Worker> OpenWorkers(
        EngineAdapter adapter, Workload workload, bool asTasks, int count, int size, int series)
    {
        // Enough names that a quick engine does not find the same ones in the processor's cache.
        int probes = Math.Clamp(2 * size / Math.Max(1, count), 1_000, 1 << 17);
        return [.. Enumerable.Range(0, count).Select(n => new Workload.Worker(
            workload,
            adapter.OpenSession(),
            asTasks,
            workload.Creates == workload.Operations ? [] : NewProject.Probes(probes, size, unchecked((series * 397) ^ n)),
            seed: n,
            firstProject: ((long)(series + 1) << 40) + ((long)n << 30)))];
    }

    /// <summary>Runs the workers for a time.</summary>
    public static (long Steps, TimeSpan Elapsed) Run(IReadOnlyList<Workload.Worker> workers, bool asTasks, TimeSpan time)
    {
        long steps = 0;
        long started = Stopwatch.GetTimestamp();
        long end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        async Task WorkAsync(Workload.Worker worker)
        {
            long mine = 0;
            do
            {
                await worker.StepAsync();
                mine++;
            }
            while (Stopwatch.GetTimestamp() < end);
            Interlocked.Add(ref steps, mine);
        }

        void Work(Workload.Worker worker)
        {
            long mine = 0;
            do
            {
                ValueTask step = worker.StepAsync();
                if (!step.IsCompletedSuccessfully)
                {
                    step.AsTask().GetAwaiter().GetResult();
                }

                mine++;
            }
            while (Stopwatch.GetTimestamp() < end);
            Interlocked.Add(ref steps, mine);
        }

        if (asTasks)
        {
            Task.WaitAll([.. workers.Select(worker => Task.Run(() => WorkAsync(worker)))]);
        }
        else
        {
            Threads.Run(workers, Work);
        }

        return (steps, Stopwatch.GetElapsedTime(started));
    }
}

/// <summary>Runs one thread for each caller.</summary>
internal static class Threads
{
    /// <summary>Runs work for each item on a thread of its own and waits for all.</summary>
    /// <exception cref="InvalidOperationException">The work of an item threw; the inner exception is the first of them.</exception>
    public static void Run<T>(IReadOnlyList<T> items, Action<T> work)
    {
        Exception? failure = null;
        Thread[] threads = [.. items.Select(item => new Thread(() =>
        {
            try
            {
                work(item);
            }
#pragma warning disable CA1031 // It is thrown again below, on the calling thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, e, null);
            }
        }, maxStackSize: 256 * 1024))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failure is not null)
        {
            throw new InvalidOperationException($"A caller failed: {failure.Message}", failure);
        }
    }
}
