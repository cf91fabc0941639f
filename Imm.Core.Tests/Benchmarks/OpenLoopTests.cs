using Imm.Core.Benchmarks.Throughput.Measuring;
using Xunit;

namespace Imm.Core.Tests.Benchmarks;

/// <summary>The load generator on a clock that only moves when somebody works or waits.</summary>
public sealed class OpenLoopTests
{
    private const long Millisecond = 1_000_000;
    private const long Ever = long.MaxValue / 2;

    [Fact]
    public void Operations_begin_at_the_rate_where_they_are_quick()
    {
        var clock = new FakeClock(now: 5 * Millisecond);
        var begun = new List<long>();
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 4, patience: Ever);
        var latency = new Latency();

        loop.Work(() => { begun.Add(clock.Now); clock.Pass(Millisecond / 10); }, latency);

        Assert.Equal([5 * Millisecond, 6 * Millisecond, 7 * Millisecond, 8 * Millisecond], begun);
        Assert.Equal(4, latency.Count);
        Assert.InRange(latency.Percentile(100), 0.099 * Millisecond, 0.101 * Millisecond);
    }

    [Fact]
    public void A_rate_that_divides_no_second_does_not_drift()
    {
        var clock = new FakeClock(now: 0);
        long last = 0;
        var loop = new OpenLoop(clock, perSecond: 3_000, count: 3_001, patience: Ever);

        loop.Work(() => last = clock.Now, new Latency());

        Assert.Equal(1_000 * Millisecond, last);
    }

    [Fact]
    public void What_had_to_wait_behind_a_slow_operation_is_slow_too()
    {
        var clock = new FakeClock(now: 0);
        int number = 0;
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 1_000, patience: Ever);
        var latency = new Latency();

        // One pause of 100 ms at the beginning, and everything else takes no time at all.
        loop.Work(() => clock.Pass(number++ == 0 ? 100 * Millisecond : 0), latency);

        // A hundred operations were to begin during the pause, and waited for 99, 98, ... ms of it: one in ten.
        Assert.Equal(1_000, latency.Count);
        Assert.InRange(latency.Percentile(89), 0, Millisecond / 10);
        Assert.InRange(latency.Percentile(95), 49 * Millisecond, 51 * Millisecond);
        Assert.InRange(latency.Percentile(99), 89 * Millisecond, 91 * Millisecond);
    }

    [Fact]
    public void What_never_began_counts_with_the_time_that_it_has_waited()
    {
        var clock = new FakeClock(now: 0);
        var loop = new OpenLoop(clock, perSecond: 1_000, count: 100, patience: 200 * Millisecond);
        var latency = new Latency();

        // Ten times too slow: twenty-one have begun, the last of them 180 ms late, when patience ends.
        loop.Work(() => clock.Pass(10 * Millisecond), latency);
        long given = loop.GivenUp;
        loop.RecordGivenUp(latency);

        Assert.Equal(79, given);
        Assert.Equal(100, latency.Count);
        Assert.InRange(latency.Percentile(100), 189 * Millisecond, 191 * Millisecond);
        Assert.InRange(latency.Percentile(1), 9 * Millisecond, 11 * Millisecond);
        Assert.InRange(latency.Percentile(50), 145 * Millisecond, 165 * Millisecond);
    }

    [Fact]
    public void Several_workers_share_the_operations()
    {
        var clock = new FakeClock(now: 0);
        int done = 0;
        var loop = new OpenLoop(clock, perSecond: 1_000_000, count: 10_000, patience: Ever);
        var latency = new Latency();

        Parallel.For(0, 4, _ => loop.Work(() => Interlocked.Increment(ref done), latency));

        Assert.Equal((10_000, 10_000L, 0L), (done, latency.Count, loop.GivenUp));
    }

    private sealed class FakeClock(long now) : IClock
    {
        private long _now = now;

        public long Now => Interlocked.Read(ref _now);

        public void Pass(long nanoseconds) => Interlocked.Add(ref _now, nanoseconds);

        public void WaitUntil(long moment) => Pass(Math.Max(0, moment - Now));
    }
}
