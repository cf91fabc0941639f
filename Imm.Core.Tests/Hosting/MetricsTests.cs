using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Imm.Core.Collections;
using Imm.Core.Model;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Imm.Core.Tests.Hosting;

/// <summary>The measurements of the instruments.</summary>
public sealed class MetricsTests : IDisposable
{
    private const string Path = "/store/data";

    private readonly Watch _watch = new();
    private readonly SimulatedDisk _disk = new();

    public void Dispose() => _watch.Dispose();

    [Fact]
    public void Operations_are_counted_by_their_action_and_outcome_and_nothing_else()
    {
        ImmStoreOptions options = _watch.Options();
        options.ProjectQuota = 1;
        options.Authorizer = new NobodyMayDelete();
        using ImmStore store = ImmStore.InMemory(options);
        using MetricCollector<long> operations = _watch.Collect<long>("imm.operations");
        ProjectRegistry registry = store.Registry("1234", "cn-hangzhou");

        registry.Create(new() { ProjectName = "photos" });
        Refused(() => registry.Create(new() { ProjectName = "photos" }));
        Refused(() => registry.Create(new() { ProjectName = "more" }));
        Refused(() => registry.Create(new()));
        registry.Get("photos");
        Refused(() => registry.Get("none"));
        registry.TryGet("none", out _);
        Refused(() => registry.Delete("photos"));
        registry.CreateDataset(new() { ProjectName = "photos", DatasetName = "raw" });
        registry.ListBindings("photos", "raw");

        Assert.Equal(
            [
                "imm.action=imm:CreateProject",
                "error.type=ResourceAlreadyExists imm.action=imm:CreateProject",
                "error.type=LimitExceededError imm.action=imm:CreateProject",
                "error.type=InvalidArgument imm.action=imm:CreateProject",
                "imm.action=imm:GetProject",
                "error.type=ResourceNotFound imm.action=imm:GetProject",
                "imm.action=imm:GetProject",
                "error.type=NoPermission imm.action=imm:DeleteProject",
                "imm.action=imm:CreateDataset",
                "imm.action=imm:ListBindings",
            ],
            operations.GetMeasurementSnapshot().Select(Watch.Labels));
        Assert.All(operations.GetMeasurementSnapshot(), measurement => Assert.Equal(1, measurement.Value));
    }

    [Fact]
    public async Task A_cancelled_change_and_a_defect_of_the_host_are_outcomes_too()
    {
        ImmStoreOptions options = _watch.Options();
        options.Authorizer = new NobodyMayDelete { Defect = new TimeoutException() };
        using ImmStore store = ImmStore.InMemory(options);
        using MetricCollector<long> operations = _watch.Collect<long>("imm.operations");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => store.Registry().CreateAsync(new() { ProjectName = "p" }, new CancellationToken(canceled: true)).AsTask());
        Assert.Throws<TimeoutException>(() => store.Registry().Delete("p"));

