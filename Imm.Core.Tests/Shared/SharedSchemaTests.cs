using Imm.Core.Shared;
using Imm.Core.Telemetry;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>The tables of a shared store, and the statements that depend on what a batch does.</summary>
public sealed class SharedSchemaTests
{
    [FactIfPostgres]
    public void The_batches_are_compressed_by_the_faster_method()
    {
        using var stores = new SharedStores();
        stores.Open().Dispose();

        Assert.Equal('l', CompressionOf(stores));
    }

    [FactIfPostgres]
    public void A_store_opens_where_the_database_lets_nobody_choose_the_compression()
    {
        string name = PostgresServer.NewSchema();
        PostgresServer.Shared.Execute($"CREATE DATABASE {name}");
        using var stores = new SharedStores(
            new NpgsqlConnectionStringBuilder(PostgresServer.Shared.ConnectionString) { Database = name }.ConnectionString);
        stores.Execute(
            "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'unknown compression method'; END $$");
        stores.Execute("CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION refuse()");

        VerifyUse(stores);

        Assert.Equal('\0', CompressionOf(stores));
    }

    [FactIfPostgres]
    public void Tables_that_an_earlier_version_of_the_library_made_are_used_as_they_are()
    {
        using var stores = new SharedStores();
        foreach (string statement in new SharedSql(stores.Schema).Create)
        {
            stores.Execute(statement);
        }

        VerifyUse(stores);

        Assert.Equal('\0', CompressionOf(stores));
    }

    [FactIfPostgres]
    public void A_process_that_runs_notices_that_a_newer_version_of_the_library_has_upgraded_the_tables()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        using ImmStore local = stores.Open(options => options.ReadConsistency = ReadConsistency.Local);
        Assert.All([store, local], it => it.Registry("account", "region").GetOrCreate(new() { ProjectName = "first" }));
        store.Registry("account", "other").Create(new() { ProjectName = "elsewhere" });
        stores.Execute($"UPDATE {stores.Schema}.imm_store SET version = 2");

        AssertRefused(() => store.Registry("account", "region").Get("first"));
        AssertRefused(() => local.Registry("account", "other").Get("elsewhere"));
        AssertRefused(() => local.Check());

        // Whoever upgrades the tables can end the sessions of those who have not noticed.
        stores.Execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE "
            + $"'%{stores.Schema}%'");
        AssertRefused(() => local.Registry("account", "region").Create(new() { ProjectName = "second" }));
        Assert.Equal("first", local.Registry("account", "region").Get("first").ProjectName.Value);

        stores.Execute($"UPDATE {stores.Schema}.imm_store SET version = 1");
        local.Registry("account", "region").Create(new() { ProjectName = "second" });
        Assert.Equal(["first", "second"], store.Registry("account", "region").ListAll().Select(project => project.ProjectName.Value));

        static void AssertRefused(Action call)
        {
            ImmException refused = Assert.Throws<ImmException>(call);
            Assert.Equal(ImmUnavailableReason.NewerFormat, refused.Reason);
            Assert.Contains("The tables have version 2", refused.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(SharedEffects.None, false, false)]
    [InlineData(SharedEffects.Updates, true, false)]
    [InlineData(SharedEffects.Deletes, false, true)]
    [InlineData(SharedEffects.Updates | SharedEffects.Deletes, true, true)]
    public void A_commit_does_no_more_than_its_batch_needs(object effects, bool replaces, bool deletes)
    {
        var statements = new SharedSql("imm");

        Assert.All([statements.Commit((SharedEffects)effects, locks: false), statements.CommitOne((SharedEffects)effects)], sql =>
        {
            Assert.Equal(replaces, sql.Contains("ON CONFLICT", StringComparison.Ordinal));
            Assert.Equal(deletes, sql.Contains("DELETE FROM", StringComparison.Ordinal));
        });
    }

    [FactIfPostgres]
    public void The_database_adds_up_the_projects_of_all_scopes_and_none_of_them_is_read()
    {
        using var stores = new SharedStores();
        using ImmStore store = stores.Open();
        stores.Execute(
            $"INSERT INTO {stores.Schema}.imm_scope "
            + "SELECT gen_random_uuid(), 'account', 'r' || n, 1, gen_random_uuid(), 2, NULL, 2 FROM generate_series(1, 20000) n");
        IMeasuredStore measured = store;
        Assert.Equal(40_000, measured.KnownProjects);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(40_000, measured.KnownProjects);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    private static void VerifyUse(SharedStores stores)
    {
        using (ImmStore store = stores.Open())
        {
            ProjectRegistry registry = store.Registry("account", "region");
            registry.Create(new() { ProjectName = "first", Description = new string('夏', 256) });
            registry.Create(new() { ProjectName = "second" });
            registry.Update(new() { ProjectName = "first", TemplateId = "t" });
            registry.Delete("second");
        }

        using ImmStore other = stores.Open();
        Assert.Equal(["first"], other.Registry("account", "region").ListAll().Select(project => project.ProjectName.Value));
        Assert.Equal("t", other.Registry("account", "region").Get("first").TemplateId);
        Assert.Empty(other.Check());
    }

    private static char CompressionOf(SharedStores stores) => (char)stores.Execute(
        $"SELECT attcompression FROM pg_attribute WHERE attrelid = '{stores.Schema}.imm_batch'::regclass AND attname = 'changes'")!;
}
