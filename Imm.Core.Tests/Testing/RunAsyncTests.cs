using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>
/// Tests of the clock that moves until a task has ended, with code that resumes in the context of the test and elsewhere.
/// </summary>
public sealed class RunAsyncTests : IDisposable
{
    private readonly ImmFixture _fixture = new();

    private ImmFixtureClock Clock => _fixture.Clock;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_natural_back_off_test_gives_the_same_calls_and_times_a_thousand_times()
    {
        for (int i = 0; i < 1_000; i++)
        {
            using var fixture = new ImmFixture();
            using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Times(3).Throttle();

            Project project = await fixture.Clock.RunAsync(EnsureAsync(fixture, "photos"));

            Assert.Equal("photos", project.ProjectName.Value);
            Assert.Equal([0, 1, 3, 7], fixture.Calls.Select(call => (call.StartTime - ImmFixtureClock.DefaultStart).TotalSeconds));
        }
    }

    [Fact]
    public async Task Several_tasks_each_see_their_own_times()
    {
        for (int i = 0; i < 20; i++)
        {
            using var fixture = new ImmFixture();
            using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Where(call => call.StartTime
                < ImmFixtureClock.DefaultStart.AddSeconds(call.ProjectName == "slow" ? 31 : 3)).Throttle();

            Project[] projects = await fixture.Clock.RunAsync(
                Task.WhenAll(EnsureAsync(fixture, "fast"), EnsureAsync(fixture, "slow"), Task.Run(() => EnsureAsync(fixture, "other"))));

            Assert.Equal(["fast", "slow", "other"], projects.Select(project => project.ProjectName.Value));
            Assert.Equal([0, 1, 3], Times(fixture, "fast"));
            Assert.Equal([0, 1, 3], Times(fixture, "other"));
            Assert.Equal([0, 1, 3, 7, 15, 31], Times(fixture, "slow"));
        }

        static IEnumerable<double> Times(ImmFixture fixture, string name) => fixture.Calls
            .Where(call => call.ProjectName == name)
            .Select(call => (call.StartTime - ImmFixtureClock.DefaultStart).TotalSeconds);
    }

