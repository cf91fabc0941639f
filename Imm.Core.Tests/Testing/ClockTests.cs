using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>Tests of the clock of a fixture.</summary>
public sealed class ClockTests
{
    private readonly ImmFixtureClock _clock = new();

    [Fact]
    public async Task A_delay_ends_when_the_clock_reaches_it()
    {
        Task delay = Task.Delay(TimeSpan.FromSeconds(10), _clock);

        _clock.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        Assert.False(delay.IsCompleted);

        _clock.Advance(TimeSpan.FromTicks(1));
        Assert.True(delay.IsCompleted);
        await delay;
    }

    [Fact]
    public void Timers_fire_in_order_and_each_at_its_own_time()
    {
        var fired = new List<string>();
        using ITimer later = Timer("later", 20, null);
        using ITimer often = Timer("often", 5, 10);
        using ITimer sooner = Timer("sooner", 10, null);

        _clock.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(["often 5", "sooner 10", "often 15", "later 20", "often 25"], fired);
        Assert.Equal(30, Seconds());

        ITimer Timer(string name, int due, int? period) => _clock.CreateTimer(
            _ => fired.Add($"{name} {Seconds()}"),
            null,
            TimeSpan.FromSeconds(due),
            period is { } seconds ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan);
    }

    [Fact]
    public void A_timer_that_a_timer_makes_fires_in_the_same_move()
    {
        var fired = new List<double>();
        ITimer? second = null;
        using ITimer first = _clock.CreateTimer(
            _ => second = _clock.CreateTimer(_ => fired.Add(Seconds()), null, TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan),
            null,
            TimeSpan.FromSeconds(2),
            Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.FromSeconds(6));

        Assert.Equal([5.0], fired);
        second!.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_timer_can_set_itself_to_zero_repeatedly(int seconds)
    {
        int fired = 0;
        ITimer? timer = null;
        timer = _clock.CreateTimer(
            _ =>
            {
                if (++fired < 1_000_000)
                {
                    timer?.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                }
            },
            null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan);

        timer.Change(TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        _clock.Advance(TimeSpan.FromSeconds(seconds));

        Assert.Equal(1_000_000, fired);
        Assert.Equal(seconds, Seconds());
        timer.Dispose();
    }

    [Fact]
    public void Timers_can_set_each_other_to_zero_repeatedly()
    {
        int fired = 0;
        ITimer? other = null;
        using ITimer one = _clock.CreateTimer(
            _ => other!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        other = _clock.CreateTimer(
            _ =>
            {
                if (++fired < 100_000)
                {
                    one.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
                }
            },
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);

        one.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);

        Assert.Equal(100_000, fired);
        other.Dispose();
    }

    [Fact]
    public void A_timer_that_is_set_to_zero_by_a_timer_that_moves_the_clock_fires_in_the_same_move()
    {
        int fired = 0;
        using ITimer other = _clock.CreateTimer(_ => fired++, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        using ITimer one = _clock.CreateTimer(
            _ =>
            {
                _clock.Advance(TimeSpan.FromSeconds(10));
                other.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
            },
            null,
            TimeSpan.FromSeconds(1),
            Timeout.InfiniteTimeSpan);

        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal((1, 11), (fired, Seconds()));
    }

    [Fact]
    public void A_timer_runs_in_the_execution_context_of_its_creator()
    {
        var local = new AsyncLocal<string>();
        var seen = new List<string?>();
        local.Value = "maker";
        using ITimer timer = _clock.CreateTimer(_ => Look(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        ITimer apart;
        using (ExecutionContext.SuppressFlow())
        {
            apart = _clock.CreateTimer(_ => Look(), null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        }

        local.Value = "mover";
        _clock.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["maker", null, "maker"], seen);
        Assert.Equal("mover", local.Value);
        apart.Dispose();

        void Look()
        {
            seen.Add(local.Value);
            local.Value = "callback";
        }
    }

    [Fact]
    public void Changes_stops_and_disposes_a_timer()
    {
        int fired = 0;
        ITimer timer = _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Assert.True(timer.Change(TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan));
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(0, fired);
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, fired);

        Assert.True(timer.Change(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        Assert.Equal(2, fired);
        Assert.True(timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, fired);

        timer.Dispose();
        Assert.False(timer.Change(TimeSpan.Zero, TimeSpan.FromSeconds(1)));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(2, fired);
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(-2), TimeSpan.Zero));
    }

    [Fact]
    public void A_cancellation_timeout_expires_with_the_clock()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30), _clock);

        _clock.Advance(TimeSpan.FromSeconds(29));
        Assert.False(timeout.IsCancellationRequested);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(timeout.IsCancellationRequested);
    }

    [Fact]
    public void Setting_the_clock_elapses_no_time()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30), _clock);
        long before = _clock.GetTimestamp();

        _clock.SetUtcNow(ImmFixtureClock.DefaultStart + TimeSpan.FromDays(1));
        Assert.Equal(ImmFixtureClock.DefaultStart + TimeSpan.FromDays(1), _clock.GetUtcNow());
        _clock.SetUtcNow(ImmFixtureClock.DefaultStart - TimeSpan.FromDays(1));

        Assert.Equal(ImmFixtureClock.DefaultStart - TimeSpan.FromDays(1), _clock.GetUtcNow());
        Assert.Equal(TimeSpan.Zero, _clock.GetElapsedTime(before));
        Assert.False(timeout.IsCancellationRequested);
    }

    [Fact]
    public void The_update_time_never_goes_back_when_the_clock_does()
    {
        using var fixture = new ImmFixture();
        Project created = fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" });

        fixture.Clock.SetUtcNow(created.CreateTime - TimeSpan.FromDays(1));
        Project updated = fixture.Registry.Update(new UpdateProjectRequest { ProjectName = "photos", Description = "x" });

        Assert.Equal(created.UpdateTime + TimeSpan.FromTicks(1), updated.UpdateTime);
    }

    [Fact]
    public void Rejects_a_move_back_or_out_of_the_calendar()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(TimeSpan.FromTicks(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => _clock.Advance(TimeSpan.MaxValue));
        _clock.Advance(DateTimeOffset.MaxValue - _clock.GetUtcNow());
        Assert.Equal(DateTimeOffset.MaxValue, _clock.GetUtcNow());
    }

    [Fact]
    public void Many_threads_can_move_the_clock()
    {
        int fired = 0;
        using ITimer timer = _clock.CreateTimer(
            _ => Interlocked.Increment(ref fired), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

        Parallel.For(0, 100, _ => _clock.Advance(TimeSpan.FromSeconds(1)));

        Assert.True(Seconds() is > 0 and <= 100);
        Assert.Equal(Seconds(), fired);
    }

    private double Seconds() => (_clock.GetUtcNow() - ImmFixtureClock.DefaultStart).TotalSeconds;
}
