using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>What one contender did in one round of a row.</summary>
/// <param name="Value">The value of the row.</param>
internal sealed record Sample(double Value)
{
    public IReadOnlyDictionary<string, Latency> Latency { get; init; } = new Dictionary<string, Latency>();

    public IReadOnlyDictionary<string, double> Extra { get; init; } = new Dictionary<string, double>();

    public string? Note { get; init; }
}

/// <summary>Callers who each begin the next operation when the one before has returned.</summary>
internal static class ClosedLoop
{
    /// <summary>Lets callers work, first for the warm-up and then for the slice, and tells what they did in the latter.</summary>
    /// <param name="workers">The callers.</param>
    /// <param name="asTasks">Whether they are tasks rather than threads.</param>
    /// <param name="mix">What they do.</param>
    /// <param name="plan">How long.</param>
    public static Sample Run(IReadOnlyList<Mix.Worker> workers, bool asTasks, Mix mix, Plan plan)
    {
        Run(workers, asTasks, plan.WarmUp);
        var latencies = new Latencies();
        foreach (Mix.Worker worker in workers)
        {
            worker.Latencies = latencies;
        }

        (long steps, TimeSpan elapsed) = Run(workers, asTasks, plan.Slice);
        return new Sample(steps * mix.Operations / elapsed.TotalSeconds) { Latency = latencies.ByKind };
    }

    /// <summary>Callers for a mix, each with names of its own.</summary>
    /// <param name="peer">The store.</param>
    /// <param name="mix">What they will do.</param>
    /// <param name="count">How many callers.</param>
    /// <param name="size">How many projects there are to read and change.</param>
    /// <param name="series">A number that no other group of callers of this store has.</param>
    public static List<Mix.Worker> Enter(Peer peer, Mix mix, int count, int size, int series)
    {
        // Enough names that a quick store does not meet the same ones again while they are still in the processor's cache.
        int probes = Math.Clamp(2 * size / Math.Max(1, count), 1_000, 1 << 17);
        return [.. Enumerable.Range(0, count).Select(n => new Mix.Worker(
            mix,
            peer.Enter(),
            mix.Creates == mix.Operations ? [] : NewProject.Probes(probes, size, unchecked((series * 397) ^ n)),
            seed: n,
            firstNewProject: ((long)(series + 1) << 40) + ((long)n << 30)))];
    }

    private static (long Steps, TimeSpan Elapsed) Run(IReadOnlyList<Mix.Worker> workers, bool asTasks, TimeSpan time)
    {
        long steps = 0;
        long started = Stopwatch.GetTimestamp();
        long end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        async Task WorkAsync(Mix.Worker worker)
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

        void Work(Mix.Worker worker)
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

/// <summary>Threads of a caller each.</summary>
internal static class Threads
{
    /// <summary>Runs work for each item on a thread of its own, waits for all, and throws what one of them threw.</summary>
    public static void Run<T>(IReadOnlyList<T> items, Action<T> work)
    {
        Exception? failure = null;
        Thread[] threads = [.. items.Select(item => new Thread(() =>
        {
            try
            {
                work(item);
            }
#pragma warning disable CA1031 // It is thrown again below, where somebody hears it.
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
