using System.Globalization;
using FsCheck;
using Imm.Core.Tests.Datasets;
using Imm.Core.Tests.Operations;
using Imm.Core.Tests.Registry;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>The stores that a test opens on one schema of its own.</summary>
internal sealed class SharedStores : IDisposable
{
    private readonly Lazy<NpgsqlDataSource> _source;

    public SharedStores(string? connectionString = null) =>
        _source = new(() => NpgsqlDataSource.Create(connectionString ?? PostgresServer.Shared.ConnectionString));

    public NpgsqlDataSource Source => _source.Value;

    public string Schema { get; } = PostgresServer.NewSchema();

    public ImmStore Open(Action<ImmStoreOptions>? adjust = null)
    {
        var options = new ImmStoreOptions();
        adjust?.Invoke(options);
        return Open(options);
    }

    public ImmStore Open(ImmStoreOptions options)
    {
        options.DataSource = Source;
        options.Schema = Schema;
        return ImmStore.Open(options);
    }

    /// <summary>Runs a statement and gives the first value of its first row.</summary>
    public object? Execute(string statement)
    {
        using NpgsqlCommand command = Source.CreateCommand(statement);
        return command.ExecuteScalar();
    }

    /// <summary>Lets the server do something before it stores a record.</summary>
    /// <param name="body">What it does, in PL/pgSQL.</param>
    public void OnRecord(string body)
    {
        string function = $"{Schema}.on_record";
        PostgresServer.Shared.Execute(
            $"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body}; END $$");
        PostgresServer.Shared.Execute(
            $"CREATE OR REPLACE TRIGGER on_record BEFORE INSERT ON {Schema}.imm_record FOR EACH ROW EXECUTE FUNCTION {function}()");
    }

    public void Dispose()
    {
        if (_source.IsValueCreated)
        {
            Source.Dispose();
        }
    }
}

/// <summary>The rules of every store, on PostgreSQL.</summary>
[NeedsPostgres]
public sealed class SharedRegistryTests : RegistryConformance
{
    private readonly SharedStores _stores = new();

    protected override ImmStore OpenStore(ImmStoreOptions options) => _stores.Open(options);

    protected override void Dispose(bool disposing)
    {
        _stores.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The rules of datasets, on PostgreSQL.</summary>
[NeedsPostgres]
public sealed class SharedDatasetTests : DatasetConformance, IDisposable
{
    private SharedStores? _stores;

    public void Dispose()
    {
        Store.Dispose();
        _stores?.Dispose();
    }

    protected override ImmStore Open(ImmStoreOptions options) => (_stores ??= new SharedStores()).Open(options);
}

/// <summary>The guarantees to concurrent callers, on PostgreSQL.</summary>
[NeedsPostgres]
public sealed class SharedConcurrencyTests : ConcurrencyConformance
{
    private readonly SharedStores _stores = new();

    protected override ImmStore Open(ImmStoreOptions options) => _stores.Open(options);

    protected override void Dispose(bool disposing)
    {
        _stores.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>The rules of an import, on PostgreSQL.</summary>
[NeedsPostgres]
public sealed class SharedImportTests : ImportConformance
{
    private readonly SharedStores _stores = new();

    [FactIfPostgres]
    public async Task Projects_with_many_datasets_are_brought_in_by_several_changes_which_a_row_can_hold()
    {
        using ImmStore origin = ImmStore.InMemory();
        ProjectRegistry registry = origin.Registry("account", "region");
        foreach (string name in (string[])["first", "second", "third"])
        {
            registry.Create(new() { ProjectName = name });
            for (int i = 0; i < 9_000; i++)
            {
                registry.CreateDataset(
                    new() { ProjectName = name, DatasetName = string.Create(CultureInfo.InvariantCulture, $"set-{i}") });
            }
        }

        using var exported = new MemoryStream();
        await origin.ExportAsync(exported);
        exported.Position = 0;
        using ImmStore store = Open(new ImmStoreOptions());

        store.Import(exported);

        Assert.Equal(18_002, _stores.Execute($"SELECT max(jsonb_array_length(changes)) FROM {_stores.Schema}.imm_batch"));
        Assert.Equal(registry.ListAll(), store.Registry("account", "region").ListAll());
        Assert.Empty(store.Check());
    }

    protected override ImmStore Open(ImmStoreOptions options) => _stores.Open(options);

    protected override void Dispose(bool disposing)
    {
        _stores.Dispose();
        base.Dispose(disposing);
    }
}

/// <summary>Every refusal in its order, on PostgreSQL. Each row has an account of its own in the tables that all rows share.</summary>
[NeedsPostgres]
public sealed class SharedRefusalTests
{
    // There is no crash here that a flush of each commit would matter for, and many rows.
    private static readonly SharedStores Stores = new(
        $"{PostgresServer.Shared.ConnectionString};Options=-c synchronous_commit=off");
    private static int _accounts;

    [StoreTheory]
    [MemberData(nameof(RefusalTable.Titles), MemberType = typeof(RefusalTable))]
    public async Task A_request_is_refused_for_the_first_rule_that_it_breaks(string title)
    {
        string account = string.Create(CultureInfo.InvariantCulture, $"account{Interlocked.Increment(ref _accounts)}");
        bool hasFailed = false;
        try
        {
            await RefusalTable.VerifyAsync(
                title,
                Stores.Open,
                account,
                _ =>
                {
                    // Then the statement of every commit is refused, and that of a read is not.
                    Stores.Execute($"ALTER TABLE {Stores.Schema}.imm_record RENAME TO away");
                    hasFailed = true;
                },
                () => Stores.Execute($"SELECT version FROM {Stores.Schema}.imm_scope WHERE account_id = '{account}'"));
        }
        finally
        {
            if (hasFailed)
            {
                Stores.Execute($"ALTER TABLE {Stores.Schema}.away RENAME TO imm_record");
            }
        }
    }
}

/// <summary>Random histories of datasets, on PostgreSQL: a reopened store is that of another process.</summary>
public sealed class SharedDatasetHistories
{
    [FactIfPostgres]
    public void The_sums_equal_the_parts_after_any_history()
    {
        using var source = NpgsqlDataSource.Create(PostgresServer.Shared.ConnectionString);
        DatasetHistories.SumsEqualTheParts(() =>
        {
            string schema = PostgresServer.NewSchema();
            return () => ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = schema });
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(15));
    }
}
