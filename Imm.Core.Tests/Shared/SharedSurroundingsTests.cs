using System.Transactions;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Transactions, triggers and rights that the host and the keeper of the database have set up around a shared store.</summary>
public sealed class SharedSurroundingsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [FactIfPostgres]
    public async Task A_change_that_was_acknowledged_does_not_end_with_a_transaction_of_its_caller()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            registry.Create(new() { ProjectName = "first" });
            Assert.Equal("first", (await registry.GetAsync("first")).ProjectName.Value);
            using ImmStore opened = stores.Open();
            await opened.Registry("account", "region").CreateAsync(new() { ProjectName = "second" });
            await opened.Registry("account", "elsewhere").CreateAsync(new() { ProjectName = "third" });
        }

        using ImmStore other = stores.Open();
        Assert.Equal(["first", "second"], other.Registry("account", "region").ListAll().Select(project => project.ProjectName.Value));
        Assert.Equal(["third"], other.Registry("account", "elsewhere").ListAll().Select(project => project.ProjectName.Value));
    }

    [FactIfPostgres]
    public async Task A_change_that_a_trigger_of_the_database_leaves_out_is_refused_and_holds_up_no_other()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        ProjectRegistry registry = store.Registry("account", "region");
        ProjectRegistry elsewhere = store.Registry("account", "elsewhere");
        registry.Create(new() { ProjectName = "first" });
        elsewhere.Create(new() { ProjectName = "first" });
        stores.Execute(
            $"CREATE FUNCTION {stores.Schema}.leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$");
        stores.Execute(
            $"CREATE TRIGGER leave_out BEFORE UPDATE ON {stores.Schema}.imm_scope FOR EACH ROW WHEN (old.region_id = 'region') "
            + $"EXECUTE FUNCTION {stores.Schema}.leave_out()");
        try
        {
            Task<Project> left = registry.CreateAsync(new() { ProjectName = "second" }).AsTask();
            Task<Project> made = elsewhere.CreateAsync(new() { ProjectName = "second" }).AsTask();

            var refused = await Assert.ThrowsAsync<ImmException>(() => left.WaitAsync(Long));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
            Assert.Contains("The change was not made.", refused.Message, StringComparison.Ordinal);
            Assert.Contains("trigger", refused.Message, StringComparison.Ordinal);
            await made.WaitAsync(Long);
        }
        finally
        {
            stores.Execute($"DROP TRIGGER leave_out ON {stores.Schema}.imm_scope");
        }

        registry.Create(new() { ProjectName = "third" });
        Assert.Equal(["first", "third"], registry.ListAll().Select(project => project.ProjectName.Value));
    }

    [FactIfPostgres]
    public void A_user_without_rights_on_one_table_is_told_that_access_is_denied()
    {
        using var stores = new SharedStores();
        stores.Open().Dispose();
        string user = $"user_{stores.Schema}";
        stores.Execute($"CREATE ROLE {user} LOGIN");
        stores.Execute($"GRANT CREATE ON DATABASE postgres TO {user}");
        stores.Execute($"GRANT USAGE, CREATE ON SCHEMA {stores.Schema} TO {user}");
        foreach (string table in (string[])["imm_store", "imm_scope", "imm_record"])
        {
            stores.Execute($"GRANT SELECT, INSERT, UPDATE, DELETE ON {stores.Schema}.{table} TO {user}");
        }

        using var source = NpgsqlDataSource.Create($"{PostgresServer.Shared.ConnectionString};Username={user}");
        var refused = Assert.Throws<ImmException>(() =>
        {
            using ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = stores.Schema });
            store.Registry("account", "region").Create(new() { ProjectName = "first" });
        });

        Assert.Equal(ImmUnavailableReason.AccessDenied, refused.Reason);
        Assert.Contains("imm_batch", refused.Message, StringComparison.Ordinal);
    }
}
