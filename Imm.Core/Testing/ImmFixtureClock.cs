using CommunityToolkit.Diagnostics;
using Imm.Core.Json;

namespace Imm.Core.Testing;

/// <summary>
/// A clock that moves only when a test moves it. Timers, and with them <c>Task.Delay</c>, <see cref="PeriodicTimer"/> and the timeouts of
/// <see cref="CancellationTokenSource"/>, fire while it is moved, each at its own time.
/// </summary>
/// <remarks>Thread-safe. Its time zone is UTC, and its timestamps count ticks of 100 ns.</remarks>
public sealed class ImmFixtureClock : TimeProvider
{
    /// <summary>The clocks that this thread is moving.</summary>
    [ThreadStatic]
    private static List<ImmFixtureClock>? _moving;

    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];

    // The elapsed time is counted apart from the time shown, so that setting the clock neither fires timers nor moves timestamps.
    private long _elapsed;
    private long _utcTicksAtZero;

    /// <summary>Makes a clock that shows <see cref="DefaultStart"/>.</summary>
    public ImmFixtureClock()
        : this(DefaultStart)
    {
    }

    /// <summary>Makes a clock.</summary>
    /// <param name="start">The time that it shows first.</param>
    public ImmFixtureClock(DateTimeOffset start) => _utcTicksAtZero = start.UtcTicks;

    /// <summary>The default start time: the beginning of 2025, in UTC.</summary>
    public static DateTimeOffset DefaultStart => SnapshotReader.DefaultTime;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>The time that the clock shows, in UTC.</summary>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return new(_utcTicksAtZero + _elapsed, TimeSpan.Zero);
        }
    }

    /// <inheritdoc/>
    public override long GetTimestamp()
    {
        lock (_lock)
        {
            return _elapsed;
        }
    }

    /// <summary>
    /// Moves the clock forward and fires each timer that comes due, in the order of their times, while the clock shows its time.
    /// </summary>
    /// <remarks>
    /// Code that awaits a timer without a synchronization context continues before this method returns. With one, as xunit gives to a test
    /// and to the code in it that awaits without <c>ConfigureAwait(false)</c>, it continues elsewhere: a test that moves the clock again
    /// must first wait until that code waits again.
    /// </remarks>
    /// <param name="time">The distance; zero fires the timers that are due now.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is negative, or leads past the year 9999.</exception>
    public void Advance(TimeSpan time)
    {
        Guard.IsGreaterThanOrEqualTo(time, TimeSpan.Zero, nameof(time));
        long target;
        lock (_lock)
        {
            Guard.IsLessThanOrEqualTo(time.Ticks, DateTime.MaxValue.Ticks - _utcTicksAtZero - _elapsed, nameof(time));
            target = _elapsed + time.Ticks;
        }

        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        List<ImmFixtureClock> moving = _moving ??= [];
        moving.Add(this);
        try
        {
            while (TakeDue(target) is { } timer)
            {
                timer.Fire();
            }
        }
        finally
        {
            moving.RemoveAt(moving.Count - 1);
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>
    /// Sets the clock forward or back, as an operator or a time server does. No time elapses: no timer fires, and timestamps do not move.
    /// </summary>
    /// <param name="time">The time to show.</param>
    public void SetUtcNow(DateTimeOffset time)
    {
        lock (_lock)
        {
            _utcTicksAtZero = time.UtcTicks - _elapsed;
        }
    }

    /// <summary>
    /// Makes a timer that fires while the clock is moved. With a due time of zero it fires at once, on this thread. If this thread is
    /// firing a timer of the clock, it fires after that one, so a timer may set itself to zero repeatedly. The clock does not move until
    /// the timer stops doing so.
    /// </summary>
    /// <remarks>
    /// The callback runs in the <see cref="ExecutionContext"/> of the caller of this method, as with a timer of the system.
    /// </remarks>
    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Guard.IsNotNull(callback, nameof(callback));
        var timer = new Timer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>
    /// Moves the clock to the next timer that is due up to a target, and removes or renews the timer; else to the target.
    /// </summary>
    private Timer? TakeDue(long target)
    {
        lock (_lock)
        {
            // Another thread, or the timer that fired last, may have moved the clock past the target.
            target = Math.Max(target, _elapsed);
            Timer? next = null;
            foreach (Timer timer in _timers)
            {
                // Of several timers with the same time, the one that was set first fires first.
                if (timer.Due <= target && (next is null || timer.Due < next.Due))
                {
                    next = timer;
                }
            }

            _elapsed = Math.Max(_elapsed, next?.Due ?? target);
            if (next is not null)
            {
                _timers.Remove(next);
                if (next.Period > 0)
                {
                    next.Due = After(next.Due, next.Period);
                    _timers.Add(next);
                }
            }

            return next;
        }
    }

    private bool IsMovedByThisThread => _moving?.Contains(this) == true;

    private static long After(long elapsed, long ticks) => ticks > long.MaxValue - elapsed ? long.MaxValue : elapsed + ticks;

    private sealed class Timer(ImmFixtureClock clock, TimerCallback callback, object? state) : ITimer
    {
        /// <summary>The empty context, for a caller that has suppressed the flow: that of a new thread.</summary>
        private static readonly Lazy<ExecutionContext> NoContext = new(static () =>
        {
            ExecutionContext? context = null;
            var thread = new Thread(() => context = ExecutionContext.Capture());
            thread.UnsafeStart();
            thread.Join();
            return context!;
        });

        private readonly ExecutionContext _context = ExecutionContext.Capture() ?? NoContext.Value;
        private bool _disposed;

        public long Due { get; set; }

        public long Period { get; private set; }

        public void Fire() => ExecutionContext.Run(_context, static timer => ((Timer)timer!).Call(), this);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Check(dueTime, nameof(dueTime));
            Check(period, nameof(period));
            lock (clock._lock)
            {
                if (_disposed)
                {
                    return false;
                }

                clock._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Due = After(clock._elapsed, dueTime.Ticks);
                    Period = period == Timeout.InfiniteTimeSpan ? 0 : period.Ticks;
                    clock._timers.Add(this);
                }
            }

            if (dueTime == TimeSpan.Zero && !clock.IsMovedByThisThread)
            {
                clock.Advance(TimeSpan.Zero);
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                _disposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        private void Call() => callback(state);

        private static void Check(TimeSpan time, string name)
        {
            if (time < TimeSpan.Zero && time != Timeout.InfiniteTimeSpan)
            {
                ThrowHelper.ThrowArgumentOutOfRangeException(
                    name, time, "The time must not be negative, unless it is Timeout.InfiniteTimeSpan.");
            }
        }
    }
}
