using Xunit;

namespace Imm.Core.Tests.Wire;

/// <summary>The host that the README shows is the one that the vendor's clients are tried against.</summary>
public sealed class ReadmeHostTests
{
    [Fact]
    public void The_README_shows_the_functions_of_the_loopback_host_word_for_word()
    {
        string root = Root();
        string program = File.ReadAllText(Path.Combine(root, "Imm.Core.Tests", "Wire", "NodeClients", "LoopbackHost", "Program.cs"));
        int start = program.IndexOf("static async Task ServeAsync", StringComparison.Ordinal);
        string functions = program[start..program.IndexOf("\ninternal sealed class", StringComparison.Ordinal)].TrimEnd();

        Assert.InRange(functions.Split('\n').Count(line => line.Trim() is not ("" or "{" or "}")), 1, 20);
        Assert.Contains($"\n\n{functions}\n```\n", File.ReadAllText(Path.Combine(root, "README.md")), StringComparison.Ordinal);
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
}
