using System.Diagnostics;

namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>Time as the open loop sees it, in nanoseconds from some beginning.</summary>
internal interface IClock
{
    long Now { get; }

    /// <summary>Returns at a moment, or as soon after it as can be; at once where it is past.</summary>
    void WaitUntil(long moment);
}

/// <summary>
/// Operations that begin at a fixed rate, whatever became of those before them, as calls from outside do. Each latency counts from the moment at
/// which the operation was to begin, so that an operation which waits behind a slow one is slow too: nothing is left out because the load generator
/// itself was held up.
/// </summary>
/// <remarks>
/// Its workers take turns at watching the clock: the one in front waits for the next moment and then runs the operation itself, the others wait for
/// its place. Where all are busy the next operation begins late, and its latency says so.
/// </remarks>
internal sealed class OpenLoop
{
    private readonly Lock _front = new();
    private readonly IClock _clock;
    private readonly double _perSecond;
    private readonly long _count;
    private readonly long _start;
    private readonly long _end;
    private long _begun;

    /// <param name="clock">The time.</param>
    /// <param name="perSecond">How many operations are to begin a second.</param>
    /// <param name="count">How many are to begin in all.</param>
    /// <param name="patience">
    /// How long, in nanoseconds, operations are begun at most, longer than all of them should take; beyond that the load is too much, and the rest is given up.
    /// </param>
    public OpenLoop(IClock clock, double perSecond, long count, long patience)
    {
        _clock = clock;
        _perSecond = perSecond;
        _count = count;
        _start = clock.Now;
        _end = _start + patience;
    }

    /// <summary>How many operations were given up because those before them took too long.</summary>
    public long GivenUp => _count - _begun;

    /// <summary>Runs operations until all have begun.</summary>
    public void Work(Action operation, Latency latency)
    {
        while (TryTakeTurn(out long intended))
        {
            operation();
            latency.Record(_clock.Now - intended);
        }
    }

    /// <summary>
    /// Takes the operations in that never began: each has waited at least until now. Called once, when all workers have ended.
    /// </summary>
    public void RecordGivenUp(Latency latency)
    {
        for (long n = _begun; n < _count; n++)
        {
            latency.Record(_clock.Now - Intended(n));
        }
    }

    private bool TryTakeTurn(out long intended)
    {
        lock (_front)
        {
            intended = Intended(_begun);
            if (_begun == _count || _clock.Now > _end)
            {
                return false;
            }

            _begun++;
            _clock.WaitUntil(intended);
            return true;
        }
    }

    private long Intended(long n) => _start + (long)(n * (1e9 / _perSecond));
}

/// <summary>The time of this machine.</summary>
internal sealed class MachineClock : IClock
{
    private const long SleepIsCoarse = 2_000_000;

    public long Now => Nanoseconds(Stopwatch.GetTimestamp());

    public static long Nanoseconds(long ticks) => (long)(ticks * (1e9 / Stopwatch.Frequency));

    public static long Since(long timestamp) => Nanoseconds(Stopwatch.GetTimestamp() - timestamp);

    public void WaitUntil(long moment)
    {
        while (moment - Now > SleepIsCoarse)
        {
            Thread.Sleep(1);
        }

        while (Now < moment)
        {
            // Whoever has work to do goes first.
            Thread.Yield();
        }
    }
}
