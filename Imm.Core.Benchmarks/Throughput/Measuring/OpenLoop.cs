using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>A clock in nanoseconds.</summary>
internal interface IClock
{
    long Now { get; }

    /// <summary>Waits until the given time; returns at once if it is past.</summary>
    void WaitUntil(long time);
}

/// <summary>
/// Begins operations at a fixed rate, however long those before them take. Each latency counts from the time at which the operation was
/// due, so that the wait behind a slow operation is part of it and no delay of the load generator is left out.
/// </summary>
/// <remarks>
/// Synchronous operations have workers. One at a time waits for the next due time and then runs the operation itself; the others wait for
/// its place. While all workers are busy the next operation begins late, and its latency includes the delay. Asynchronous operations are
/// all begun by one thread, which waits for none of them.
/// </remarks>
internal sealed class OpenLoop
{
    private readonly Lock _lock = new();
    private readonly IClock _clock;
    private readonly double _perSecond;
    private readonly long _count;
    private readonly long _start;
    private readonly long _end;
    private long _begun;

    /// <param name="clock">The clock.</param>
    /// <param name="perSecond">The rate in operations a second.</param>
    /// <param name="count">The number of operations.</param>
    /// <param name="timeLimit">
    /// The time in nanoseconds after which no operation begins any more. It is longer than all of them should take; the rest is skipped.
    /// </param>
    public OpenLoop(IClock clock, double perSecond, long count, long timeLimit)
    {
        _clock = clock;
        _perSecond = perSecond;
        _count = count;
        _start = clock.Now;
        _end = _start + timeLimit;
    }

    /// <summary>The number of operations that were skipped because those before them took too long.</summary>
    public long Skipped => _count - _begun;

    /// <summary>Runs operations until all have begun.</summary>
    public void Work(Action operation, Latency latency)
    {
        while (TryTakeNext(out long due))
        {
            operation();
            latency.Record(_clock.Now - due);
        }
    }

    /// <summary>
    /// Begins asynchronous operations until all have begun, on the calling thread, and returns when all have ended. Keeps none that has
    /// ended: a garbage collection would read them all, and the engine that is measured would wait for it.
    /// </summary>
    public void Begin(Func<ValueTask> operation, Latency latency)
    {
        var latencies = new long[_count];
        ExceptionDispatchInfo? failure = null;
        int begun = 0;

        // One more than the operations under way until all have begun.
        using var left = new CountdownEvent(1);
        while (TryTakeNext(out long due))
        {
            left.AddCount();
            _ = RunAsync(begun++, due);
        }

        left.Signal();
        left.Wait();
        failure?.Throw();

        foreach (long nanoseconds in latencies.AsSpan(0, begun))
        {
            latency.Record(nanoseconds);
        }

        async Task RunAsync(int number, long due)
        {
            try
            {
                await operation();
                latencies[number] = _clock.Now - due;
            }
#pragma warning disable CA1031 // It is thrown again above, on the calling thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
            }

            left.Signal();
        }
    }

    /// <summary>Records the time that the skipped operations have waited so far. Call once, after all operations have ended.</summary>
    public void RecordSkipped(Latency latency)
    {
        for (long n = _begun; n < _count; n++)
        {
            latency.Record(_clock.Now - DueTime(n));
        }
    }

    private bool TryTakeNext(out long due)
    {
        lock (_lock)
        {
            due = DueTime(_begun);
            if (_begun == _count || _clock.Now > _end)
            {
                return false;
            }

            _begun++;
            _clock.WaitUntil(due);
            return true;
        }
    }

    private long DueTime(long n) => _start + (long)(n * (1e9 / _perSecond));
}

/// <summary>The clock of this machine.</summary>
internal sealed class MachineClock : IClock
{
    private const long SleepGranularity = 2_000_000;

    public long Now => Nanoseconds(Stopwatch.GetTimestamp());

    public static long Nanoseconds(long ticks) => (long)(ticks * (1e9 / Stopwatch.Frequency));

    public static long Since(long timestamp) => Nanoseconds(Stopwatch.GetTimestamp() - timestamp);

    public void WaitUntil(long time)
    {
        while (time - Now > SleepGranularity)
        {
            Thread.Sleep(1);
        }

        while (Now < time)
        {
            // Gives the processor to threads that have work to do.
            Thread.Yield();
        }
    }
}
