using System.Diagnostics;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Testing;
using Microsoft.Data.Sqlite;

namespace Imm.Core.Benchmarks.Fixtures;

/// <summary>
/// Measures the cost of a test's fixture: fixtures made in a second, empty and with 100,000 projects, beside SQLite in memory with the same
/// rows; export and import.
/// </summary>
internal static class FixturesCommand
{
    private const int Rounds = 5;

    public static Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        bool quick = CommandLine.IsQuick(args);
        int projects = quick ? 10_000 : 100_000;
        TimeSpan time = TimeSpan.FromSeconds(quick ? 0.1 : 1);
        string count = NumberFormat.Number(projects);
        using ImmFixture seeded = Seeded(projects);
        ImmSnapshot snapshot = seeded.Snapshot();
        using SqliteConnection database = Database(snapshot, seeded);
        string name = seeded.Registry.List(new ListProjectsRequest { MaxResults = 1 }).Projects[0].ProjectName.Value;
        string json = "";
        (string What, Action Work)[] measurements =
        [
            ("an empty fixture, made and disposed", NewFixture),
            ("an empty fixture, and a project created in it", NewFixtureWithProject),
            ("SQLite in memory: opened, one table, and a row inserted", NewDatabase),
            ($"a fixture made from a snapshot of {count} projects", () => new ImmFixture(snapshot).Dispose()),
            ("… and one of them updated in it", () => UpdateIn(new ImmFixture(snapshot), name)),
            ($"a clone of a fixture of {count} projects", () => seeded.Clone().Dispose()),
            ("… and one of them updated in it", () => UpdateIn(seeded.Clone(), name)),
            ($"SQLite in memory: a copy (backup) of {count} rows, and one of them updated", () => Copy(database, name)),
            ($"a fixture restored to a snapshot of {count} projects", () => seeded.Restore(snapshot)),
            ($"export of {count} projects as JSON", () => json = snapshot.ToJson()),
            ("… and import", () => ImmSnapshot.FromJson(json)),
            ($"seeding {count} projects", () => Seeded(projects).Dispose()),
        ];
        var rows = new List<IReadOnlyList<string>>();
        foreach ((string what, Action work) in measurements)
        {
            cancellationToken.ThrowIfCancellationRequested();
            double rate = MedianRate(time, work);
            rows.Add([what, NumberFormat.ThreeDigits(rate), NumberFormat.Time(1e9 / rate)]);
        }

        var screen = new Screen();
        screen.Line(Machine.Describe(Path.GetTempPath()));
        screen.Show(new TextTable(["operation", ">a second", ">each"], rows));
        screen.Line($"One thread; the median of {Rounds} rounds of {time.TotalSeconds} s each after one to warm up.");
        screen.Line($"The JSON has {NumberFormat.Number(json.Length)} characters.");
        bool roundTrips = ImmSnapshot.FromJson(json).ToJson() == json && snapshot.ProjectCount == projects;
        return Task.FromResult(roundTrips ? CommandLine.Success : CommandLine.Failure);
    }

    private static ImmFixture Seeded(int projects)
    {
        var fixture = new ImmFixture(new ImmFixtureOptions { ProjectQuota = projects });
        fixture.Seed.Projects(projects, configure: project => project.Tag = [new Tag("team", "search")]);
        return fixture;
    }

    private static void NewFixture() => new ImmFixture().Dispose();

    private static void NewFixtureWithProject()
    {
        using var fixture = new ImmFixture();
        fixture.Registry.Create(new CreateProjectRequest { ProjectName = "photos" });
    }

    private static void UpdateIn(ImmFixture fixture, string projectName)
    {
        fixture.Registry.Update(new UpdateProjectRequest { ProjectName = projectName, Description = "changed" });
        fixture.Dispose();
    }

    private static void NewDatabase()
    {
        using SqliteConnection connection = Open();
        Execute(connection, "INSERT INTO project VALUES ('1', 'cn-hangzhou', 'photos', '{}')");
    }

    private static SqliteConnection Database(ImmSnapshot snapshot, ImmFixture fixture)
    {
        SqliteConnection connection = Open();
        using SqliteTransaction transaction = connection.BeginTransaction();
        using SqliteCommand insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO project VALUES ($account, $region, $name, $fields)";
        insert.Parameters.AddWithValue("$account", fixture.AccountId);
        insert.Parameters.AddWithValue("$region", fixture.RegionId);
        SqliteParameter name = insert.Parameters.AddWithValue("$name", "");
        SqliteParameter fields = insert.Parameters.AddWithValue("$fields", "");
        using var reader = new ImmFixture(snapshot);
        foreach (Project project in Micro.Filled.Projects(reader.Registry))
        {
            name.Value = project.ProjectName.Value;
            fields.Value = ImmJson.WriteProject(project);
            insert.ExecuteNonQuery();
        }

        transaction.Commit();
        return connection;
    }

    private static void Copy(SqliteConnection origin, string projectName)
    {
        using var copy = new SqliteConnection("Data Source=:memory:");
        copy.Open();
        origin.BackupDatabase(copy);
        Execute(
            copy,
            $"UPDATE project SET fields = '{{}}' WHERE account = '1234567890123456' AND region = 'cn-hangzhou' AND name = '{projectName}'");
    }

    private static SqliteConnection Open()
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        Execute(
            connection,
            "CREATE TABLE project (account TEXT, region TEXT, name TEXT, fields TEXT, PRIMARY KEY (account, region, name)) WITHOUT ROWID");
        return connection;
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // The texts are those of this class.
        command.CommandText = text;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private static double MedianRate(TimeSpan time, Action work)
    {
        double[] rates = new double[Rounds];
        for (int round = -1; round < Rounds; round++)
        {
            GC.Collect();
            long started = Stopwatch.GetTimestamp();
            int count = 0;
            TimeSpan elapsed;
            do
            {
                work();
                count++;
                elapsed = Stopwatch.GetElapsedTime(started);
            }
            while (elapsed < time);

            if (round >= 0)
            {
                rates[round] = count / elapsed.TotalSeconds;
            }
        }

        return new Spread(rates).Median;
    }
}
