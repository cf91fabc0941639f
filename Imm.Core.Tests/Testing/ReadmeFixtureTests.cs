using System.Text.RegularExpressions;
using Imm.Core.Testing;
using Xunit;

namespace Imm.Core.Tests.Testing;

/// <summary>What the README shows of fixtures works.</summary>
public sealed partial class ReadmeFixtureTests
{
    private static readonly string Section = Read();

    [Fact]
    public async Task The_test_that_the_readme_shows_passes_word_for_word()
    {
        using var fixture = new ImmFixture();
        fixture.Seed
            .Projects(98)
            .Project("archive", project => project.DatasetMaxFileCount = 10)
            .Dataset("archive", "raw")
            .FileSlotsLeft("archive", "raw", 1);
        using ImmFault fault = fixture.Faults.On(ImmOperation.CreateProject).Times(2).Throttle();

        Project project = await CodeUnderTest.EnsureProjectAsync(fixture.Registry, "photos");

        fixture.Calls.ReceivedExactly(3, ImmOperation.CreateProject, "photos");
        fixture.Calls.ReceivedNever(ImmOperation.DeleteProject);
        Assert.Equal("photos", project.ProjectName.Value);

        string shown = Block("csharp");
        shown = shown[shown.IndexOf("using var fixture", StringComparison.Ordinal)..];
        Assert.Contains(Trimmed(shown), Trimmed(File.ReadAllText(Path.Combine(Root(), "Imm.Core.Tests", "Testing", "ReadmeFixtureTests.cs"))), StringComparison.Ordinal);
    }

    [Fact]
    public void The_snapshot_that_the_readme_shows_is_one()
    {
        using var fixture = new ImmFixture(ImmSnapshot.FromJson(Block("json")));

        Assert.Equal("oss://camera", Assert.Single(fixture.Registry.ListBindings("photos", "raw")).Uri);
    }

    [Fact]
    public void Every_member_that_the_readme_names_is_there()
    {
        string[] members =
        [
            .. new[] { typeof(ImmFixture), typeof(ImmFixtureClock), typeof(ImmSeed), typeof(ImmFaults), typeof(ImmFaultRule), typeof(ImmCalls), typeof(ImmSnapshot) }
                .SelectMany(type => type.GetMembers()).Select(member => member.Name),
            "Delay", "HttpClient",
        ];
        string[] named = [.. Member().Matches(Section).Select(match => match.Groups[1].Value).Distinct()];

        Assert.True(named.Length > 10);
        Assert.Empty(named.Except(members));
    }

    [GeneratedRegex(@"`(?:fixture|snapshot|ImmSnapshot|fixture\.\w+)?\.?([A-Z]\w*)\([^`]*\)`")]
    private static partial Regex Member();

    private static string Block(string language)
    {
        string fence = $"```{language}\n";
        int start = Section.IndexOf(fence, StringComparison.Ordinal) + fence.Length;
        return Section[start..Section.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Trimmed(string text) => string.Join('\n', text.Split('\n').Select(line => line.Trim()));

    private static string Read()
    {
        string readme = File.ReadAllText(Path.Combine(Root(), "README.md"));
        int start = readme.IndexOf("\n## Testing code that talks to IMM\n", StringComparison.Ordinal);
        return readme[start..readme.IndexOf("\n## ", start + 1, StringComparison.Ordinal)];
    }

    private static string Root()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Imm.Core.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests do not run from within the repository.");
    }

    private static class CodeUnderTest
    {
        public static async Task<Project> EnsureProjectAsync(ProjectRegistry registry, string projectName)
        {
            while (true)
            {
                try
                {
                    return await registry.CreateAsync(new CreateProjectRequest { ProjectName = projectName });
                }
                catch (ImmException e) when (e.Code == ImmErrorCode.ThrottlingUser)
                {
                }
            }
        }
    }
}
