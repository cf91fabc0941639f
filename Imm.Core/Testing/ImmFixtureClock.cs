using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
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
    // Code that a timer has resumed on another thread sets its next timer soon, ends, or waits for something else.
    private const int QuietTrips = 10;
    private static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(50);

    // Where several wait on the clock, one of them may be on its way to the next wait although nothing shows it.
    private static readonly TimeSpan QuietTimeOfSeveral = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan QuietTimeAtFirst = TimeSpan.FromMilliseconds(20);

    /// <summary>The clocks that this thread is moving.</summary>
    [ThreadStatic]
    private static List<ImmFixtureClock>? _moving;

    private readonly Lock _lock = new();
    private readonly List<Timer> _timers = [];

    // How often a timer was set or disposed, and the end of the wait for the next time.
    private long _changes;
    private TaskCompletionSource? _nextChange;

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

    /// <summary>
    /// The real time for which <see cref="RunAsync(Task, int)"/> waits for a task that has set no timer: its patience before it fails.
    /// </summary>
    internal TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(10);

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
    /// must first wait until that code waits again. <see cref="RunAsync(Task, int)"/> does so.
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

        Fire(() => TakeDue(target));
    }

    /// <summary>
    /// Moves the clock to its next timer, again and again, until a task has ended: <c>await clock.RunAsync(service.RetryAsync())</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// The task may wait on the clock as often as it likes, in loops, retries, timeouts and several tasks at the same time, wherever it
    /// resumes. Each timer fires while the clock shows its time. Before the clock moves on, the code that a timer has resumed gets the time
    /// to set its next one. The method needs real time only for code that waits for something else than the clock.
    /// </para>
    /// <para>
    /// A task that is under way resumes on threads that are not the clock's, and .NET does not tell whether work of it is queued or running
    /// there. So where several tasks wait on the clock at the same time, the method gives them a few milliseconds of real time: one that a
    /// busy machine delays for longer may see a later time. <see cref="RunAsync(Func{Task}, int)"/> needs no real time and is exact.
    /// </para>
    /// <para>Nothing else should move the clock meanwhile.</para>
    /// </remarks>
    /// <param name="task">The task. Its exception is passed on.</param>
    /// <param name="maxTimers">The most timers to fire, from 1. The default is 10,000.</param>
    /// <returns>A task that ends with <paramref name="task"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="task"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTimers"/> is below 1.</exception>
    /// <exception cref="InvalidOperationException">
    /// So many timers have fired and the task has not ended; or no timer is set, and 10 seconds of real time later the task has neither set
    /// one nor ended: it waits for something that this clock does not move.
    /// </exception>
    [OverloadResolutionPriority(1)] // So that null means a task.
    public async Task RunAsync(Task task, int maxTimers = 10_000)
    {
        Guard.IsNotNull(task, nameof(task));
        Guard.IsGreaterThanOrEqualTo(maxTimers, 1, nameof(maxTimers));
        await MoveToEndAsync(task, maxTimers, SynchronizationContext.Current).ConfigureAwait(false);
        await task.ConfigureAwait(false);
    }

    /// <inheritdoc cref="RunAsync(Task, int)"/>
    /// <returns>The result of <paramref name="task"/>.</returns>
    [OverloadResolutionPriority(1)]
    public async Task<T> RunAsync<T>(Task<T> task, int maxTimers = 10_000)
    {
        await RunAsync((Task)task, maxTimers).ConfigureAwait(false);
        return await task.ConfigureAwait(false);
    }

    /// <summary>
    /// Runs code on this thread, and moves the clock to its next timer whenever all of the code waits, until its task has ended:
    /// <c>await clock.RunAsync(() =&gt; Task.WhenAll(first.RetryAsync(), second.RetryAsync()))</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Exact for any number of tasks that wait on the clock: the code has a synchronization context of its own, so the clock knows when
    /// nothing is left to run, and moves at once, without real time. Each run has the same order.
    /// </para>
    /// <para>
    /// Code that leaves the thread, by <c>Task.Run</c>, a thread of its own, or real input and output, is not seen: the clock may move
    /// before it comes back. For such code there is <see cref="RunAsync(Task, int)"/>. Nothing else should move the clock meanwhile.
    /// Code that is left running when the task ends goes on on threads of the pool.
    /// </para>
    /// </remarks>
    /// <param name="start">Starts the code, and returns its task. The exception of the task, or of itself, is passed on.</param>
    /// <param name="maxTimers">The most timers to fire, from 1. The default is 10,000.</param>
    /// <returns>A task that ends with that of the code.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="start"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="start"/> returns null and no task.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxTimers"/> is below 1.</exception>
    /// <exception cref="InvalidOperationException">
    /// So many timers have fired and the task has not ended; or no timer is set, and 10 seconds of real time later the task has neither set
    /// one nor ended: it waits for something that this clock does not move.
    /// </exception>
    public async Task RunAsync(Func<Task> start, int maxTimers = 10_000)
    {
        Guard.IsNotNull(start, nameof(start));
        Guard.IsGreaterThanOrEqualTo(maxTimers, 1, nameof(maxTimers));
        using var code = new RunningCode(start);
        for (int fired = 0; ;)
        {
            long before = Volatile.Read(ref _changes);
            Task posted = code.Run();
            if (code.Task.IsCompleted)
            {
                break;
            }

            if (fired == maxTimers)
            {
                throw TooManyTimers(maxTimers);
            }

            if (FireNext())
            {
                fired++;
            }
            else if (!await HasChangedAsync(Task.WhenAny(code.Task, posted), before, Patience).ConfigureAwait(false))
            {
                throw NoTimer();
            }
        }

        await code.Task.ConfigureAwait(false);
    }

    /// <inheritdoc cref="RunAsync(Func{Task}, int)"/>
    /// <returns>The result of the code.</returns>
    public async Task<T> RunAsync<T>(Func<Task<T>> start, int maxTimers = 10_000)
    {
        Guard.IsNotNull(start, nameof(start));
        Task<T>? task = null;
        await RunAsync((Func<Task>)(() => task = start()), maxTimers).ConfigureAwait(false);
        return await task!.ConfigureAwait(false);
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

    /// <summary>Fires timers until there are no more to take.</summary>
    private void Fire(Func<Timer?> take)
    {
        SynchronizationContext? context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        List<ImmFixtureClock> moving = _moving ??= [];
        moving.Add(this);
        try
        {
            while (take() is { } timer)
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

    /// <summary>Takes the next timer that is due up to a target and moves the clock to it; without one it moves to the target.</summary>
    private Timer? TakeDue(long target)
    {
        lock (_lock)
        {
            // Another thread, or the timer that fired last, may have moved the clock past the target.
            target = Math.Max(target, _elapsed);
            Timer? next = Take(target);
            _elapsed = next is null ? target : _elapsed;
            return next;
        }
    }

    /// <summary>
    /// Takes the next timer that is due up to a limit: moves the clock to it, and removes or renews it. Caller must hold the lock.
    /// </summary>
    private Timer? Take(long limit)
    {
        Timer? next = null;
        foreach (Timer timer in _timers)
        {
            // Of several timers with the same time, the one that was set first fires first.
            if (timer.Due <= limit && (next is null || timer.Due < next.Due))
            {
                next = timer;
            }
        }

        if (next is not null)
        {
            _elapsed = Math.Max(_elapsed, next.Due);
            _timers.Remove(next);
            if (next.Period > 0)
            {
                next.Due = After(next.Due, next.Period);
                _timers.Add(next);
            }
        }

        return next;
    }

    /// <summary>Moves the clock to the next of all timers and fires that one.</summary>
    /// <returns>False if no timer is set.</returns>
    private bool FireNext()
    {
        Timer? next;
        lock (_lock)
        {
            next = Take(DateTime.MaxValue.Ticks - _utcTicksAtZero);
        }

        if (next is null)
        {
            return false;
        }

        Fire(() => Interlocked.Exchange(ref next, null));
        return true;
    }

    private async Task MoveToEndAsync(Task task, int maxTimers, SynchronizationContext? context)
    {
        long? beforeFiring = null;
        for (int fired = 0; ;)
        {
            await SettleAsync(task, beforeFiring, context).ConfigureAwait(false);
            if (task.IsCompleted)
            {
                return;
            }

            if (fired == maxTimers)
            {
                throw TooManyTimers(maxTimers);
            }

            long before = Volatile.Read(ref _changes);
            if (FireNext())
            {
                fired++;
                beforeFiring = before;
            }
            else if (await HasChangedAsync(task, before, Patience).ConfigureAwait(false))
            {
                beforeFiring = null;
            }
            else
            {
                throw NoTimer();
            }
        }
    }

    private InvalidOperationException TooManyTimers(int maxTimers) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"The clock has fired {maxTimers} timers, up to {GetUtcNow():O}, and the task has not ended. It waits in a loop without an end, or "
        + $"it needs a greater maxTimers."));

    private InvalidOperationException NoTimer() => new(string.Create(
        CultureInfo.InvariantCulture,
        $"No timer is set on the clock, which shows {GetUtcNow():O}, and the task has not ended. It waits for something that this clock "
        + $"does not move, such as another clock, or an answer that does not come."));

    /// <summary>Waits until the code that a timer has resumed waits again, as far as that can be seen.</summary>
    /// <param name="task">The task whose end ends the wait.</param>
    /// <param name="beforeFiring">The number of changes before a timer was fired; null if none was.</param>
    /// <param name="context">The context in which the code may resume; null for none.</param>
    private async Task SettleAsync(Task task, long? beforeFiring, SynchronizationContext? context)
    {
        // Code that has to resume elsewhere is in a queue there already: a trip through the same queue comes after it.
        long seen = Volatile.Read(ref _changes);
        for (int quiet = 0; !task.IsCompleted;)
        {
            await TripAsync(static (go, trip) => ThreadPool.UnsafeQueueUserWorkItem(go, trip, preferLocal: false)).ConfigureAwait(false);
            if (context is not null)
            {
                await TripAsync((go, trip) => context.Post(state => go((TaskCompletionSource)state!), trip)).ConfigureAwait(false);
            }

            if (Volatile.Read(ref _changes) is var now && now != seen)
            {
                (seen, quiet) = (now, 0);
            }
            else if (++quiet >= QuietTrips)
            {
                TimeSpan time = now == beforeFiring ? QuietTime
                    : !HasSeveralTimers ? TimeSpan.Zero
                    : beforeFiring is null ? QuietTimeAtFirst
                    : QuietTimeOfSeveral;
                if (time == TimeSpan.Zero || !await HasChangedAsync(task, now, time).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
    }

    private static Task TripAsync(Action<Action<TaskCompletionSource>, TaskCompletionSource> post)
    {
        var trip = new TaskCompletionSource();
        post(static trip => trip.SetResult(), trip);
        return trip.Task;
    }

    /// <summary>Waits until a timer is set or disposed, or a task ends.</summary>
    /// <returns>False if neither happens in a given real time.</returns>
    private async Task<bool> HasChangedAsync(Task task, long before, TimeSpan patience)
    {
        Task change;
        lock (_lock)
        {
            if (_changes != before)
            {
                return true;
            }

            _nextChange ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            change = _nextChange.Task;
        }

        try
        {
            await Task.WhenAny(task, change).WaitAsync(patience).ConfigureAwait(false);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    /// <summary>Notes that a timer was set or disposed. Caller must hold the lock.</summary>
    private void NoteChange()
    {
        Volatile.Write(ref _changes, _changes + 1);
        _nextChange?.SetResult();
        _nextChange = null;
    }

    private bool HasSeveralTimers
    {
        get
        {
            lock (_lock)
            {
                return _timers.Count > 1;
            }
        }
    }

    private bool IsMovedByThisThread => _moving?.Contains(this) == true;

    private static long After(long elapsed, long ticks) => ticks > long.MaxValue - elapsed ? long.MaxValue : elapsed + ticks;

    /// <summary>Code that runs in a context of its own: what is posted there waits until it is run. One thread runs it at a time.</summary>
    private sealed class RunningCode : SynchronizationContext, IDisposable
    {
        private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _posted = new();
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _isDisposed;

        public RunningCode(Func<Task> start)
        {
            Task = Task.CompletedTask;
            Within(() => Task = start()
                ?? throw new ArgumentException("The function returned null instead of a task.", nameof(start)));
        }

        /// <summary>The task of the code.</summary>
        public Task Task { get; private set; }

        /// <summary>Runs what is posted, until nothing is.</summary>
        /// <returns>A task that ends when something is posted again.</returns>
        public Task Run()
        {
            Task next;
            do
            {
                next = Volatile.Read(ref _next).Task;
                while (_posted.TryDequeue(out (SendOrPostCallback Callback, object? State) posted))
                {
                    Within(() => posted.Callback(posted.State));
                }
            }
            while (!_posted.IsEmpty);

            return next;
        }

        public override void Post(SendOrPostCallback d, object? state)
        {
            _posted.Enqueue((d, state));
            Interlocked.Exchange(ref _next, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            if (Volatile.Read(ref _isDisposed) != 0)
            {
                RunElsewhere();
            }
        }

        /// <summary>Gives what is posted from now on to the pool: nobody runs it here any more.</summary>
        public void Dispose()
        {
            Interlocked.Exchange(ref _isDisposed, 1);
            RunElsewhere();
        }

        public override SynchronizationContext CreateCopy() => this;

        private void RunElsewhere()
        {
            while (_posted.TryDequeue(out (SendOrPostCallback Callback, object? State) posted))
            {
                ThreadPool.QueueUserWorkItem(static posted => posted.Callback(posted.State), posted, preferLocal: false);
            }
        }

        private void Within(Action run)
        {
            SynchronizationContext? before = Current;
            SetSynchronizationContext(this);
            try
            {
                run();
            }
            finally
            {
                SetSynchronizationContext(before);
            }
        }
    }

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

                clock.NoteChange();
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
                clock.NoteChange();
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
