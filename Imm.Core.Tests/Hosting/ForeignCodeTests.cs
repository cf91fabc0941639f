using System.Diagnostics.Metrics;
using Imm.Core.Model;
using Imm.Core.Telemetry;
using Imm.Core.Tests.Registry;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>Clocks, listeners, loggers, authorizers and contexts that throw, or call the store that calls them.</summary>
public sealed class ForeignCodeTests : IDisposable
{
    private const string Path = "/store/data";

    private readonly Watch _watch = new();
    private readonly SimulatedDisk _disk = new();

    public static TheoryData<string?> Places => [Path, null];

    public void Dispose() => _watch.Dispose();

    [Theory]
    [MemberData(nameof(Places))]
    public void A_clock_whose_timestamps_throw_fails_no_operation(string? path)
    {
        ImmStoreOptions options = _watch.Options(path);
        options.TimeProvider = new Clock { Timestamp = () => throw new InvalidOperationException("The clock's own fault.") };
        using (ImmStore store = ImmStore.Open(options, _disk))
        {
            using MetricCollector<long> operations = _watch.Collect<long>("imm.operations");
            using MetricCollector<double> durations = _watch.Collect<double>("imm.operation.duration");

            store.Registry().Create(new() { ProjectName = "p" });
            store.Registry().Get("p");
            store.Check();

            Assert.Equal(ImmStoreState.Open, store.Status.State);
            Assert.Equal(2, operations.GetMeasurementSnapshot().Count);
            Assert.Empty(durations.GetMeasurementSnapshot());
        }

        Assert.DoesNotContain(_watch.Logs, log => log.Level > LogLevel.Debug);
    }

