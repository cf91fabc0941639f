namespace Imm.Core.Tests.Conventions;

/// <summary>The files of this repository, found from the directory of the tests.</summary>
internal static class Repository
{
    private static readonly string[] NotWrittenByHand = ["bin", "obj", "node_modules", "StrykerOutput"];

    public static string Root { get; } = Find();

    /// <summary>Every C# file of every project, relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> CodeFiles { get; } = [.. Files(Root, "*.cs")];

    /// <summary>The README and the documents of the library, relative to the root, with slashes.</summary>
    public static IReadOnlyList<string> Documents { get; } = ["README.md", .. Files(File("Imm.Core", "docs"), "*.md")];

    public static string File(params string[] path) => Path.Combine([Root, .. path]);

    public static string Text(string file) => System.IO.File.ReadAllText(File(file));

    private static IEnumerable<string> Files(string directory, string pattern) => Directory.GetFiles(directory, pattern)
        .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
        .Concat(Directory.GetDirectories(directory)
            .Where(path => Path.GetFileName(path) is var name && !name.StartsWith('.') && !NotWrittenByHand.Contains(name))
            .SelectMany(path => Files(path, pattern)))
        .Order(StringComparer.Ordinal);

    private static string Find()
    {
        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(directory.FullName, "Imm.Core.sln")))
            {
                return directory.FullName;
            }
        }

        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
