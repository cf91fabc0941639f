using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Diagnostics.Metrics;
using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>Reads, watches and closes of a shared store that meet another piece of work at one exact moment.</summary>
public sealed class SharedRaceTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(10);

    [FactIfPostgres]
    public async Task A_change_that_the_database_does_not_take_is_refused_after_the_patience_also_where_reads_succeed()
    {
        using var stores = new SharedStores();
        stores.Open().Dispose();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(
            $"{PostgresServer.Shared.ConnectionString};Options=-c default_transaction_read_only=on");
        using ImmStore store = ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = stores.Schema,
            DatabasePatience = TimeSpan.FromMilliseconds(300),
        });
        ProjectRegistry registry = store.Registry("account", "region");
        Task<Project> change = registry.CreateAsync(new() { ProjectName = "first" }).AsTask();
        DateTime end = DateTime.UtcNow + Long;
        while (!change.IsCompleted && DateTime.UtcNow < end)
        {
            Assert.False(registry.TryGet("first", out _));
            await Task.Delay(5);
        }

        Assert.True(change.IsCompleted);
        var refused = await Assert.ThrowsAsync<ImmException>(() => change);
        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.ReadOnly), (refused.Code, refused.Reason));
    }
}
