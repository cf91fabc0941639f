using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Imm.Core.Tests.Shared;

/// <summary>A source that tells when a connection is to be opened, and counts those that are open.</summary>
internal sealed class WatchedSource(NpgsqlDataSource inner) : DbDataSource
{
    private readonly List<NpgsqlConnection> _connections = [];

    public Action? Opening { get; set; }

    public int OpenCount
    {
        get
        {
            lock (_connections)
            {
                return _connections.Count(static connection => connection.State != ConnectionState.Closed);
            }
        }
    }

    [AllowNull]
    public override string ConnectionString => inner.ConnectionString;

    protected override DbConnection CreateDbConnection() => inner.CreateConnection();

    protected override DbConnection OpenDbConnection()
    {
        Opening?.Invoke();
        NpgsqlConnection connection = inner.OpenConnection();
        lock (_connections)
        {
            _connections.Add(connection);
        }

        return connection;
    }
}