    [Fact]
    public async Task A_timeout_that_is_not_reached_does_not_come_due()
    {
        for (int i = 0; i < 20; i++)
        {
            using var fixture = new ImmFixture();
            using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Times(3).Throttle();
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(8), fixture.Clock);

            await fixture.Clock.RunAsync(EnsureAsync(fixture, "photos", timeout.Token));

            Assert.False(timeout.IsCancellationRequested);
        }
    }

    [Fact]
    public async Task A_timeout_that_is_reached_ends_the_task()
    {
        using ImmFault fault = _fixture.Faults.On(ImmOperation.CreateProject).Throttle();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(5), Clock);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Clock.RunAsync(EnsureAsync(_fixture, "photos", timeout.Token)));

        Assert.Equal(ImmFixtureClock.DefaultStart.AddSeconds(5), Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_delayed_call_gets_its_answer()
    {
        using ImmFault fault = _fixture.Faults.OnAny().Delay(TimeSpan.FromHours(1));

        Project project = await Clock.RunAsync(_fixture.Registry.CreateAsync(new() { ProjectName = "photos" }).AsTask());

        Assert.Equal(ImmFixtureClock.DefaultStart.AddHours(1), project.CreateTime);
    }

    [Fact]
    public async Task A_task_that_has_ended_moves_nothing_and_its_exception_is_passed_on()
    {
        using ITimer timer = Clock.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        await Clock.RunAsync(Task.CompletedTask);
        await Assert.ThrowsAsync<FormatException>(() => Clock.RunAsync(Task.FromException(new FormatException())));

        Assert.Equal(ImmFixtureClock.DefaultStart, Clock.GetUtcNow());
    }

    [Fact]
    public async Task A_loop_without_an_end_is_an_error_after_so_many_timers()
    {
        bool ends = false;
        Task endless = LoopAsync();

        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(() => Clock.RunAsync(endless, maxTimers: 25));

        Assert.StartsWith("The clock has fired 25 timers, up to 2025-01-01T00:00:25", error.Message, StringComparison.Ordinal);
        Assert.Equal(ImmFixtureClock.DefaultStart.AddSeconds(25), Clock.GetUtcNow());
        ends = true;
        await Clock.RunAsync(endless);

        async Task LoopAsync()
        {
            while (!ends)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), Clock);
            }
        }
    }

    [Fact]
    public async Task A_task_that_waits_for_something_else_is_an_error_that_says_so()
    {
        var clock = new ImmFixtureClock { Patience = TimeSpan.FromMilliseconds(1) };
        using ITimer never = clock.CreateTimer(_ => { }, null, TimeSpan.MaxValue, Timeout.InfiniteTimeSpan);

        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => clock.RunAsync(new TaskCompletionSource().Task));

        Assert.StartsWith("No timer is set on the clock, which shows 2025-01-01T00:00:00", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timer_that_is_set_while_the_clock_waits_is_fired()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task task = WaitAsync();
        Task run = Clock.RunAsync(task);
        gate.SetResult();
        await run;

        Assert.Equal(ImmFixtureClock.DefaultStart.AddSeconds(1), Clock.GetUtcNow());

        async Task WaitAsync()
        {
            await gate.Task;
            await Task.Delay(TimeSpan.FromSeconds(1), Clock);
        }
    }

    [Fact]
    public async Task Several_tasks_that_the_clock_starts_see_their_own_times_in_the_same_order_each_time()
    {
        string? first = null;
        for (int i = 0; i < 200; i++)
        {
            using var fixture = new ImmFixture();
            using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Where(call => call.StartTime
                < ImmFixtureClock.DefaultStart.AddSeconds(call.ProjectName == "p0" ? 31 : 3)).Throttle();

            Project[] projects = await fixture.Clock.RunAsync(
                () => Task.WhenAll(Enumerable.Range(0, 30).Select(n => n % 2 == 0
                    ? EnsureAsync(fixture, $"p{n}")
                    : EnsureElsewhereAsync(fixture, $"p{n}"))));

            string calls = string.Join('\n', fixture.Calls.Select(call => $"{call.StartTime:O} {call.ProjectName} {call.Code}"));
            Assert.All(projects, project => Assert.Equal(
                project.ProjectName == "p0" ? [0, 1, 3, 7, 15, 31] : [0, 1, 3],
                fixture.Calls.Where(call => call.ProjectName == project.ProjectName)
                    .Select(call => (call.StartTime - ImmFixtureClock.DefaultStart).TotalSeconds)));
            Assert.Equal(first ??= calls, calls);
        }
    }

    [Fact]
    public async Task Code_that_the_clock_starts_takes_no_real_time()
    {
        // A clock that waited for real time would fail here: it has none to wait.
        var clock = new ImmFixtureClock { Patience = TimeSpan.Zero };
        int rounds = 0;

        await clock.RunAsync(() => Task.WhenAll(LoopAsync(), LoopAsync(), LoopAsync()));

        Assert.Equal((300, ImmFixtureClock.DefaultStart.AddSeconds(100)), (rounds, clock.GetUtcNow()));

        async Task LoopAsync()
        {
            for (int i = 0; i < 100; i++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1), clock);
                await Task.Yield();
                rounds++;
            }
        }
    }

    [Fact]
    public async Task Code_that_leaves_the_thread_comes_back_where_nothing_else_waits()
    {
        int result = await Clock.RunAsync(async () =>
        {
            int there = await Task.Run(() => 1);
            await Task.Delay(TimeSpan.FromDays(1), Clock);
            return there + await Task.Run(() => 2);
        });

        Assert.Equal((3, ImmFixtureClock.DefaultStart.AddDays(1)), (result, Clock.GetUtcNow()));
    }

    [Fact]
    public async Task The_context_of_the_test_is_back_after_code_that_the_clock_has_started()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext? within = null;

        Task run = Clock.RunAsync(() =>
        {
            within = SynchronizationContext.Current;
            return Task.CompletedTask;
        });

        Assert.Same(before, SynchronizationContext.Current);
        Assert.NotSame(before, within);
        await run;
        await Assert.ThrowsAsync<FormatException>(() => Clock.RunAsync(() => Task.FromException(new FormatException())));
        await Assert.ThrowsAsync<FormatException>(() => Clock.RunAsync(Task () => throw new FormatException()));
    }

    [Fact]
    public async Task Code_that_the_clock_starts_and_that_never_ends_is_an_error()
    {
        var clock = new ImmFixtureClock { Patience = TimeSpan.FromMilliseconds(1) };

        InvalidOperationException waits = await Assert.ThrowsAsync<InvalidOperationException>(
            () => clock.RunAsync(() => (Task)new TaskCompletionSource().Task));
        InvalidOperationException loops = await Assert.ThrowsAsync<InvalidOperationException>(() => clock.RunAsync(
            async () =>
            {
                while (true)
                {
                    await Task.Delay(TimeSpan.FromSeconds(1), clock);
                }
            },
            maxTimers: 25));

        Assert.StartsWith("No timer is set on the clock, which shows 2025-01-01T00:00:00", waits.Message, StringComparison.Ordinal);
        Assert.StartsWith("The clock has fired 25 timers, up to 2025-01-01T00:00:25", loops.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_function_that_returns_no_task_is_an_error_that_names_it()
    {
        ArgumentException none = await Assert.ThrowsAsync<ArgumentException>("start", () => Clock.RunAsync(Task () => null!));
        await Assert.ThrowsAsync<ArgumentException>("start", () => Clock.RunAsync(Task<int> () => null!));

        Assert.StartsWith("The function returned null instead of a task.", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_is_left_running_goes_on_when_the_clock_moves_again()
    {
        Task? left = null;
        await Clock.RunAsync(() =>
        {
            left = WaitTwiceAsync();
            return Task.CompletedTask;
        });

        await Clock.RunAsync(left!);

        Assert.Equal(ImmFixtureClock.DefaultStart.AddSeconds(2), Clock.GetUtcNow());

        async Task WaitTwiceAsync()
        {
            await Task.Delay(TimeSpan.FromSeconds(1), Clock);
            await Task.Delay(TimeSpan.FromSeconds(1), Clock);
        }
    }

    [Fact]
    public async Task Rejects_no_task_and_no_timers()
    {
        await Assert.ThrowsAsync<ArgumentNullException>(() => Clock.RunAsync(null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Clock.RunAsync((Func<Task>)null!));
        await Assert.ThrowsAsync<ArgumentNullException>(() => Clock.RunAsync((Func<Task<int>>)null!));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Clock.RunAsync(() => Task.CompletedTask, 0));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Clock.RunAsync(Task.CompletedTask, 0));
    }

    /// <summary>The retry of a library, which resumes wherever it is.</summary>
    private static async Task<Project> EnsureElsewhereAsync(ImmFixture fixture, string name)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await fixture.Registry.CreateAsync(new() { ProjectName = name }).ConfigureAwait(false);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.ThrottlingUser)
            {
                await Task.Delay(TimeSpan.FromSeconds(1 << attempt), fixture.Clock).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The retry that one writes without thinking of a clock of a test: it resumes in the context of its caller.</summary>
    private static async Task<Project> EnsureAsync(ImmFixture fixture, string name, CancellationToken cancellationToken = default)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await fixture.Registry.CreateAsync(new() { ProjectName = name }, cancellationToken);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.ThrottlingUser)
            {
                await Task.Delay(TimeSpan.FromSeconds(1 << attempt), fixture.Clock, cancellationToken);
            }
        }
    }
}
