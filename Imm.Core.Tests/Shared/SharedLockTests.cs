using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Scopes that are locked before a batch is decided.</summary>
public sealed class SharedLockTests
{
    [FactIfPostgres]
    public async Task Changes_that_come_while_their_scope_is_locked_join_the_batch()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        using ImmStore other = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        await registry.CreateAsync(new() { ProjectName = "first" });
        await other.Registry("account", "region").CreateAsync(new() { ProjectName = "second" });

        // After this lost race the store locks first.
        await registry.CreateAsync(new() { ProjectName = "third" });
        await using NpgsqlConnection holder = await stores.Source.OpenConnectionAsync();
        await using NpgsqlTransaction transaction = await holder.BeginTransactionAsync();
        long before = await ReadAsync<long>(holder, $"SELECT version FROM \"{stores.Schema}\".imm_scope FOR UPDATE");

        Task begun = registry.CreateAsync(new() { ProjectName = "fourth" }).AsTask();
        string waits = $"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\"{stores.Schema}\"%'";
        await using (NpgsqlConnection watcher = await stores.Source.OpenConnectionAsync())
        {
            while (await ReadAsync<long>(watcher, waits) == 0)
            {
                await Task.Yield();
            }
        }

        Task[] late = [.. Enumerable.Range(0, 5).Select(n => registry.CreateAsync(new() { ProjectName = $"late-{n}" }).AsTask())];
        await transaction.RollbackAsync();
        await Task.WhenAll([begun, .. late]);

        Assert.Equal(before + 1, await ReadAsync<long>(holder, $"SELECT version FROM \"{stores.Schema}\".imm_scope"));
        Assert.Equal(9, registry.List().Projects.Count);
    }

    private static async Task<T> ReadAsync<T>(NpgsqlConnection connection, string statement)
    {
#pragma warning disable CA2100 // The statements are those of the test.
        await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
