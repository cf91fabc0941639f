using Imm.Core.Commit;
using Imm.Core.Model;
using Imm.Core.Shared;
using Imm.Core.Storage;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Scopes that are locked before a batch is decided, since a race was lost.</summary>
public sealed class SharedLockTests : IDisposable
{
    private readonly SharedStores _stores = new();
    private readonly ImmStore _store;

    public SharedLockTests()
    {
        _store = _stores.Open();
        using ImmStore other = _stores.Open();
        foreach (string region in (string[])["a", "b", "gate"])
        {
            _store.Registry("account", region).Create(new() { ProjectName = "first" });
            other.Registry("account", region).Create(new() { ProjectName = "second" });
        }

        // It loses the race here, and locks first from now on.
        _store.Registry("account", "gate").Create(new() { ProjectName = "third" });
    }

    [FactIfPostgres]
    public async Task Changes_that_come_while_their_scope_is_locked_join_the_batch()
    {
        long before = VersionOf("a");
        Task begun;
        Task[] late;
        using (Hold("a"))
        {
            begun = CreateAsync("a", "begun");
            await WaitForLockAsync(begun);
            late = [.. Enumerable.Range(0, 5).Select(n => CreateAsync("a", $"late-{n}"))];
        }

        await Task.WhenAll([begun, .. late]);

        Assert.Equal(before + 1, VersionOf("a"));
        Assert.Equal(8, _store.Registry("account", "a").List().Projects.Count);
    }

    [FactIfPostgres]
    public async Task A_scope_that_another_process_holds_holds_up_no_other()
    {
        Task held;
        using (Hold("a"))
        {
            (held, Task free) = await InOneBatchAsync(() => (CreateAsync("a", "held"), CreateAsync("b", "free")));

            await free;

            Assert.False(held.IsCompleted);
        }

        await held;

        Assert.Equal(["first", "held", "second"], _store.Registry("account", "a").ListAll().Select(project => project.ProjectName.Value));
        Assert.Equal(["first", "free", "second"], _store.Registry("account", "b").ListAll().Select(project => project.ProjectName.Value));
        Assert.Empty(_store.Check());
    }

    [FactIfPostgres]
    public async Task A_scope_that_is_left_several_times_is_waited_for()
    {
        var log = new SharedLog(
            new SharedDatabase(_stores.Source, TimeSpan.FromMinutes(1), observer: null),
            new SharedSql(_stores.Schema),
            new FileStoreSettings(new ServiceDefaults(100, 100, 100)),
            keptChanges: 0);
        ScopeEntry[] entries = [log.NewEntry(new Scope("account", "a")), log.NewEntry(new Scope("account", "b"))];
        IReadOnlyCollection<ScopeEntry> Lock()
        {
            log.Begin();
            IReadOnlyCollection<ScopeEntry> locked = log.Lock(entries);
            log.Discard([]);
            return locked;
        }

        Task<IReadOnlyCollection<ScopeEntry>> waits;
        using (Hold("a"))
        {
            for (int turn = 1; turn <= 3; turn++)
            {
                Assert.Equal([entries[1]], Lock());
            }

            waits = Task.Run(Lock);
            await WaitForLockAsync(waits);
        }

        Assert.Equal(entries, await waits);
        log.Close();
    }

    [FactIfPostgres]
    public async Task A_batch_of_which_others_hold_every_scope_waits_for_one()
    {
        Task one, two;
        using (Hold("b"))
        {
            using (Hold("a"))
            {
                (one, two) = await InOneBatchAsync(() => (CreateAsync("a", "one"), CreateAsync("b", "two")));
                await WaitForLockAsync(one);
            }

            await one;
        }

        await two;

        Assert.Empty(_store.Check());
    }

    public void Dispose()
    {
        _store.Dispose();
        _stores.Dispose();
    }

    private Task<Project> CreateAsync(string region, string name) =>
        _store.Registry("account", region).CreateAsync(new() { ProjectName = name }).AsTask();

    /// <summary>Begins changes while the store waits for another, so that all of them are in its next batch.</summary>
    private async Task<(Task First, Task Second)> InOneBatchAsync(Func<(Task First, Task Second)> begin)
    {
        Task gate;
        (Task, Task) begun;
        using (Hold("gate"))
        {
            gate = CreateAsync("gate", "gate");
            await WaitForLockAsync(gate);
            begun = begin();
        }

        await gate;
        return begun;
    }

    /// <summary>Locks a scope as another process does.</summary>
    private Held Hold(string region)
    {
        NpgsqlConnection connection = _stores.Source.OpenConnection();
        NpgsqlTransaction transaction = connection.BeginTransaction();
#pragma warning disable CA2100 // The texts are those of the test.
        using var command = new NpgsqlCommand(
            $"SELECT 1 FROM \"{_stores.Schema}\".imm_scope WHERE region_id = '{region}' FOR UPDATE", connection);
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        return new Held(connection, transaction);
    }

    private long VersionOf(string region) =>
        (long)_stores.Execute($"SELECT version FROM \"{_stores.Schema}\".imm_scope WHERE region_id = '{region}'")!;

    /// <summary>Returns when the store waits for a lock.</summary>
    private async Task WaitForLockAsync(Task change)
    {
        string waits = $"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\"{_stores.Schema}\"%'";
        while (_stores.Execute(waits) is 0L)
        {
            Assert.False(change.IsCompleted);
            await Task.Yield();
        }
    }

    private sealed record Held(NpgsqlConnection Connection, NpgsqlTransaction Transaction) : IDisposable
    {
        public void Dispose()
        {
            Transaction.Dispose();
            Connection.Dispose();
        }
    }
}
