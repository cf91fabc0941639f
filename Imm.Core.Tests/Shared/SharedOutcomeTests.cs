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
        OnRecord(stores, "RAISE 'disk full' USING ERRCODE = '53100'");

        var refused = await Assert.ThrowsAsync<ImmException>(
            () => registry.CreateAsync(new() { ProjectName = "last" }).AsTask().WaitAsync(Long));

        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.NoSpace), (refused.Code, refused.Reason));
        OnRecord(stores, "RETURN NEW");
        registry.Create(new() { ProjectName = "last" });
    }

    [FactIfPostgres]
    public async Task A_commit_that_always_runs_out_of_time_is_refused_after_the_patience()
    {
        using var stores = new SharedStores($"{PostgresServer.Shared.ConnectionString};Options=-c statement_timeout=100");
        using ImmStore store = stores.Open(options => options.DatabasePatience = Patience);
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        OnRecord(stores, "PERFORM pg_sleep(1); RETURN NEW");

        var refused = await Assert.ThrowsAsync<ImmException>(
            () => registry.CreateAsync(new() { ProjectName = "last" }).AsTask().WaitAsync(Long));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains("The change was not made.", refused.Message, StringComparison.Ordinal);
        OnRecord(stores, "RETURN NEW");
        registry.Create(new() { ProjectName = "last" });
        Assert.Empty(store.Check());
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

    /// <summary>Lets the server do something before it stores a record.</summary>
    private static void OnRecord(SharedStores stores, string body)
    {
        string function = $"{stores.Schema}.on_record";
        PostgresServer.Shared.Execute(
            $"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$");
        PostgresServer.Shared.Execute(
            $"CREATE OR REPLACE TRIGGER on_record BEFORE INSERT ON {stores.Schema}.imm_record FOR EACH ROW EXECUTE FUNCTION {function}()");
    }

    /// <summary>A clock that takes its time, once.</summary>
    private sealed class SlowClock : TimeProvider
    {
        public TimeSpan Pause { get; set; }

        public override DateTimeOffset GetUtcNow()
        {
            (TimeSpan pause, Pause) = (Pause, TimeSpan.Zero);
            Thread.Sleep(pause);
            return base.GetUtcNow();
        }
    }
}
