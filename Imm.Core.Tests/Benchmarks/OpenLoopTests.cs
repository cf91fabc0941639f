using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

public sealed class OpenLoopTests
{
    private const long Millisecond = 1_000_000;
    private const long Never = long.MaxValue / 2;

    [Fact]
    public void Quick_operations_begin_at_the_rate()
    {
        var clock = new FakeClock(now: 5 * Millisecond);
        var begun = new List<long>();
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 4, timeLimit: Never);
        var latency = new Latency();

        loop.Work(() => { begun.Add(clock.Now); clock.Pass(Millisecond / 10); }, latency);

        Assert.Equal([5 * Millisecond, 6 * Millisecond, 7 * Millisecond, 8 * Millisecond], begun);
        Assert.Equal(4, latency.Count);
        Assert.InRange(latency.Percentile(100), 0.099 * Millisecond, 0.101 * Millisecond);
    }

    [Fact]
    public void A_period_that_is_not_a_whole_number_of_nanoseconds_does_not_drift()
    {
        var clock = new FakeClock(now: 0);
        long last = 0;
        var loop = new OpenLoop(clock, perSecond: 3_000, count: 3_001, timeLimit: Never);

        loop.Work(() => last = clock.Now, new Latency());

        Assert.Equal(1_000 * Millisecond, last);
    }

    [Fact]
    public void The_latency_includes_the_wait_behind_a_slow_operation()
    {
        var clock = new FakeClock(now: 0);
        int number = 0;
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 1_000, timeLimit: Never);
        var latency = new Latency();

        // One pause of 100 ms at the beginning; all other operations take no time.
        loop.Work(() => clock.Pass(number++ == 0 ? 100 * Millisecond : 0), latency);

        // A hundred operations were due during the pause, one in ten, and waited for 99, 98, ... ms.
        Assert.Equal(1_000, latency.Count);
        Assert.InRange(latency.Percentile(89), 0, Millisecond / 10);
        Assert.InRange(latency.Percentile(95), 49 * Millisecond, 51 * Millisecond);
        Assert.InRange(latency.Percentile(99), 89 * Millisecond, 91 * Millisecond);
    }

    [Fact]
    public void A_skipped_operation_counts_with_the_time_that_it_has_waited()
    {
        var clock = new FakeClock(now: 0);
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 100, timeLimit: 200 * Millisecond);
        var latency = new Latency();

        // Ten times too slow: 21 operations have begun within the time limit, the last of them 180 ms late.
        loop.Work(() => clock.Pass(10 * Millisecond), latency);
        long skipped = loop.Skipped;
        loop.RecordSkipped(latency);

        Assert.Equal(79, skipped);
        Assert.Equal(100, latency.Count);
        Assert.InRange(latency.Percentile(100), 189 * Millisecond, 191 * Millisecond);
        Assert.InRange(latency.Percentile(1), 9 * Millisecond, 11 * Millisecond);
        Assert.InRange(latency.Percentile(50), 145 * Millisecond, 165 * Millisecond);
    }

    [Fact]
    public void Workers_share_the_operations()
    {
        var clock = new FakeClock(now: 0);
        int done = 0;
        var loop = new OpenLoop(clock, perSecond: 1_000_000, count: 10_000, timeLimit: Never);
        Latency[] latencies = [new(), new(), new(), new()];

        Parallel.For(0, 4, n => loop.Work(() => Interlocked.Increment(ref done), latencies[n]));

        Assert.Equal((10_000, 10_000L, 0L), (done, latencies.Sum(latency => latency.Count), loop.Skipped));
    }

    [Fact]
    public void Asynchronous_operations_begin_while_those_before_them_have_not_ended()
    {
        var clock = new FakeClock(now: 0);
        TaskCompletionSource[] ends = [new(), new(), new()];
        int begun = 0;
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 3, timeLimit: Never);
        var latency = new Latency();

        // The third one ends all of them, 5 ms after it was due.
        loop.Begin(
            () =>
            {
                var end = new ValueTask(ends[begun++].Task);
                if (begun == ends.Length)
                {
                    clock.Pass(5 * Millisecond);
                    Array.ForEach(ends, static one => one.SetResult());
                }

                return end;
            },
            latency);

        Assert.Equal(3, latency.Count);
        Assert.InRange(latency.Percentile(1), 4.99 * Millisecond, 5.01 * Millisecond);
        Assert.InRange(latency.Percentile(100), 6.99 * Millisecond, 7.01 * Millisecond);
    }

    [Fact]
    public void A_failed_asynchronous_operation_fails_the_loop() =>
        Assert.Throws<TimeoutException>(() => new OpenLoop(new FakeClock(now: 0), perSecond: 1_000, count: 3, timeLimit: Never).Begin(
            static () => ValueTask.FromException(new TimeoutException()), new Latency()));

    /// <summary>A clock that moves only while an operation runs or a worker waits.</summary>
    private sealed class FakeClock(long now) : IClock
    {
        private long _now = now;

        public long Now => Interlocked.Read(ref _now);

        public void Pass(long nanoseconds) => Interlocked.Add(ref _now, nanoseconds);

        public void WaitUntil(long time) => Pass(Math.Max(0, time - Now));
    }
}
