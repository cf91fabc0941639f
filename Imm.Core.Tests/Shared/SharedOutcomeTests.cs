using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Commits that the database refuses each time, late or in the middle: their callers get the outcome, and in time.</summary>
public sealed class SharedOutcomeTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(300);

    [FactIfPostgres]
    public async Task A_commit_for_which_there_is_no_room_is_refused_after_the_patience_also_after_a_lost_race()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open(options => options.DatabasePatience = Patience);
        ProjectRegistry registry = LoseRace(stores, store);
        stores.OnRecord("RAISE 'disk full' USING ERRCODE = '53100'");

        var refused = await Assert.ThrowsAsync<ImmException>(
            () => registry.CreateAsync(new() { ProjectName = "last" }).AsTask().WaitAsync(Long));

        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.NoSpace), (refused.Code, refused.Reason));
        stores.OnRecord("RETURN NEW");
        registry.Create(new() { ProjectName = "last" });
    }

    [FactIfPostgres]
    public void An_outage_that_was_over_long_ago_takes_nothing_from_the_patience_of_the_next_attempt()
    {
        using var stores = new SharedStores();
        using NpgsqlDataSource inner = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        using var source = new WatchedSource(inner);
        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { DataSource = source, Schema = stores.Schema, DatabasePatience = Patience });
        ProjectRegistry registry = store.Registry("account", "region");
        source.Opening = static () => throw new SocketException();
        Assert.Throws<ImmException>(() => registry.Create(new() { ProjectName = "first" }));
        long refused = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(refused) < Patience)
        {
            Thread.Yield();
        }

        source.Opening = () =>
        {
            source.Opening = null;
            throw new SocketException();
        };
        registry.Create(new() { ProjectName = "second" });

        Assert.Equal("second", registry.Get("second").ProjectName.Value);
    }

    [FactIfPostgres]
    public async Task A_commit_that_always_runs_out_of_time_is_refused_after_the_patience()
    {
        using var stores = new SharedStores($"{PostgresServer.Shared.ConnectionString};Options=-c statement_timeout=100");
        using ImmStore store = stores.Open(options => options.DatabasePatience = Patience);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        stores.OnRecord("PERFORM pg_sleep(1); RETURN NEW");

        var refused = await Assert.ThrowsAsync<ImmException>(
            () => registry.CreateAsync(new() { ProjectName = "last" }).AsTask().WaitAsync(Long));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains("The change was not made.", refused.Message, StringComparison.Ordinal);
        stores.OnRecord("RETURN NEW");
        registry.Create(new() { ProjectName = "last" });
        Assert.Empty(store.Check());
    }

    [FactIfPostgres]
    public async Task A_commit_whose_batch_left_the_log_before_its_outcome_was_found_is_told_to_be_in_doubt()
    {
        var cut = Cut.None;
        using CuttingProxy proxy = new CuttingProxy(PostgresServer.Shared.Port, () => cut).Start();
        using var stores = new SharedStores();
        await using NpgsqlDataSource cutting = NpgsqlDataSource.Create(PostgresServer.ConnectionStringOf(proxy.Port));
        using var source = new WatchedSource(cutting);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema });
        using ImmStore other = stores.Open(options => options.KeptChanges = 1);
        ProjectRegistry written = other.Registry("account", "region");
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });

        cut = Cut.After;
        source.Opening = static () => throw new SocketException();
        Task<Project> change = registry.CreateAsync(new() { ProjectName = "second" }).AsTask();
        while (!written.TryGet("second", out _))
        {
            Assert.False(change.IsCompleted);
        }

        for (int i = 0; i < 520; i++)
        {
            written.Update(new() { ProjectName = "first", Description = i.ToString(CultureInfo.InvariantCulture) });
            if (i == 300)
            {
                stores.Execute($"UPDATE {stores.Schema}.imm_batch SET at = at - interval '1 hour'");
            }
        }

        (cut, source.Opening) = (Cut.None, null);
        var unknown = await Assert.ThrowsAsync<ImmException>(() => change.WaitAsync(Long));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, unknown.Code);
        Assert.Contains("may have been made", unknown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("was not made", unknown.Message, StringComparison.Ordinal);
        registry.Create(new() { ProjectName = "third" });
        Assert.Equal(["first", "second", "third"], registry.ListAll().Select(project => project.ProjectName.Value));
    }

    [FactIfPostgres]
    public void A_transaction_that_the_server_ends_for_its_idleness_is_begun_again()
    {
        string name = PostgresServer.NewSchema();
        using var stores = new SharedStores(
            $"{PostgresServer.Shared.ConnectionString};Application Name={name};Options=-c idle_in_transaction_session_timeout=50");
        var clock = new WaitingClock();
        using ImmStore store = stores.Open(options => options.TimeProvider = clock);
        ProjectRegistry registry = LoseRace(stores, store);

        clock.WaitOnce = () => Assert.True(SpinWait.SpinUntil(
            () => stores.Execute(
                $"SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}' AND state = 'idle in transaction'") is null,
            Long));
        registry.Create(new() { ProjectName = "last" });

        Assert.Equal("last", registry.Get("last").ProjectName.Value);
    }

    [FactIfPostgres]
    public void A_session_that_has_lost_its_prepared_statements_is_told_to_be_the_work_of_a_pooler()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        stores.OnRecord("EXECUTE 'DEALLOCATE ALL'; RETURN NEW");
        registry.Create(new() { ProjectName = "first" });

        var refused = Assert.Throws<ImmException>(() => registry.Create(new() { ProjectName = "second" }));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains("The change was not made. A pooler", refused.Message, StringComparison.Ordinal);
    }

    [FactIfPostgres]
    public void A_database_that_cannot_hold_every_character_is_refused_when_it_is_opened()
    {
        string name = PostgresServer.NewSchema();
        PostgresServer.Shared.Execute($"CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0");
        using var stores = new SharedStores(
            new NpgsqlConnectionStringBuilder(PostgresServer.Shared.ConnectionString) { Database = name }.ConnectionString);

        var refused = Assert.Throws<ImmException>(() =>
        {
            using ImmStore store = stores.Open();
            store.Registry("account", "region").Create(new() { ProjectName = "first", Description = "夏" });
        });

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains("LATIN1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("cannot be opened", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>Makes a store lose a race, after which it locks first.</summary>
    private static ProjectRegistry LoseRace(SharedStores stores, ImmStore store)
    {
        using ImmStore other = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        other.Registry("account", "region").Create(new() { ProjectName = "second" });
        registry.Create(new() { ProjectName = "third" });
        return registry;
    }

    /// <summary>A clock that waits for something, once.</summary>
    private sealed class WaitingClock : TimeProvider
    {
        public Action? WaitOnce { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            (Action? wait, WaitOnce) = (WaitOnce, null);
            wait?.Invoke();
            return base.GetUtcNow();
        }
    }
}
