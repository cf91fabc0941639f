using Imm.Core.Tests.Datasets;
using Imm.Core.Tests.Registry;
using Npgsql;

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
