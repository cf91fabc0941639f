using Xunit;

namespace Imm.Core.Tests.Conventions;

/// <summary>Asserts that a search has found nothing, and lists everything that it has found, one a line.</summary>
internal static class Findings
{
    public static void AreNone<T>(string what, IEnumerable<T> found)
    {
        string[] lines = [.. found.Select(item => $"{item}")];
        Assert.True(lines.Length == 0, $"{what}: {lines.Length}\n{string.Join('\n', lines)}");
    }
}
