using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Imm.Core.Tests.Storage;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>
/// Servers that restart, end or fail over, and connections that are cut around a commit, under callers of two stores. Every change that
/// was acknowledged is there once, every change that was refused is not, and the callers go on.
/// </summary>
public sealed class SharedFailureTests
{
    private const int Callers = 16;

    [FactIfPostgres]
    public async Task Changes_survive_restarts_of_the_server_in_the_middle()
    {
        using var server = new PostgresServer();
        using var stores = new SharedStores(server.ConnectionString);
        await using var load = new Load(stores.Open, stores.Open);

        for (int i = 0; i < 2; i++)
        {
            await load.WaitAsync(200);
            server.Stop(kill: i == 1);
            server.Start();
        }

        await load.WaitAsync(200);
        await load.StopAsync();
        using ImmStore store = stores.Open();
        load.Verify(store);
    }

    [FactIfPostgres]
    public Task Connections_that_are_cut_around_a_commit_leave_no_doubt() => CutAsync(Callers, scopes: 3, stores: 2);

    [FactIfPostgres]
    public Task Connections_that_are_cut_around_the_halves_of_a_commit_leave_no_doubt() => CutAsync(callers: 64, scopes: 64, stores: 1);


    [FactIfPostgres]
    public async Task A_failover_to_the_synchronous_standby_loses_nothing()
    {
        using var primary = new PostgresServer();
        using PostgresServer standby = primary.StartSynchronousStandby();
        var builder = new NpgsqlDataSourceBuilder(string.Create(
            CultureInfo.InvariantCulture,
            $"{primary.ConnectionString};Host=127.0.0.1:{primary.Port},127.0.0.1:{standby.Port};Host Recheck Seconds=1"));
        using NpgsqlMultiHostDataSource hosts = builder.BuildMultiHost();
        using NpgsqlDataSource source = hosts.WithTargetSession(TargetSessionAttributes.Primary);
        ImmStore Open(Action<ImmStoreOptions>? adjust)
        {
            var options = new ImmStoreOptions { DataSource = source };
            adjust?.Invoke(options);
            return ImmStore.Open(options);
        }

        await using var load = new Load(Open, Open);
        await load.WaitAsync(200);
        primary.Stop(kill: true);
        standby.Execute("SELECT pg_promote(true, 60)");
        await load.WaitAsync(200);
        await load.StopAsync();

        using ImmStore store = Open(null);
        load.Verify(store);
    }

    [FactIfPostgres]
    public void Processes_that_are_killed_lose_nothing_that_they_acknowledged()
    {
        using var stores = new SharedStores();
        var random = new Random(1);
        SharedCaller[][] callers = NewCallers(3);
        int kills = Campaign.Scale == 0 ? 6 : 500 * Campaign.Scale;
        for (int kill = 0; kill < kills; kill += callers.Length)
        {
            Process[] processes = [.. callers.Select((mine, process) => SharedWorker.Start(stores.Schema, process, mine))];
            Task[] readers = [.. processes.Select((process, index) =>
            {
                int acknowledgements = random.Next(1, 300);
                return Task.Run(() => SharedWorker.ReadAndKill(process, callers[index], acknowledgements));
            })];
            Task.WaitAll(readers);
            using ImmStore store = stores.Open();
            foreach (SharedCaller[] mine in callers)
            {
                foreach (SharedCaller caller in mine)
                {
                    caller.Verify(store, unacknowledged: 1);
                    caller.CatchUp(store);
                }
            }

            Assert.Empty(store.Check());
        }
    }

    [FactIfPostgres]
    public async Task A_server_that_is_away_is_told_within_the_patience_and_a_change_in_doubt_is_answered_when_it_is_back()
    {
        using var server = new PostgresServer();
        using var stores = new SharedStores(server.ConnectionString);
        using ImmStore store = stores.Open(options => options.DatabasePatience = TimeSpan.FromMilliseconds(100));
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new CreateProjectRequest { ProjectName = "before" });