        Assert.Equal(
            [
                "error.type=System.OperationCanceledException imm.action=imm:CreateProject",
                "error.type=System.TimeoutException imm.action=imm:DeleteProject",
            ],
            operations.GetMeasurementSnapshot().Select(Watch.Labels));
    }

    [Fact]
    public void The_duration_of_an_operation_includes_the_authorizer_and_is_measured_on_the_clock_of_the_store()
    {
        var clock = new FakeTimeProvider();
        ImmStoreOptions options = _watch.Options();
        options.TimeProvider = clock;
        options.Authorizer = new NobodyMayDelete { Asked = () => clock.Advance(TimeSpan.FromMilliseconds(250)) };
        using ImmStore store = ImmStore.InMemory(options);
        using MetricCollector<double> durations = _watch.Collect<double>("imm.operation.duration");

        store.Registry().Create(new() { ProjectName = "p" });

        CollectedMeasurement<double> duration = Assert.Single(durations.GetMeasurementSnapshot());
        Assert.Equal(0.25, duration.Value);
        Assert.Equal("imm.action=imm:CreateProject", Watch.Labels(duration));
        Assert.Equal("s", durations.Instrument!.Unit);
    }

    [Fact]
    public async Task Waiting_changes_are_counted_in_the_queue_and_committed_as_one_batch()
    {
        using var clock = new GatedClock();
        ImmStoreOptions options = _watch.Options(Path);
        options.TimeProvider = clock;
        using ImmStore store = ImmStore.Open(options, _disk);
        using MetricCollector<int> batches = _watch.Collect<int>("imm.commit.batch.size");
        ProjectRegistry registry = store.Registry();

        clock.Close();
        Task<Project> first = Task.Run(() => registry.Create(new() { ProjectName = "a" }));
        clock.AwaitCaller();
        Task<Project>[] others =
        [
            registry.CreateAsync(new() { ProjectName = "b" }).AsTask(),
            registry.CreateAsync(new() { ProjectName = "b" }).AsTask(),
            registry.CreateAsync(new() { ProjectName = "c" }).AsTask(),
        ];
        Assert.Equal(3, _watch.Observe("imm.commit.queue.length")[""]);
        clock.Open();
        await first;
        await others[0];
        await Assert.ThrowsAsync<ImmException>(() => others[1]);
        await others[2];

        Assert.Equal([1, 3], batches.GetMeasurementSnapshot().Select(measurement => measurement.Value));
        Assert.Equal(0, _watch.Observe("imm.commit.queue.length")[""]);
    }

    [Fact]
    public void A_batch_that_changes_nothing_is_not_measured()
    {
        using ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        using MetricCollector<int> batches = _watch.Collect<int>("imm.commit.batch.size");

        store.Check();
        Refused(() => store.Registry().Delete("none"));

        Assert.Empty(batches.GetMeasurementSnapshot());
    }

    [Theory]
    [InlineData(Durability.Durable, 2)]
    [InlineData(Durability.Relaxed, 0)]
    public void Every_flush_for_a_change_is_measured(Durability durability, int flushes)
    {
        ImmStoreOptions options = _watch.Options(Path);
        options.Durability = durability;
        options.TimeProvider = new FakeTimeProvider();
        using ImmStore store = ImmStore.Open(options, _disk);
        using MetricCollector<double> durations = _watch.Collect<double>("imm.commit.flush.duration");

        store.Registry().Create(new() { ProjectName = "a" });
        store.Registry().Create(new() { ProjectName = "b" });

        // The disk is measured by a clock of the process, not by that of the store.
        Assert.Equal(flushes, durations.GetMeasurementSnapshot().Count(measurement => measurement.Value > 0));
        Assert.Equal("s", durations.Instrument!.Unit);
    }

    [Fact]
    public void A_checkpoint_is_measured()
    {
        ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        using MetricCollector<double> durations = _watch.Collect<double>("imm.checkpoint.duration");
        store.Registry().Create(new() { ProjectName = "a" });
        Assert.Empty(durations.GetMeasurementSnapshot());

        store.Dispose();

        Assert.Equal(store.Status.LastCheckpointDuration.TotalSeconds, Assert.Single(durations.GetMeasurementSnapshot()).Value);
    }

    [Fact]
    public void Projects_and_datasets_are_counted_while_they_are_in_memory()
    {
        using (ImmStore store = ImmStore.Open(_watch.Options(Path), _disk))
        {
            foreach (string region in (string[])["a", "b"])
            {
                ProjectRegistry registry = store.Registry("1234", region);
                RegistryOperations.Prepare(registry);
                registry.DeleteDataset("p", "empty");
                registry.Update(new() { ProjectName = "p", Description = "changed" });
            }

            store.Registry("1234", "a").Delete("empty");
            Assert.Equal(3, _watch.Observe("imm.project.count")[""]);
            Assert.Equal(2, _watch.Observe("imm.dataset.count")[""]);
        }

        Assert.Empty(_watch.Observe("imm.project.count"));
        using ImmStore again = ImmStore.Open(_watch.Options(Path), _disk);
        Assert.Equal(0, _watch.Observe("imm.project.count")[""]);
        _ = again.Registry("1234", "b").Get("p");
        Assert.Equal(2, _watch.Observe("imm.project.count")[""]);
        Assert.Equal(1, _watch.Observe("imm.dataset.count")[""]);
    }

    [Fact]
    public void All_projects_are_counted_whether_in_memory_or_not()
    {
        using (ImmStore store = ImmStore.Open(_watch.Options(Path), _disk))
        {
            foreach (string region in (string[])["a", "b", "c"])
            {
                Create(store, region, "p", "q", "r");
            }

            store.Registry("1234", "a").Delete("p");
            Assert.Equal(8, Known());
        }

        ImmStoreOptions options = _watch.Options(Path);
        options.MaxLoadedProjects = 1;
        var disk = new FaultyDisk(_disk);
        using ImmStore again = ImmStore.Open(options, disk);
        Create(again, "d", "p", "q");
        again.Registry("1234", "b").Delete("p");
        Assert.Equal(9, Known());

        // What was counted once needs no read, and is counted on where a scope comes into memory and goes again.
        long reads = disk.Count(FaultKinds.Read);
        Assert.Equal(9, Known());
        Assert.Equal(reads, disk.Count(FaultKinds.Read));
        foreach (string region in (string[])["a", "b", "c", "d"])
        {
            again.Registry("1234", region).Delete("q");
            again.Checkpoint();
        }

        Assert.Equal(5, Known());
        Assert.InRange(_watch.Observe("imm.project.count")[""], 0, 4);

        long Known() => _watch.Observe("imm.project.known.count")[""];

        static void Create(ImmStore store, string region, params string[] names)
        {
            foreach (string name in names)
            {
                store.Registry("1234", region).Create(new() { ProjectName = name });
            }
        }
    }

    [Fact]
    public void A_store_that_cannot_be_read_has_no_count_of_all_projects_and_keeps_nobody_from_the_others()
    {
        using (ImmStore store = ImmStore.Open(_watch.Options(Path), _disk))
        {
            store.Registry().Create(new() { ProjectName = "p" });
        }

        ImmStoreOptions named = _watch.Options(Path);
        named.Name = "damaged";
        var disk = new FaultyDisk(_disk);
        using ImmStore damaged = ImmStore.Open(named, disk);
        using ImmStore sound = ImmStore.InMemory(_watch.Options());
        sound.Registry().Create(new() { ProjectName = "p" });
        disk.FailAt(1, FaultKinds.Read, fromThenOn: true);

        Assert.Equal(new Dictionary<string, long> { [""] = 1 }, _watch.Observe("imm.project.known.count"));
    }

    [Fact]
    public void A_scope_counts_its_datasets_within_a_batch_too()
    {
        var owner = new OwnerToken();
        ScopeState state = ScopeState.Empty(new Scope("1234", "a"), new ServiceDefaults(100, 100, 100));
        CreateProject.Parse(new CreateProjectRequest { ProjectName = "p" }, out CreateProject? project);
        state = project!.Decide(state, 0, owner).Next!;
        foreach (string name in (string[])["a", "b", "c"])
        {
            CreateDataset.Parse(new CreateDatasetRequest { ProjectName = "p", DatasetName = name }, out CreateDataset? dataset);
            state = dataset!.Decide(state, 0, owner).Next!;
        }

        Assert.Equal(3, state.DatasetCount);
        Assert.Equal(2, new DeleteDataset("p", "b", default).Decide(state, 0, owner).Next!.DatasetCount);
    }

    [Fact]
    public void File_sizes_are_observed_while_the_files_are_open()
    {
        using ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        store.Registry().Create(new() { ProjectName = "a" });

        Dictionary<string, long> sizes = _watch.Observe("imm.file.size");

        Assert.Equal(2, sizes.Count);
        Assert.Equal(_disk.Length(Path), sizes["imm.file.type=data"]);
        Assert.Equal(store.Status.LogLength, sizes["imm.file.type=log"]);
        Assert.True(sizes["imm.file.type=log"] > 0);
        store.Dispose();
        Assert.Empty(_watch.Observe("imm.file.size"));
    }

    [Fact]
    public void Stores_are_measured_by_name_and_together_without_a_name()
    {
        ImmStoreOptions named = _watch.Options();
        named.Name = "archive";
        using ImmStore first = ImmStore.InMemory(_watch.Options());
        using ImmStore second = ImmStore.InMemory(_watch.Options());
        using ImmStore third = ImmStore.InMemory(named);
        using MetricCollector<long> operations = _watch.Collect<long>("imm.operations");

        foreach (ImmStore store in (ImmStore[])[first, second, third])
        {
            store.Registry().Create(new() { ProjectName = "p" });
        }

        Assert.Equal(
            ["imm.action=imm:CreateProject", "imm.action=imm:CreateProject", "imm.action=imm:CreateProject imm.store.name=archive"],
            operations.GetMeasurementSnapshot().Select(Watch.Labels));
        Assert.Equal(
            new Dictionary<string, long> { [""] = 2, ["imm.store.name=archive"] = 1 },
            _watch.Observe("imm.project.count"));
    }

    [Fact]
    public void A_store_of_a_container_has_its_key_as_its_name()
    {
        using ServiceProvider services = new ServiceCollection()
            .AddMetrics()
            .AddKeyedImm("archive", options => options.InMemory = true)
            .BuildServiceProvider();
        ProjectRegistry registry = services.GetRequiredKeyedService<ProjectRegistry>("archive");
        using var operations = new MetricCollector<long>(services.GetRequiredService<IMeterFactory>(), "Imm.Core", "imm.operations");

        registry.TryGet("none", out _);

        Assert.Equal("imm.action=imm:GetProject imm.store.name=archive", Watch.Labels(Assert.Single(operations.GetMeasurementSnapshot())));
    }

    [Fact]
    public void The_documentation_lists_every_instrument()
    {
        using ImmStore store = ImmStore.InMemory(_watch.Options());
        var found = new List<string>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory))
            {
                found.Add(instrument.Name);
            }
        };
        listener.Start();

        string documentation = File.ReadAllText(System.IO.Path.ChangeExtension(typeof(ImmStore).Assembly.Location, ".xml"));
        string operations = Documents.Document.Named("operations.md").Text;

        Assert.NotEmpty(found);
        Assert.All(found, name => Assert.Contains($"<c>{name}</c>", documentation, StringComparison.Ordinal));
        Assert.All(found, name => Assert.Contains($"| `{name}` |", operations, StringComparison.Ordinal));
    }

    [Fact]
    public void The_meter_does_not_keep_a_store_alive_that_was_not_closed()
    {
        WeakReference dropped = Drop();

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(dropped.IsAlive);
        Assert.Empty(_watch.Observe("imm.project.count"));
    }

    [Fact]
    public void A_listener_that_throws_fails_no_operation()
    {
        using ImmStore store = ImmStore.Open(_watch.Options(Path), _disk);
        int called = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, _watch.MeterFactory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, _, _, _) => Throw());
        listener.SetMeasurementEventCallback<long>((_, _, _, _) => Throw());
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Throw());
        listener.Start();

        store.Registry().Create(new() { ProjectName = "a" });
        store.Check();
        store.Registry().Create(new() { ProjectName = "b" });

        Assert.True(called >= 5);
        Assert.Equal(ImmStoreState.Open, store.Status.State);
        Assert.Equal(2, store.Registry().List().Projects.Count);

        void Throw()
        {
            Interlocked.Increment(ref called);
            throw new InvalidOperationException("The listener's own fault.");
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference Drop()
    {
        var store = ImmStore.InMemory(_watch.Options());
        store.Registry().Create(new() { ProjectName = "p" });
        Assert.Equal(1, _watch.Observe("imm.project.count")[""]);
        return new WeakReference(store);
    }

    private static void Refused(Action call) => Assert.Throws<ImmException>(call);

    private sealed class NobodyMayDelete : IImmAuthorizer
    {
        public Action? Asked { get; init; }

        public Exception? Defect { get; init; }

        public AuthorizationDecision Authorize(AuthorizationRequest request)
        {
            Asked?.Invoke();
            return request.Action != "imm:DeleteProject" ? AuthorizationDecision.Allow
                : Defect is not null ? throw Defect
                : AuthorizationDecision.Deny();
        }
    }

    /// <summary>A clock that blocks its callers while it is closed, and so the batch that is being decided.</summary>
    private sealed class GatedClock : TimeProvider, IDisposable
    {
        private readonly ManualResetEventSlim _open = new(initialState: true);
        private readonly ManualResetEventSlim _called = new();

        public void Close()
        {
            _called.Reset();
            _open.Reset();
        }

        public void Open() => _open.Set();

        public void AwaitCaller() => _called.Wait();

        public override DateTimeOffset GetUtcNow()
        {
            _called.Set();
            _open.Wait();
            return DateTimeOffset.UnixEpoch;
        }

        public void Dispose()
        {
            _open.Dispose();
            _called.Dispose();
        }
    }
}
