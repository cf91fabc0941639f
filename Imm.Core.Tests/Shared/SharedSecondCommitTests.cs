using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Batches of many scopes, of which a second thread commits half.</summary>
public sealed class SharedSecondCommitTests
{
    private const int Scopes = 48;
    private const string ThreadName = "Imm.Core second commit";

    private int _number;

    [FactIfPostgres]
    public async Task Where_one_half_cannot_be_committed_only_its_writes_are_refused()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open(options => options.DatabasePatience = TimeSpan.FromMilliseconds(100));
        await CreateUntilHalvedAsync(stores, store);

        // Of two scopes that come one after the other, each half has one.
        for (int n = Scopes - 2; n < Scopes; n++)
        {
            string spoiled = (string)stores.Execute($"SELECT scope::text FROM {stores.Schema}.imm_scope WHERE region_id = 'r{n}'")!;
            stores.OnRecord($"IF NEW.scope = '{spoiled}' THEN RAISE 'disk full' USING ERRCODE = '53100'; END IF; RETURN NEW");
            (int Acknowledged, int Refused) counts;
            do
            {
                // Until a batch was halved that had nearly all.
                counts = await VerifyAsync(store);
            }
            while (counts.Acknowledged < Scopes / 3 || counts.Refused < Scopes / 6);

            stores.OnRecord("RETURN NEW");
        }

        Assert.All(await Task.WhenAll(Begin(store).Select(it => it.Create)), Assert.NotNull);
        Assert.Empty(store.Check());
    }

    [FactIfPostgres]
    public async Task Where_no_second_connection_can_be_opened_batches_stay_whole()
    {
        using var stores = new SharedStores();
        await using NpgsqlDataSource inner = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        using var source = new WatchedSource(inner);
        int attempts = 0;
        source.Opening = () =>
        {
            if (Thread.CurrentThread.Name == ThreadName)
            {
                Interlocked.Increment(ref attempts);
                throw new SocketException();
            }
        };
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema }))
        {
            do
            {
                await Task.WhenAll(Begin(store).Select(it => it.Create));
            }
            while (Volatile.Read(ref attempts) == 0);

            await Task.WhenAll(Begin(store).Select(it => it.Create));
            Assert.Equal(1, attempts);
            Assert.Empty(store.Check());
        }

        Assert.Equal((false, 0), (HasHalves(stores), source.OpenCount));
    }

    [FactIfPostgres]
    public async Task A_source_that_changes_the_store_on_the_thread_of_the_second_connection_is_refused()
    {
        using var stores = new SharedStores();
        await using NpgsqlDataSource inner = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        using var source = new WatchedSource(inner);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema });
        var refusal = new TaskCompletionSource<InvalidOperationException?>(TaskCreationOptions.RunContinuationsAsynchronously);
        source.Opening = () =>
        {
            if (Thread.CurrentThread.Name == ThreadName)
            {
                refusal.TrySetResult(
                    (InvalidOperationException?)Record.Exception(
                        () => store.Registry("account", "region").Create(new() { ProjectName = "own" })));
            }
        };

        while (!refusal.Task.IsCompleted)
        {
            await Task.WhenAll(Begin(store).Select(it => it.Create));
        }

        Assert.Contains("may neither change nor close the store", (await refusal.Task)?.Message, StringComparison.Ordinal);
    }

    [FactIfPostgres]
    public async Task A_closed_store_leaves_no_second_connection()
    {
        using var stores = new SharedStores();
        await using NpgsqlDataSource inner = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        using var source = new WatchedSource(inner);
        using (ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema }))
        {
            await CreateUntilHalvedAsync(stores, store);
        }

        Assert.Equal(0, source.OpenCount);
    }

    /// <summary>Creates a project in each scope. What was acknowledged is there, and what was refused is not.</summary>
    private async Task<(int Acknowledged, int Refused)> VerifyAsync(ImmStore store)
    {
        (int acknowledged, int refused) = (0, 0);
        foreach ((Task<Project> create, ProjectRegistry registry, string name) in Begin(store))
        {
            try
            {
                await create;
                acknowledged++;
                Assert.True(registry.TryGet(name, out _));
            }
            catch (ImmException e)
            {
                refused++;
                Assert.Equal(ImmUnavailableReason.NoSpace, e.Reason);
                Assert.StartsWith("The change was not made.", e.Message, StringComparison.Ordinal);
                Assert.False(registry.TryGet(name, out _));
            }
        }

        return (acknowledged, refused);
    }

    private async Task CreateUntilHalvedAsync(SharedStores stores, ImmStore store)
    {
        do
        {
            await Task.WhenAll(Begin(store).Select(it => it.Create));
        }
        while (!HasHalves(stores));
    }

    /// <summary>True if a batch was committed in two transactions.</summary>
    private static bool HasHalves(SharedStores stores) => stores.Execute(
        $"SELECT 1 FROM {stores.Schema}.imm_batch GROUP BY batch HAVING count(DISTINCT xmin::text) > 1 LIMIT 1") is not null;

    /// <summary>Begins to create a project in each scope.</summary>
    private (Task<Project> Create, ProjectRegistry Registry, string Name)[] Begin(ImmStore store)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"project-{_number++}");
        return [.. Enumerable.Range(0, Scopes).Select(n =>
        {
            ProjectRegistry registry = store.Registry("account", $"r{n}");
            return (registry.CreateAsync(new() { ProjectName = name }).AsTask(), registry, name);
        })];
    }
}
