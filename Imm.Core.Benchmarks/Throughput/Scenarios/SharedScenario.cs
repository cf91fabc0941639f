using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Tests.Shared;
using Npgsql;

namespace Imm.Core.Benchmarks.Throughput.Scenarios;

/// <summary>A row of the shared store, in a schema of its own for each measurement. The engines take turns in each row.</summary>
internal sealed class SharedScenario(Plan plan, SharedRow row, PostgresServer server)
    : Scenario("a shared store on PostgreSQL", [new Row(row.Id, row.Title)], Engine.OnServer)
{
    /// <summary>The number of projects before a measurement.</summary>
    private const int Projects = 1_000;

    /// <summary>The number of projects in each scope before a measurement. They have the same names in all scopes.</summary>
    public static int ProjectsIn(int scopes) => Projects / scopes;

    /// <summary>Opens an engine in the schema that a connection string names.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="connectionString">The connection string.</param>
    /// <param name="scopes">The scopes to use.</param>
    /// <param name="process">The number of the process, from 0.</param>
    public static EngineAdapter Open(Engine engine, string connectionString, SharedRow.ScopeRange scopes, int process) =>
        engine.IsOurs
            ? ImmAdapter.OpenShared(connectionString, scopes, process) : new GuardedCounterAdapter(connectionString, scopes, process);

    public override IEnumerable<(Row Row, Sample Sample)> Measure(Stores stores, Engine engine, int round, IReadOnlyList<Row> wanted)
    {
        string schema = PostgresServer.NewSchema();
        string connectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString)
        {
            SearchPath = schema,
            MaxPoolSize = row.Callers + 8,
        }.ConnectionString;

        Plan longer = plan with { WarmUpTime = 5 * plan.WarmUpTime, MeasureTime = 2 * plan.MeasureTime };
        using (EngineAdapter adapter = Open(engine, connectionString, new(0, row.Scopes), process: 0))
        {
            adapter.Load(
                Enumerable.Range(0, Projects).Select(n => NewProject.Of(n / row.Scopes)), withDatasets: false);
            server.Execute("CHECKPOINT");
            if (row.Processes == 1)
            {
                yield return (Rows[0], ClosedLoop.Measure(
                    adapter,
                    row.Reads ? Workload.AwaitedRead : Workload.Create,
                    row.Callers,
                    ProjectsIn(row.Scopes),
                    series: 0,
                    asTasks: !row.IsSynchronous,
                    longer));
            }
        }

        if (row.Processes > 1)
        {
            yield return (Rows[0], SharedRun.InProcesses(engine, connectionString, row, longer));
        }

        server.Execute($"DROP SCHEMA {schema} CASCADE");
    }
}
