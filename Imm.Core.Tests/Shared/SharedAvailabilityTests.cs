using System.Diagnostics.Metrics;
using System.Globalization;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>A standby that takes no changes, and a server that is away for longer than the patience.</summary>
public sealed class SharedAvailabilityTests
{
    [FactIfPostgres]
    public async Task A_standby_answers_reads_and_refuses_changes_as_read_only()
    {
        using var primary = new PostgresServer();
        using PostgresServer standby = primary.StartSynchronousStandby();

        // A commit then waits until the standby shows it.
        using var stores = new SharedStores($"{primary.ConnectionString};Options=-c synchronous_commit=remote_apply");
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(standby.ConnectionString);
        ImmStore OpenOnStandby() => ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            Schema = stores.Schema,
            DatabasePatience = TimeSpan.FromMilliseconds(50),
        });

        var noTables = Assert.Throws<ImmException>(OpenOnStandby);
        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.ReadOnly), (noTables.Code, noTables.Reason));

        using ImmStore writer = stores.Open();
        ProjectRegistry written = writer.Registry("account", "region");
        written.Create(new() { ProjectName = "first" });
        using ImmStore reader = OpenOnStandby();
        ProjectRegistry registry = reader.Registry("account", "region");

        Assert.Equal(written.Get("first"), registry.Get("first"));
        Assert.Equal(writer.Scopes, reader.Scopes);
        Assert.Empty(reader.Check());
        await reader.ExportAsync(Stream.Null);

        Action[] changes =
        [
            () => registry.Create(new() { ProjectName = "second" }),
            () => registry.Update(new() { ProjectName = "first", Description = "changed" }),
            () => registry.Delete("first"),
            () => registry.SetProjectQuota(7),
            () => reader.Registry("account", "new").Create(new() { ProjectName = "second" }),
        ];
        Assert.All(changes, change =>
        {
            var refused = Assert.Throws<ImmException>(change);
            Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.ReadOnly), (refused.Code, refused.Reason));
            Assert.Contains("takes no changes: it is a standby, or set to read only", refused.Message, StringComparison.Ordinal);
            Assert.NotNull(refused.InnerException);
        });

        // What the primary commits afterwards is read, and the refusals have changed nothing.
        written.Create(new() { ProjectName = "second" });
        Assert.Equal(["first", "second"], registry.List().Projects.Select(project => project.ProjectName.Value));
        Assert.Equal(written.Get("first"), registry.Get("first"));
        Assert.Equal(writer.Scopes, reader.Scopes);
    }

    [FactIfPostgres]
    public async Task A_server_that_is_away_for_longer_than_the_patience_costs_refusals_and_nothing_else()
    {
        using var server = new PostgresServer();
        string pool = PostgresServer.NewSchema();
        await using NpgsqlDataSource source = new NpgsqlDataSourceBuilder(server.ConnectionString) { Name = pool }.Build();
        ImmStore[] stores = [.. Enumerable.Range(0, 2).Select(_ => ImmStore.Open(new ImmStoreOptions
        {
            DataSource = source,
            DatabasePatience = TimeSpan.FromMilliseconds(50),
            WatchInterval = TimeSpan.FromMilliseconds(5),
        }))];
        ProjectRegistry[] registries = [.. stores.Select(store => store.Registry("account", "region"))];
        var acknowledged = new List<string>();
        await using IAsyncEnumerator<ProjectChange> watch = registries[1].Watch(0).GetAsyncEnumerator();

        CreateFive("before");
        await VerifyWatch();
        Assert.All(registries, registry => Assert.Equal(10, registry.List().Projects.Count));
        int used = ConnectionsInUse(pool);
        server.Stop();

        // A scope that is not in memory: its change fails before a commit is sent. The next ones find no connection, and so nothing is in
        // doubt that would have to wait for the server.
        Assert.All(stores, store => Refused(() => store.Registry("account", "elsewhere").Create(new() { ProjectName = "a" })));
        for (int i = 0; i < 5; i++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"away{i}");
            foreach (ProjectRegistry registry in registries)
            {
                Refused(() => registry.Create(new() { ProjectName = name }));
                Refused(() => registry.CreateAsync(new() { ProjectName = name }).AsTask().GetAwaiter().GetResult());
                Refused(() => registry.Get(acknowledged[0]));
                Refused(() => registry.GetAsync(acknowledged[0]).AsTask().GetAwaiter().GetResult());
            }
        }

        Assert.All(stores, store => Assert.Equal(ImmUnavailableReason.DatabaseUnreachable, store.Status.FailureReason));
        server.Start();

        CreateFive("after");
        await VerifyWatch();
        foreach ((ImmStore store, ProjectRegistry registry) in stores.Zip(registries))
        {
            Assert.Equal(
                acknowledged.Order(StringComparer.Ordinal), registry.List().Projects.Select(project => project.ProjectName.Value));
            Assert.Equal(acknowledged.Count, Assert.Single(store.Scopes).ProjectCount);
            Assert.Null(store.Status.Failure);
            Assert.Empty(store.Check());
        }

        Assert.Equal(used, ConnectionsInUse(pool));
        await watch.DisposeAsync();
        Array.ForEach(stores, store => store.Dispose());
        Assert.Equal(0, ConnectionsInUse(pool));

        void CreateFive(string prefix)
        {
            for (int i = 0; i < 5; i++)
            {
                for (int process = 0; process < registries.Length; process++)
                {
                    string name = string.Create(CultureInfo.InvariantCulture, $"{prefix}{i}by{process}");
                    registries[process].Create(new() { ProjectName = name });
                    acknowledged.Add(name);
                }
            }
        }

        async Task VerifyWatch()
        {
            foreach (string name in acknowledged.TakeLast(10))
            {
                Assert.True(await watch.MoveNextAsync());
                Assert.Equal((name, ProjectChangeKind.Created), (watch.Current.ProjectName.Value, watch.Current.Kind));
            }
        }

        static void Refused(Action call)
        {
            var refused = Assert.Throws<ImmException>(call);
            Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.DatabaseUnreachable), (refused.Code, refused.Reason));
        }
    }

    /// <summary>The connections that were taken from a pool and not given back, as the driver counts them.</summary>
    private static int ConnectionsInUse(string pool)
    {
        int used = -1;
        using var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "Npgsql", Name: "db.client.connection.count" })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) =>
        {
            var read = tags.ToArray().ToDictionary(tag => tag.Key, tag => (string?)tag.Value);
            if (read["db.client.connection.pool.name"] == pool && read["db.client.connection.state"] == "used")
            {
                used = value;
            }
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return used;
    }
}
