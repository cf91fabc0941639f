using Imm.Core.Model;
using Imm.Core.Shared;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Tables of which something is damaged or missing.</summary>
public sealed class SharedDamageTests
{
    [FactIfPostgres]
    public async Task A_damaged_scope_fails_its_own_reads_and_no_others_that_are_asked_for_with_them()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        using ImmStore other = stores.Open();
        ProjectRegistry damaged = store.Registry("account", "damaged");
        ProjectRegistry whole = store.Registry("account", "whole");
        damaged.Create(new() { ProjectName = "first" });
        whole.Create(new() { ProjectName = "first" });
        other.Registry("account", "damaged").Create(new() { ProjectName = "second" });
        string key = SharedKey.Of(new Scope("account", "damaged")).ToString();
        stores.Execute($"UPDATE {stores.Schema}.imm_batch SET changes = '[{{\"Kind\":\"None\"}}]' WHERE scope = '{key}'");

        for (int i = 0; i < 20; i++)
        {
            Task<Project>[] failing = [.. Enumerable.Range(0, 8).Select(_ => damaged.GetAsync("first").AsTask())];
            Task<Project>[] reads = [.. Enumerable.Range(0, 8).Select(_ => whole.GetAsync("first").AsTask())];
            foreach (Task<Project> read in failing)
            {
                var refused = await Assert.ThrowsAsync<ImmException>(() => read);
                Assert.Equal(ImmUnavailableReason.Damaged, refused.Reason);
            }

            await Task.WhenAll(reads);
        }
    }

    [FactIfPostgres]
    public void Tables_whose_maker_ended_before_it_noted_their_version_get_it()
    {
        using var stores = new SharedStores();
        foreach (string statement in new SharedSql(stores.Schema).Create[..^1])
        {
            stores.Execute(statement);
        }

        stores.Open().Dispose();

        Assert.Equal(SharedSql.Version, stores.Execute($"SELECT version FROM {stores.Schema}.imm_store"));
    }

    [FactIfPostgres]
    public void A_damage_that_is_found_while_its_scope_is_locked_leaves_nothing_locked()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry damaged = BringBehind(stores, store);
        DamageFirst(stores);

        var refused = Assert.Throws<ImmException>(() => damaged.Create(new() { ProjectName = "third" }));

        Assert.Equal(ImmUnavailableReason.Damaged, refused.Reason);
        Assert.NotNull(stores.Execute($"SELECT 1 FROM {stores.Schema}.imm_scope WHERE region_id = 'damaged' FOR UPDATE NOWAIT"));
    }

    [FactIfPostgres]
    public async Task A_damaged_scope_fails_its_own_changes_and_no_others_of_their_batch()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry damaged = BringBehind(stores, store);
        ProjectRegistry whole = store.Registry("account", "whole");
        whole.Create(new() { ProjectName = "first" });
        DamageFirst(stores);
        using (ImmStore other = stores.Open())
        {
            other.Registry("account", "whole").Create(new() { ProjectName = "second" });
        }

        // It loses the race here, and locks first from now on. Then both are in one batch: they come while the store waits for another.
        whole.Create(new() { ProjectName = "third" });
        Task gate, change, failing;
        await using (NpgsqlConnection connection = await stores.Source.OpenConnectionAsync())
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
#pragma warning disable CA2100 // The text is that of the test.
            await using var hold = new NpgsqlCommand(
                $"SELECT 1 FROM {stores.Schema}.imm_scope WHERE region_id = 'whole' FOR UPDATE", connection);
#pragma warning restore CA2100
            await hold.ExecuteNonQueryAsync();
            gate = whole.CreateAsync(new() { ProjectName = "fourth" }).AsTask();
            string waits = $"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%\"{stores.Schema}\"%'";
            while (stores.Execute(waits) is 0L)
            {
                await Task.Yield();
            }

            failing = damaged.CreateAsync(new() { ProjectName = "third" }).AsTask();
            change = whole.CreateAsync(new() { ProjectName = "fifth" }).AsTask();
        }

        await gate;
        var refused = await Assert.ThrowsAsync<ImmException>(() => failing);
        await change;

        Assert.Equal(ImmUnavailableReason.Damaged, refused.Reason);
        Assert.Contains("The change was not made.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(["fifth", "first", "fourth", "second", "third"], whole.ListAll().Select(project => project.ProjectName.Value));
    }

    [FactIfPostgres]
    public void A_check_finds_every_record_and_number_that_is_not_as_the_log_says()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        registry.Create(new() { ProjectName = "first" });
        registry.CreateDataset(new() { ProjectName = "first", DatasetName = "set" });
        registry.CreateBinding("first", "set", "oss://bucket");
        registry.AttachOssBucket(new() { ProjectName = "first", OssBucket = "attached" });
        registry.SetProjectQuota(7);
        Assert.Empty(store.Check());

        string schema = stores.Schema;
        foreach (string damage in (string[])
            [
                $"UPDATE {schema}.imm_record SET value = value || '{{\"Description\":\"other\"}}' WHERE kind = 'Project'",
                $"UPDATE {schema}.imm_record SET value = value || '{{\"Description\":\"other\"}}' WHERE kind = 'Dataset'",
                $"UPDATE {schema}.imm_record SET value = value || '{{\"Revision\":1}}' WHERE kind = 'Dataset'",
                $"UPDATE {schema}.imm_record SET value = value - 'Bindings' WHERE kind = 'Dataset'",
                $"UPDATE {schema}.imm_record SET value = value || '{{\"Description\":\"other\"}}' WHERE kind = 'Attachment'",
                $"DELETE FROM {schema}.imm_record WHERE kind = 'Attachment'",
                $"UPDATE {schema}.imm_scope SET project_quota = NULL",
                $"UPDATE {schema}.imm_scope SET revision = revision + 1",
                $"DELETE FROM {schema}.imm_batch WHERE version = 2",
                $"DELETE FROM {schema}.imm_batch",
            ])
        {
            stores.Execute($"CREATE TABLE {schema}.kept_record AS TABLE {schema}.imm_record");
            stores.Execute($"CREATE TABLE {schema}.kept_scope AS TABLE {schema}.imm_scope");
            stores.Execute($"CREATE TABLE {schema}.kept_batch AS TABLE {schema}.imm_batch");

            stores.Execute(damage);
            Assert.True(store.Check().Count > 0, damage);

            foreach (string table in (string[])["record", "scope", "batch"])
            {
                stores.Execute($"TRUNCATE {schema}.imm_{table}");
                stores.Execute($"INSERT INTO {schema}.imm_{table} TABLE {schema}.kept_{table}");
                stores.Execute($"DROP TABLE {schema}.kept_{table}");
            }

            Assert.Empty(store.Check());
        }
    }

    /// <summary>Lets another process change a scope so that the log does not tell this one what was changed.</summary>
    private static ProjectRegistry BringBehind(SharedStores stores, ImmStore store)
    {
        ProjectRegistry registry = store.Registry("account", "damaged");
        registry.Create(new() { ProjectName = "first" });
        using ImmStore other = stores.Open();
        other.Registry("account", "damaged").Create(new() { ProjectName = "second" });
        stores.Execute($"DELETE FROM {stores.Schema}.imm_batch WHERE version = 1");
        return registry;
    }

    private static void DamageFirst(SharedStores stores) => stores.Execute(
        $"UPDATE {stores.Schema}.imm_record SET value = value - 'ProjectName' FROM {stores.Schema}.imm_scope s "
        + $"WHERE s.scope = imm_record.scope AND s.region_id = 'damaged' AND value->>'ProjectName' = 'first'");
}
