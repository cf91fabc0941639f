using Imm.Core.Tests.Documents;
using Npgsql;
using Xunit;

namespace Imm.Core.Tests.Shared;

/// <summary>The programs of the document on shared stores, on a server.</summary>
public sealed class SharedDocumentTests
{
    private static readonly Document Shown = Document.Named("shared.md");

    [FactIfPostgres]
    public void Programs_of_two_databases_find_what_they_made_and_refuse_databases_in_another_order_or_of_another_number()
    {
        string[] databases = [NewDatabase(), NewDatabase()];
        using var program = new DocumentProgram(Shown.Program("SHA256"));

        Assert.Equal("photos: created\n", program.Run(databases));
        Assert.Equal("photos: found\n", program.Run(databases));

        Assert.Contains("The database in place 0 of 2 has place 1 of 2.", Failure(databases[1], databases[0]), StringComparison.Ordinal);
        Assert.Contains("The database in place 0 of 1 has place 0 of 2.", Failure(databases[0]), StringComparison.Ordinal);
        Assert.Contains(
            "The database in place 0 of 3 has place 0 of 2.", Failure([.. databases, NewDatabase()]), StringComparison.Ordinal);
        Assert.Equal("photos: found\n", program.Run(databases));

        string Failure(params string[] arguments) => Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => program.Run(arguments)).Message;
    }

    [FactIfPostgres]
    public void The_first_program_creates_its_project_and_finds_it_again()
    {
        string database = NewDatabase();
        using var program = new DocumentProgram(Shown.Program("GetOrCreateAsync"));

        Assert.Equal("photos: created\n", program.Run(database));
        Assert.Equal("photos: found\n", program.Run(database));
    }

    private static string NewDatabase()
    {
        string name = PostgresServer.NewSchema();
        PostgresServer.Shared.Execute($"CREATE DATABASE {name}");
        return new NpgsqlConnectionStringBuilder(PostgresServer.Shared.ConnectionString) { Database = name }.ConnectionString;
    }
}