    [Fact]
    public void A_change_that_is_not_taken_is_not_kept_by_its_token()
    {
        using var token = new CancellationTokenSource();
        WeakReference? kept = null;
        ImmStore? store = null;
        var clock = new Clock
        {
            Now = () =>
            {
                kept = Refused();
                return DateTimeOffset.UnixEpoch;
            },
        };
        using ImmStore opened = store = ImmStore.InMemory(new ImmStoreOptions { TimeProvider = clock });

        store.Registry().Create(new() { ProjectName = "p" });
        GC.Collect();

        Assert.False(kept!.IsAlive);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        WeakReference Refused()
        {
            string description = new('d', 100);
            Assert.Throws<InvalidOperationException>(
                () => { _ = store!.Registry().CreateAsync(new() { ProjectName = "q", Description = description }, token.Token).AsTask(); });
            return new WeakReference(description);
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_clock_that_throws_fails_the_change_that_needs_the_time_and_no_other(string? path)
    {
        bool broken = false;
        var defect = new InvalidOperationException("The clock's own fault.");
        ImmStoreOptions options = _watch.Options(path);
        options.TimeProvider = new Clock { Now = () => broken ? throw defect : DateTimeOffset.UnixEpoch };
        using ImmStore store = ImmStore.Open(options, _disk);
        ProjectRegistry registry = store.Registry();
        registry.Create(new() { ProjectName = "a" });

        broken = true;
        Assert.Same(defect, Assert.Throws<InvalidOperationException>(() => registry.Create(new() { ProjectName = "b" })));
        Assert.Same(
            defect, Assert.Throws<InvalidOperationException>(() => registry.Update(new() { ProjectName = "a", Description = "d" })));
        broken = false;

        registry.Create(new() { ProjectName = "c" });
        Assert.Equal(["a", "c"], registry.List().Projects.Select(project => project.ProjectName.Value));
        Assert.Equal(ImmStoreState.Open, store.Status.State);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public void A_clock_can_neither_change_nor_close_the_store_that_calls_it(string? path) => Bounded.Run(() => "a clock", () =>
    {
        var refused = new List<Exception?>();
        Action? uses = null;
        ImmStoreOptions options = _watch.Options(path);
        options.TimeProvider = new Clock
        {
            Now = () =>
            {
                Interlocked.Exchange(ref uses, null)?.Invoke();
                return DateTimeOffset.UnixEpoch;
            },
        };
        using ImmStore store = ImmStore.Open(options, _disk);
        ProjectRegistry registry = store.Registry();
        for (int i = 0; i < 3; i++)
        {
            uses = () =>
            {
                refused.Add(Record.Exception(() => registry.Create(new() { ProjectName = "never" })));
                refused.Add(Record.Exception(store.Dispose));
                Assert.False(registry.TryGet("none", out _));
            };

            // Some changes are committed by this thread, others by the store's own.
            registry.Create(new() { ProjectName = $"p{i}" });
        }

        Assert.Equal(6, refused.Count);
        Assert.All(refused, e => Assert.IsType<InvalidOperationException>(e));
        Assert.Equal(["p0", "p1", "p2"], registry.List().Projects.Select(project => project.ProjectName.Value));
    });

    [Theory]
    [MemberData(nameof(Places))]
    public void A_listener_can_neither_change_nor_close_the_store_that_calls_it(string? path) => Bounded.Run(() => "a listener", () =>
    {
        var refused = new List<Exception?>();
        ImmStore? store = null;
        bool uses = false;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory)
                && instrument.Name is not ("imm.operations" or "imm.operation.duration"))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => Use());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Use());
        listener.Start();
        using (store = ImmStore.Open(_watch.Options(path), _disk))
        {
            uses = true;
            for (int i = 0; i < 3; i++)
            {
                store.Registry().Create(new() { ProjectName = $"p{i}" });
            }

            uses = false;
            Assert.Equal(["p0", "p1", "p2"], store.Registry().List().Projects.Select(project => project.ProjectName.Value));
        }

        // Four times for each batch, and in a file for each flush.
        Assert.Equal(path is null ? 12 : 24, refused.Count);
        Assert.All(refused, e => Assert.IsType<InvalidOperationException>(e));

        void Use()
        {
            if (uses)
            {
                Exception?[] each =
                [
                    Record.Exception(() => store!.Registry().Create(new() { ProjectName = "never" })),
                    Record.Exception(() => { _ = store!.Registry().CreateAsync(new() { ProjectName = "never" }).AsTask(); }),
                    Record.Exception(store!.Dispose),
                    Record.Exception(() => { _ = store!.DisposeAsync().AsTask(); }),
                ];
                lock (refused)
                {
                    refused.AddRange(each);
                }

                Assert.False(store!.Registry().TryGet("never", out _));
            }
        }
    });

    [Fact]
    public void A_listener_of_checkpoints_can_check_the_store_that_calls_it() => Bounded.Run(() => "a check", () =>
    {
        ImmStore? store = null;
        int left = 2;
        var problems = new List<IReadOnlyList<string>>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory)
                && instrument.Name is "imm.checkpoint.duration" or "imm.commit.flush.duration")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((instrument, _, _, _) =>
        {
            // Both on the storage thread and on the one that commits.
            if (store is { Status.State: ImmStoreState.Open } && Interlocked.Decrement(ref left) >= 0)
            {
                IReadOnlyList<string> found = store.Check();
                lock (problems)
                {
                    problems.Add(found);
                }
            }
        });
        listener.Start();

        // Every commit begins a checkpoint.
        using (store = ImmStore.Open(_watch.Options(Path), _disk, settings => settings with { CheckpointLength = 1 }))
        {
            for (int i = 0; i < 5; i++)
            {
                store.Registry().Create(new() { ProjectName = $"p{i}" });
            }
        }

        Assert.Equal(2, problems.Count);
        Assert.All(problems, Assert.Empty);
        using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        Assert.Equal(5, again.Registry().State.ProjectCount);
    });

    [Fact]
    public void A_listener_of_operations_can_use_and_close_the_store() => Bounded.Run(() => "a listener", () =>
    {
        ImmStore? store = null;
        int left = 2;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory) && instrument.Name == "imm.operations")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            if (left-- > 0)
            {
                store!.Registry().Create(new() { ProjectName = $"p{left}" });
                store.Dispose();
            }
        });
        listener.Start();
        store = ImmStore.Open(_watch.Options(Path), _disk);

        store.Registry().Create(new() { ProjectName = "p" });

        Assert.Equal(ImmStoreState.Closed, store.Status.State);
        using ImmStore again = ImmStore.Open(new ImmStoreOptions { Path = Path }, _disk);
        Assert.Equal(["p", "p0", "p1"], again.Registry().List().Projects.Select(project => project.ProjectName.Value));
    });

    [Fact]
    public void A_listener_that_throws_when_instruments_are_published_does_not_prevent_the_open()
    {
        int published = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory) && ++published == 3)
            {
                throw new InvalidOperationException("The listener's own fault.");
            }
        };
        listener.Start();

        for (int i = 0; i < 2; i++)
        {
            using ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
            store.Registry().Create(new() { ProjectName = $"p{i}" });
            Assert.Equal(ImmStoreState.Open, store.Status.State);
        }

        Assert.Equal(3, published);
    }

    [Fact]
    public async Task An_observer_that_throws_when_an_operation_begins_ends_it_for_the_observers_before_it()
    {
        var first = new Observer();
        var second = new Observer { Begun = () => throw new InvalidOperationException("The observer's own fault.") };
        var observers = new OperationObservers(TimeProvider.System, first, second);
        var operation = new Operation("imm:GetProject", new Scope("1234", "r"), "p", null, null);

        await Assert.ThrowsAsync<InvalidOperationException>(
            async () => await observers.RunAsync<Execution, int>(operation, default, isSynchronous: false, CancellationToken.None));

        Assert.Equal((1, 0), (first.Ended, second.Ended));
        Assert.IsType<InvalidOperationException>(operation.Exception);
    }

    [Fact]
    public void A_continuation_on_the_commit_thread_can_begin_changes_and_cannot_wait_for_them() => Bounded.Run(() => "a wait", () =>
    {
        using var gated = new GatedDisk(_disk);
        using ImmStore store = gated.Open(new ImmStoreOptions { Path = Path });
        ProjectRegistry registry = store.Registry();
        gated.BlockFlushes();
        var leader = new Thread(() => registry.Create(new() { ProjectName = "a" }));
        leader.Start();
        gated.AwaitBlockedFlush();
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new HereContext());
        Task<(Exception? Created, Exception? Closed)> continued = ContinueAsync();
        SynchronizationContext.SetSynchronizationContext(before);
        gated.ReleaseFlushes();
        leader.Join();

        (Exception? created, Exception? closed) = continued.Result;

        Assert.IsType<InvalidOperationException>(created);
        Assert.IsType<InvalidOperationException>(closed);
        Assert.Equal(["a", "b", "d"], registry.List().Projects.Select(project => project.ProjectName.Value));

        async Task<(Exception? Created, Exception? Closed)> ContinueAsync()
        {
            await registry.CreateAsync(new() { ProjectName = "b" }).ConfigureAwait(true);
            Exception? created = Record.Exception(() => registry.Create(new() { ProjectName = "c" }));
            Exception? closed = Record.Exception(store.Dispose);
            await registry.CreateAsync(new() { ProjectName = "d" }).AsTask().ConfigureAwait(true);
            return (created, closed);
        }
    });

    [Theory]
    [InlineData(typeof(ImmStore))]
    [InlineData(typeof(ProjectRegistry))]
    [InlineData(typeof(ImmApi))]
    public void An_authorizer_that_takes_the_store_in_its_constructor_is_reported(Type service) => Bounded.Run(() => "a circle", () =>
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IImmAuthorizer>(provider =>
            {
                provider.GetRequiredService(service);
                return new Authorizer(_ => AuthorizationDecision.Allow);
            })
            .AddKeyedSingleton<IImmAuthorizer>("key", (provider, key) =>
            {
                provider.GetRequiredKeyedService(service, key);
                return new Authorizer(_ => AuthorizationDecision.Allow);
            })
            .AddImm(options => options.InMemory = true)
            .AddKeyedImm("key", options => options.InMemory = true)
            .BuildServiceProvider();

        string message = Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<ProjectRegistry>()).Message;
        Assert.Contains("IImmAuthorizer", message, StringComparison.Ordinal);
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(() => services.GetRequiredKeyedService<ImmStore>("key")).Message);
    });

    [Fact]
    public void An_authorizer_that_is_resolved_before_the_store_is_reported_too() => Bounded.Run(() => "a circle", () =>
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IImmAuthorizer, TakesRegistry>()
            .AddImm(options => options.InMemory = true)
            .BuildServiceProvider();

        string message = Assert.Throws<InvalidOperationException>(services.GetRequiredService<IImmAuthorizer>).Message;
        Assert.Contains("IServiceProvider", message, StringComparison.Ordinal);
    });

    [Fact]
    public void An_authorizer_can_use_another_store_or_resolve_its_own_when_it_is_called() => Bounded.Run(() => "an authorizer", () =>
    {
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IImmAuthorizer>(provider =>
            {
                ProjectRegistry policies = provider.GetRequiredKeyedService<ProjectRegistry>("policies");
                return new Authorizer(request => request.Action != "imm:CreateProject" || policies.TryGet("open", out _)
                    || provider.GetRequiredService<ProjectRegistry>().TryGet("open", out _)
                    ? AuthorizationDecision.Allow
                    : AuthorizationDecision.Deny());
            })
            .AddKeyedSingleton<IImmAuthorizer>("policies", new Authorizer(_ => AuthorizationDecision.Allow))
            .AddImm(options => options.InMemory = true)
            .AddKeyedImm("policies", options => options.InMemory = true)
            .BuildServiceProvider();
        ProjectRegistry registry = services.GetRequiredService<ProjectRegistry>();

        Assert.Equal(ImmErrorCode.NoPermission, Assert.Throws<ImmException>(() => registry.Create(new() { ProjectName = "p" })).Code);
        services.GetRequiredKeyedService<ProjectRegistry>("policies").Create(new() { ProjectName = "open" });
        Assert.Equal("p", registry.Create(new() { ProjectName = "p" }).ProjectName.Value);
    });

    [Fact]
    public void An_authorizer_that_recurses_without_end_fails_its_caller_and_not_the_process() => Bounded.Run(() => "a recursion", () =>
    {
        ProjectRegistry? registry = null;
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            Authorizer = new Authorizer(
                _ => registry!.TryGet("policies", out Project? _) ? AuthorizationDecision.Allow : AuthorizationDecision.Deny()),
        });
        registry = store.Registry();

        Assert.Throws<InsufficientExecutionStackException>(() => registry.Create(new() { ProjectName = "p" }));
    });

    [Fact]
    public async Task A_refusal_that_an_authorizer_meets_itself_is_not_that_of_the_operation()
    {
        ProjectRegistry? registry = null;
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            Authorizer = new Authorizer(request =>
            {
                if (request.Action == "imm:CreateProject")
                {
                    registry!.Get("policies");
                }

                return AuthorizationDecision.Allow;
            }),
        });
        registry = store.Registry();
        KeyValuePair<string, string>[] parameters = [new("ProjectName", "p")];

        foreach (Func<Task> create in new Func<Task>[]
        {
            () => new ImmApi(store).InvokeAsync("default", "local", "CreateProject", parameters).AsTask(),
            () => registry.TryCreateAsync(new() { ProjectName = "p" }).AsTask(),
            () => Task.FromResult(registry.TryCreate(new() { ProjectName = "p" }, out _, out _)),
        })
        {
            Assert.Equal(ImmErrorCode.ResourceNotFound, (await Assert.ThrowsAsync<ImmException>(create)).Code);
        }
    }

    [Fact]
    public async Task Another_store_that_an_authorizer_uses_and_that_is_unavailable_is_not_the_store_of_the_operation()
    {
        using var directory = new TempDirectory();
        ImmStore.Open(directory.File("policies.db")).Dispose();
        using ImmStore policies = ImmStore.OpenReadOnly(directory.File("policies.db"));
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions
        {
            Authorizer = new Authorizer(request =>
            {
                policies.Registry().Create(new() { ProjectName = "asked" });
                return AuthorizationDecision.Allow;
            }),
        });
        ProjectRegistry registry = store.Registry();
        KeyValuePair<string, string>[] parameters = [new("ProjectName", "p")];

        foreach (Func<Task> create in new Func<Task>[]
        {
            () => new ImmApi(store).InvokeAsync("default", "local", "CreateProject", parameters).AsTask(),
            () => registry.TryCreateAsync(new() { ProjectName = "p" }).AsTask(),
            () => Task.FromResult(registry.TryCreate(new() { ProjectName = "p" }, out _, out _)),
            () => registry.CreateAsync(new() { ProjectName = "p" }).AsTask(),
        })
        {
            Assert.Equal(ImmUnavailableReason.ReadOnly, (await Assert.ThrowsAsync<ImmException>(create)).Reason);
        }
    }

    [Fact]
    public async Task An_exception_of_the_authorizer_passes_through_the_RPC_endpoint_unchanged()
    {
        var defect = new ObjectDisposedException("the authorizer's connection");
        using ImmStore store = ImmStore.InMemory(new ImmStoreOptions { Authorizer = new Authorizer(_ => throw defect) });
        var api = new ImmApi(store);
        using var client = new HttpClient(new ImmHttpMessageHandler(api, "default", "local"));
        KeyValuePair<string, string>[] parameters = [new("ProjectName", "p")];

        Assert.Same(
            defect,
            await Assert.ThrowsAsync<ObjectDisposedException>(
                () => api.InvokeAsync("default", "local", "CreateProject", parameters).AsTask()));
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://imm/?Action=GetProject&ProjectName=p");
        Assert.Same(defect, Assert.Throws<ObjectDisposedException>(() => client.Send(request)));

        store.Dispose();
        Assert.Equal(503, (await api.InvokeAsync("default", "local", "CreateProject", parameters)).StatusCode);
    }

    private sealed class Authorizer(Func<AuthorizationRequest, AuthorizationDecision> authorize) : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) => authorize(request);
    }

    private sealed class TakesRegistry(ProjectRegistry registry) : IImmAuthorizer
    {
        public AuthorizationDecision Authorize(AuthorizationRequest request) =>
            registry.ProjectQuota > 0 ? AuthorizationDecision.Allow : AuthorizationDecision.Deny();
    }

    private sealed class Observer : IOperationObserver
    {
        public Action? Begun { get; init; }

        public int Ended { get; private set; }

        public bool IsEnabled => true;

        public void Begin(Operation operation) => Begun?.Invoke();

        public void End(Operation operation) => Ended++;
    }

    private readonly struct Execution : OperationObservers.IExecution<int>
    {
        public ImmRefusal? Check() => null;

        public ValueTask<ImmOutcome<int>> ExecuteAsync() => new(new ImmOutcome<int>(1));
    }

    private sealed class Clock : TimeProvider
    {
        public Func<long> Timestamp { get; init; } = System.GetTimestamp;

        public Func<DateTimeOffset> Now { get; init; } = () => DateTimeOffset.UnixEpoch;

        public override long GetTimestamp() => Timestamp();

        public override DateTimeOffset GetUtcNow() => Now();
    }

    /// <summary>Continues at once, on the thread that completes what was awaited.</summary>
    private sealed class HereContext : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
            SynchronizationContext? before = Current;
            SetSynchronizationContext(this);
            d(state);
            SetSynchronizationContext(before);
        }
    }
}