        server.Stop();
        Task<Project> inDoubt = registry.CreateAsync(new CreateProjectRequest { ProjectName = "doubt" }).AsTask();
        var read = Assert.Throws<ImmException>(() => registry.Get("before"));
        var write = await Assert.ThrowsAsync<ImmException>(
            async () => await registry.CreateAsync(new CreateProjectRequest { ProjectName = "away" }));
        server.Start();

        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.DatabaseUnreachable), (read.Code, read.Reason));
        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.DatabaseUnreachable), (write.Code, write.Reason));
        Assert.NotNull(write.InnerException);
        await inDoubt;
        Assert.Equal(["before", "doubt"], registry.List().Projects.Select(project => project.ProjectName.Value));
    }

    [FactIfPostgres]
    public void A_database_that_cannot_be_used_is_a_clear_error()
    {
        PostgresServer server = PostgresServer.Shared;
        server.Execute("DROP ROLE IF EXISTS guarded");
        server.Execute("CREATE ROLE guarded LOGIN PASSWORD 'right'");
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int closed = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();

        Assert.Equal(ImmUnavailableReason.NotFound, Refused($"{server.ConnectionString};Database=missing").Reason);
        Assert.Equal(ImmUnavailableReason.AccessDenied, Refused($"{server.ConnectionString};Username=guarded;Password=wrong").Reason);
        Assert.Equal(ImmUnavailableReason.AccessDenied, Refused($"{server.ConnectionString};Username=guarded;Password=right").Reason);
        Assert.Equal(ImmUnavailableReason.DatabaseUnreachable, Refused(PostgresServer.ConnectionStringOf(closed)).Reason);
        Assert.Equal(
            ImmUnavailableReason.ReadOnly, Refused($"{server.ConnectionString};Options=-c default_transaction_read_only=on").Reason);
    }

    [FactIfPostgres]
    public void Tables_that_are_foreign_or_of_a_newer_version_are_left_unchanged()
    {
        PostgresServer server = PostgresServer.Shared;
        using var foreign = new SharedStores();
        server.Execute($"CREATE SCHEMA {foreign.Schema}");
        server.Execute($"CREATE TABLE {foreign.Schema}.imm_scope (a integer)");
        using var newer = new SharedStores();
        newer.Open().Dispose();
        server.Execute($"UPDATE {newer.Schema}.imm_store SET version = 99");

        var notAStore = Assert.Throws<ImmException>(() => foreign.Open());
        var newerFormat = Assert.Throws<ImmException>(() => newer.Open());

        Assert.Equal(ImmUnavailableReason.NotAStore, notAStore.Reason);
        Assert.Equal(ImmUnavailableReason.NewerFormat, newerFormat.Reason);
        Assert.Equal(
            1L,
            server.Execute(
                "SELECT count(*) FROM information_schema.columns "
                + $"WHERE table_schema = '{foreign.Schema}' AND table_name = 'imm_scope'"));
        Assert.Equal(99, server.Execute($"SELECT version FROM {newer.Schema}.imm_store"));
    }

    internal static SharedCaller[][] NewCallers(int processes, int callers = Callers, int scopes = 3) =>
        [.. Enumerable.Range(0, processes).Select(process =>
            Enumerable.Range(0, callers).Select(caller => new SharedCaller(process, caller, scopes)).ToArray())];

    private static async Task CutAsync(int callers, int scopes, int stores)
    {
        var random = new Random(1);
        using CuttingProxy proxy = new CuttingProxy(
            PostgresServer.Shared.Port, () => random.Next(6) == 0 ? (Cut)random.Next(1, 5) : Cut.None).Start();
        using var cutting = new SharedStores(PostgresServer.ConnectionStringOf(proxy.Port));
        using var direct = new SharedStores();
        await using var load = new Load(
            NewCallers(stores, callers, scopes), [.. Enumerable.Repeat<Func<Action<ImmStoreOptions>?, ImmStore>>(cutting.Open, stores)]);

        int target = Campaign.Scale == 0 ? 12 : 500 * Campaign.Scale;
        while (Enum.GetValues<Cut>().Any(cut => proxy.Count(cut) < target))
        {
            await load.WaitAsync(50);
        }

        await load.StopAsync();
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = direct.Source, Schema = cutting.Schema });
        load.Verify(store);
        Assert.True(proxy.RoundTrips > 0);
    }

    private static ImmException Refused(string connectionString)
    {
        using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        return Assert.Throws<ImmException>(() => ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = PostgresServer.NewSchema(),
            DatabasePatience = TimeSpan.FromMilliseconds(50),
        }));
    }

    /// <summary>Callers on several stores, which go on until they are stopped.</summary>
    private sealed class Load : IAsyncDisposable
    {
        private readonly SharedCaller[][] _callers;
        private readonly ImmStore[] _stores;
        private readonly Task _all;
        private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource? _reached;
        private int _left;
        private bool _stop;

        public Load(params Func<Action<ImmStoreOptions>?, ImmStore>[] open)
            : this(NewCallers(open.Length), open)
        {
        }

        public Load(SharedCaller[][] callers, Func<Action<ImmStoreOptions>?, ImmStore>[] open)
        {
            _callers = callers;
            _stores = [.. open.Select(one => one(options => options.ProjectQuota = SharedCaller.Quota))];
            _all = Task.WhenAll(_callers.SelectMany((callers, index) => callers.Select(caller => Task.Run(async () =>
            {
                while (!Volatile.Read(ref _stop))
                {
                    try
                    {
                        await caller.StepAsync(_stores[index]);
                    }
                    catch (Exception e)
                    {
                        _failed.TrySetException(e);
                        throw;
                    }

                    Note();
                }
            }))));
        }

        /// <summary>Waits for so many more changes, or for the first failure of a caller.</summary>
        public async Task WaitAsync(int changes)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            lock (_callers)
            {
                (_left, _reached) = (changes, reached);
            }

            await await Task.WhenAny(reached.Task, _failed.Task);
        }

        public async Task StopAsync()
        {
            Volatile.Write(ref _stop, true);
            await _all;
        }

        public void Verify(ImmStore store)
        {
            Assert.All(_callers.SelectMany(callers => callers), caller => caller.Verify(store, unacknowledged: 0));
            Assert.Empty(store.Check());
        }

        public async ValueTask DisposeAsync()
        {
            Volatile.Write(ref _stop, true);
            await _all.ContinueWith(static _ => { }, TaskScheduler.Default);
            Array.ForEach(_stores, store => store.Dispose());
        }

        private void Note()
        {
            lock (_callers)
            {
                if (--_left == 0)
                {
                    _reached?.TrySetResult();
                }
            }
        }
    }
}
