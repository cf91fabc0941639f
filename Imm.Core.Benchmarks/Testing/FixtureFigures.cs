using System.Diagnostics;
using System.Globalization;
using Imm.Core.Benchmarks.Demo;
using Imm.Core.Testing;
using Microsoft.Data.Sqlite;
using Spectre.Console;

namespace Imm.Core.Benchmarks.Testing;

/// <summary>
/// What a fixture costs a test: how many are made in a second, empty and with 100,000 projects, beside SQLite in memory with the same rows, and how
/// long export and import take.
/// </summary>
internal static class FixtureFigures
{
    public const string Arguments = "[--quick]";

    private const int Rounds = 5;

    public static Task<int> RunAsync(string[] args)
    {
        bool quick = args is ["--quick"];
        if (args.Length > 0 && !quick)
        {
            throw UsageException.Unknown(args[0]);
        }

        int projects = quick ? 10_000 : 100_000;
        TimeSpan time = TimeSpan.FromSeconds(quick ? 0.1 : 1);
        string projectText = projects.ToString("N0", CultureInfo.InvariantCulture);
        using ImmFixture seeded = Seeded(projects);
        ImmSnapshot snapshot = seeded.Snapshot();
        using SqliteConnection database = Database(snapshot, seeded);
        string name = seeded.Registry.List(new ListProjectsRequest { MaxResults = 1 }).Projects[0].ProjectName.Value;

        var table = new Table().AddColumns("what a test begins with", "a second", "each");
        Rate(table, "an empty fixture, made and disposed", time, NewFixture);
        Rate(table, "an empty fixture, and a project created in it", time, NewFixtureWithProject);
        Rate(table, "SQLite in memory: opened, one table, and a row inserted", time, NewDatabase);
        Rate(table, $"a fixture that begins with a snapshot of {projectText} projects", time, () => new ImmFixture(snapshot).Dispose());
        Rate(table, "… and one of them updated in it", time, () => UpdateIn(new ImmFixture(snapshot), name));
        Rate(table, $"a clone of a fixture of {projectText} projects", time, () => seeded.Clone().Dispose());
        Rate(table, "… and one of them updated in it", time, () => UpdateIn(seeded.Clone(), name));
        Rate(table, $"SQLite in memory: a copy (backup) of {projectText} rows, and one of them updated", time, () => Copy(database, name));
        Rate(table, $"a store brought back to a snapshot of {projectText} projects", time, () => seeded.Restore(snapshot));
        string json = "";
        Rate(table, $"export of {projectText} projects as JSON", time, () => json = snapshot.ToJson());
        Rate(table, "… and import", time, () => ImmSnapshot.FromJson(json));
        Rate(table, $"seeding {projectText} projects", time, () => Seeded(projects).Dispose());

        AnsiConsole.WriteLine(Machine.Describe(Path.GetTempPath()));
        AnsiConsole.Write(table);
        AnsiConsole.WriteLine($"One thread; the median of {Rounds} rounds of {time.TotalSeconds} s each after one to warm up. The JSON has {json.Length:N0} characters.");
        return Task.FromResult(ImmSnapshot.FromJson(json).ToJson() == json && snapshot.ProjectCount == projects ? CommandLine.Success : CommandLine.Failure);
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
        string? token = null;
        do
        {
            ProjectPage page = reader.Registry.List(new ListProjectsRequest { MaxResults = 200, NextToken = token });
            foreach (Project project in page.Projects)
            {
                name.Value = project.ProjectName.Value;
                fields.Value = ImmJson.WriteProject(project);
                insert.ExecuteNonQuery();
            }

            token = page.NextToken;
        }
        while (token is not null);
        transaction.Commit();
        return connection;
    }

    private static void Copy(SqliteConnection origin, string projectName)
    {
        using var copy = new SqliteConnection("Data Source=:memory:");
        copy.Open();
        origin.BackupDatabase(copy);
        Execute(copy, $"UPDATE project SET fields = '{{}}' WHERE account = '1234567890123456' AND region = 'cn-hangzhou' AND name = '{projectName}'");
    }

    private static SqliteConnection Open()
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        Execute(connection, "CREATE TABLE project (account TEXT, region TEXT, name TEXT, fields TEXT, PRIMARY KEY (account, region, name)) WITHOUT ROWID");
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

    private static void Rate(Table table, string what, TimeSpan time, Action work)
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

        Array.Sort(rates);
        double rate = rates[Rounds / 2];
        table.AddRow(
            Markup.Escape(what),
            rate.ToString(rate < 100 ? "N1" : "N0", CultureInfo.InvariantCulture),
            rate > 1000
                ? string.Create(CultureInfo.InvariantCulture, $"{1e6 / rate:N1} µs")
                : string.Create(CultureInfo.InvariantCulture, $"{1e3 / rate:N1} ms"));
    }
}
