using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Reads, watches and closes of a shared store that meet another piece of work at one exact moment.</summary>
public sealed class SharedRaceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [FactIfPostgres]
    public async Task A_read_sees_what_was_acknowledged_while_an_earlier_change_of_its_process_is_being_published()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        using ImmStore other = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        await using IAsyncEnumerator<ProjectChange> watch = registry.Watch(0).GetAsyncEnumerator();
        using var stored = new ManualResetEventSlim();
        using var publishes = new ManualResetEventSlim();
        int writer = 0, reader = 0, roundTrips = 0;
        var writing = new Thread(() =>
        {
            Volatile.Write(ref writer, Environment.CurrentManagedThreadId);
            registry.Create(new() { ProjectName = "second" });
        });
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name is "imm.commit.flush.duration" or "imm.db.round_trips")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) =>
        {
            if (Environment.CurrentManagedThreadId == Volatile.Read(ref writer))
            {
                // The change is in the database, and not published yet.
                stored.Set();
                publishes.Wait(Long);
            }
        });
        listener.SetMeasurementEventCallback<long>((_, _, _, _) =>
        {
            // The versions have been read, and now the log is.
            if (Environment.CurrentManagedThreadId == Volatile.Read(ref reader) && ++roundTrips == 2)
            {
                publishes.Set();
                writing.Join(Long);
            }
        });
        listener.Start();

        writing.Start();
        Assert.True(stored.Wait(Long));
        other.Registry("account", "region").Create(new() { ProjectName = "third" });
        Volatile.Write(ref reader, Environment.CurrentManagedThreadId);
        string[] names = [.. registry.ListAll().Select(project => project.ProjectName.Value)];
        Volatile.Write(ref reader, 0);

        Assert.Equal(["first", "second", "third"], names);
        foreach (string name in names)
        {
            Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Long));
            Assert.Equal(name, watch.Current.ProjectName.Value);
        }
    }

    [FactIfPostgres]
    public async Task A_watch_goes_on_where_the_state_of_its_scope_was_dropped_from_memory()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open(options =>
        {
            options.MaxLoadedProjects = 1;
            options.WatchInterval = TimeSpan.FromMilliseconds(20);
        });
        using ImmStore other = stores.Open();
        ProjectRegistry written = other.Registry("account", "region");
        written.Create(new() { ProjectName = "first" });
        other.Registry("account", "large").Create(new() { ProjectName = "a" });
        other.Registry("account", "large").Create(new() { ProjectName = "b" });
        await using IAsyncEnumerator<ProjectChange> watch = store.Registry("account", "region").Watch(0).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Long));
        Task<bool> next = watch.MoveNextAsync().AsTask();
        Assert.Equal(2, store.Registry("account", "large").ListAll().Count());

        written.Create(new() { ProjectName = "second" });

        Assert.True(await next.WaitAsync(Long));
        Assert.Equal("second", watch.Current.ProjectName.Value);
    }

    [FactIfPostgres]
    public async Task A_watch_reports_a_stored_change_that_its_process_does_not_know_yet_when_it_knows_it()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open(options =>
        {
            options.MaxLoadedProjects = 1;
            options.WatchInterval = TimeSpan.FromMinutes(1);
        });
        using ImmStore other = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        ProjectRegistry written = other.Registry("account", "region");
        other.Registry("account", "large").Create(new() { ProjectName = "a" });
        other.Registry("account", "large").Create(new() { ProjectName = "b" });
        registry.Create(new() { ProjectName = "first" });
        await using IAsyncEnumerator<ProjectChange> watch = registry.Watch(0).GetAsyncEnumerator();
        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Long));

        // The state is dropped, and loaded with a change that is not in memory; then comes one that the process does not know.
        written.Create(new() { ProjectName = "second" });
        Assert.Equal(2, store.Registry("account", "large").ListAll().Count());
        Assert.True(registry.TryGet("second", out _));
        written.Create(new() { ProjectName = "third" });

        Assert.True(await watch.MoveNextAsync().AsTask().WaitAsync(Long));
        Assert.Equal("second", watch.Current.ProjectName.Value);
        foreach (string name in (string[])["third", "fourth"])
        {
            written.GetOrCreate(new() { ProjectName = name });
            Task<bool> next = watch.MoveNextAsync().AsTask();
            Assert.False(next.IsCompleted);
            Assert.True(registry.TryGet(name, out _));
            Assert.True(await next.WaitAsync(Long));
            Assert.Equal(name, watch.Current.ProjectName.Value);
        }
    }

    [FactIfPostgres]
    public async Task Reads_of_accounts_without_anything_leave_nothing_in_memory_and_a_watch_of_one_goes_on()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open(options => options.WatchInterval = TimeSpan.FromMilliseconds(20));
        using ImmStore other = stores.Open();
        ProjectRegistry used = store.Registry("account", "used");
        used.Create(new() { ProjectName = "first" });
        await using IAsyncEnumerator<ProjectChange> watch = store.Registry("account", "watched").Watch(0).GetAsyncEnumerator();
        Task<bool> next = watch.MoveNextAsync().AsTask();

        for (int i = 0; i < 5_000; i++)
        {
            ProjectRegistry asked = store.Registry(string.Create(CultureInfo.InvariantCulture, $"account{i}"), "region");
            Assert.Empty(i % 2 == 0 ? asked.List().Projects : (await asked.ListAsync(new())).Projects);
        }

        Assert.InRange(store.ScopeCount, 2, 4_000);
        other.Registry("account", "watched").Create(new() { ProjectName = "first" });
        Assert.True(await next.WaitAsync(Long));
        Assert.Equal("first", watch.Current.ProjectName.Value);
        Assert.Equal("first", used.Get("first").ProjectName.Value);
        Assert.Empty(store.Registry("account1", "region").ListAll());
    }

    [FactIfPostgres]
    public async Task A_change_that_the_database_does_not_take_is_refused_after_the_patience_also_where_reads_succeed()
    {
        using var stores = new SharedStores();
        stores.Open().Dispose();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            $"{PostgresServer.Shared.ConnectionString};Options=-c default_transaction_read_only=on");
        using ImmStore store = ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = stores.Schema,
            DatabasePatience = TimeSpan.FromMilliseconds(300),
        });
        ProjectRegistry registry = store.Registry("account", "region");
        Task<Project> change = registry.CreateAsync(new() { ProjectName = "first" }).AsTask();
        Task reads = Task.Run(() =>
        {
            while (!change.IsCompleted)
            {
                Assert.False(registry.TryGet("first", out _));
            }
        });

        var refused = await Assert.ThrowsAsync<ImmException>(() => change.WaitAsync(Long));
        await reads;
        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.ReadOnly), (refused.Code, refused.Reason));
    }

    [FactIfPostgres]
    public async Task A_failure_of_any_type_to_connect_leaves_every_member_as_a_refusal()
    {
        using var stores = new SharedStores();
        using var source = new WatchedSource(stores.Source);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = stores.Schema,
            DatabasePatience = TimeSpan.FromMilliseconds(20),
        });
        store.Registry("account", "region").Create(new() { ProjectName = "first" });
        ProjectRegistry elsewhere = store.Registry("account", "elsewhere");
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        foreach (Exception failure in (Exception[])
            [new SocketException(11001), new TimeoutException(), new InvalidOperationException(), new ObjectDisposedException("source")])
        {
            source.Opening = () => throw failure;
            Func<Task>[] calls =
            [
                () => store.ExportAsync(Stream.Null),
                () => store.BackupAsync(path),
                () => Task.FromResult(store.Check()),
                () => Task.FromResult(store.Scopes),
                () => elsewhere.GetAsync("a").AsTask(),
            ];
            foreach (Func<Task> call in calls)
            {
                var refused = await Assert.ThrowsAsync<ImmException>(call);
                Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
            }
        }

        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), Path.GetFileName(path) + "*"));
    }

    [FactIfPostgres]
    public async Task A_close_waits_for_a_read_that_asks_and_leaves_no_connection_open()
    {
        using var stores = new SharedStores();
        using var source = new WatchedSource(stores.Source);
        ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema });
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        using var opening = new ManualResetEventSlim();
        using var opens = new ManualResetEventSlim();
        source.Opening = () =>
        {
            opening.Set();
            opens.Wait(Long);
        };
        Task<Project> read = Task.Run(() => registry.Get("first"));
        Assert.True(opening.Wait(Long));

        Task close = Task.Run(store.Dispose);
        Assert.True(SpinWait.SpinUntil(() => store.Status.State != ImmStoreState.Open, Long));
        bool wasClosed = close.IsCompleted;
        opens.Set();
        await close.WaitAsync(Long);
        await ((Task)read).WaitAsync(Long).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.Equal(0, source.OpenCount);
        Assert.False(wasClosed);
        Assert.Equal("first", (await read).ProjectName.Value);
    }

    [FactIfPostgres]
    public async Task The_failure_of_a_read_that_was_cancelled_is_not_an_exception_that_nobody_has_observed()
    {
        string marker = $"no route to {PostgresServer.NewSchema()}";
        var unobserved = new ConcurrentQueue<Exception>();
        EventHandler<UnobservedTaskExceptionEventArgs> note = (_, args) => unobserved.Enqueue(args.Exception);
        using var stores = new SharedStores();
        using var source = new WatchedSource(stores.Source);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = stores.Schema,
            DatabasePatience = TimeSpan.FromMilliseconds(20),
        });
        ProjectRegistry registry = store.Registry("account", "region");
        using var opening = new ManualResetEventSlim();
        using var opens = new ManualResetEventSlim();
        source.Opening = () =>
        {
            opening.Set();
            opens.Wait(Long);
            throw new IOException(marker);
        };
        TaskScheduler.UnobservedTaskException += note;
        try
        {
            await CancelRead(registry, opening);
            opens.Set();
            var refused = await Assert.ThrowsAsync<ImmException>(() => registry.GetAsync("first").AsTask());
            Assert.Contains(marker, refused.Message, StringComparison.Ordinal);
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= note;
        }

        Assert.DoesNotContain(unobserved, exception => exception.ToString().Contains(marker, StringComparison.Ordinal));

        static async Task CancelRead(ProjectRegistry registry, ManualResetEventSlim opening)
        {
            using var cancellation = new CancellationTokenSource();
            Task read = registry.GetAsync("first", cancellation.Token).AsTask();
            Assert.True(opening.Wait(Long));
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        }
    }
}
