using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Xunit;

namespace Imm.Core.Tests.Documents;

/// <summary>The programs that documents show compile without a warning, run, and print what the document says.</summary>
public sealed partial class ProgramTests
{
    /// <summary>The place of each program.</summary>
    public static TheoryData<string, int> Programs
    {
        get
        {
            var programs = new TheoryData<string, int>();
            foreach (Block block in Document.All.SelectMany(document => document.Blocks).Where(block => block.Language == "csharp"))
            {
                programs.Add(block.Document, block.Line);
            }

            return programs;
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void A_program_of_a_document_compiles_runs_and_prints_what_the_document_says(string document, int line)
    {
        Block block = Document.All.Single(one => one.Path == document).Blocks.Single(one => one.Line == line);
        using var program = new DocumentProgram(block);

        Assert.Empty(program.Problems());
        if (program.IsProgram && !NeedsAServer(block))
        {
            string output = program.Run();
            Assert.Equal(block.Output ?? output, output);
        }
    }

    [Fact]
    public void Documents_show_programs() => Assert.True(Programs.Count > 10);

    [Fact]
    public void The_first_program_prints_the_same_when_it_finds_its_store_and_leaves_one_file()
    {
        Block block = Document.Named("README.md").Blocks.First(block => block.Language == "csharp");
        using var program = new DocumentProgram(block);

        Assert.Equal(block.Output, program.Run());
        Assert.Equal(block.Output, program.Run());
        Assert.Equal(["store.db"], program.Directory.Names);
    }

    [Fact]
    public void The_application_of_the_README_makes_its_project_once_and_finds_it_again()
    {
        Document readme = Document.Named("README.md");
        using var program = new DocumentProgram(readme.Program("AddHostedService"));
        File.WriteAllText(program.Directory.File("appsettings.json"), AppSettings().Match(readme.Text).Groups[1].Value);

        Assert.Equal(Created(program.Run("--Logging:LogLevel:Default=None")), Created(program.Run("--Logging:LogLevel:Default=None")));

        using ImmStore store = ImmStore.Open(program.Directory.File("projects.db"));
        Assert.Equal("photos", Assert.Single(store.Registry().List().Projects).ProjectName.Value);

        static string Created(string output) =>
            Assert.Single(output.Split('\n'), line => line.StartsWith("The project photos was created at ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_health_check_of_the_documents_tells_a_store_that_takes_changes_from_one_that_does_not()
    {
        using var program = new DocumentProgram(Document.Named("operations.md").Program("IHealthCheck"));
        Type check = program.Load().GetTypes().Single(type => type.IsAssignableTo(typeof(IHealthCheck)));
        using ServiceProvider services = new ServiceCollection().AddLogging().AddImm(options => options.InMemory = true)
            .AddHealthChecks().Add(new HealthCheckRegistration("imm", Make, failureStatus: null, tags: null)).Services
            .BuildServiceProvider();
        HealthCheckService health = services.GetRequiredService<HealthCheckService>();

        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);
        services.GetRequiredService<ImmStore>().Dispose();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);

        IHealthCheck Make(IServiceProvider provider) => (IHealthCheck)ActivatorUtilities.CreateInstance(provider, check);
    }

    /// <summary>True for a program that does not end by itself; <see cref="LoopbackServerTests"/> runs that.</summary>
    private static bool NeedsAServer(Block block) =>
        block.Text.Contains("HttpListener", StringComparison.Ordinal) || block.Text.Contains("NpgsqlDataSource", StringComparison.Ordinal);

    [GeneratedRegex(@"`(\{ ""Imm"": .*? \})` in `appsettings\.json`")]
    private static partial Regex AppSettings();
}
