namespace Imm.Core.Tests.Conventions;

/// <summary>
/// Files whose words, and pairs of files whose uses, do not follow the conventions yet, because they are being rewritten: one a line.
/// </summary>
internal static class Unfinished
{
    private static readonly string[] Lines = [.. File.ReadAllLines(Repository.File("Imm.Core.Tests", "Conventions", "Unfinished.txt"))];

    public static bool Covers(string file) => Lines.Contains(file);

    public static bool Covers(SymbolUse use) => Lines.Contains($"{use.User} -> {use.Declarer}");
}
