using IOPath = System.IO.Path;

namespace Imm.Core.Tests;

/// <summary>A new directory for one test, deleted with everything in it.</summary>
internal sealed class TempDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("imm-core-");

    public string Path => _directory.FullName;

    /// <summary>The names of the files and directories in it, in ordinal order.</summary>
    public IEnumerable<string> Names => _directory.GetFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal);

    /// <summary>Gets the path of a file, which need not exist.</summary>
    public string File(string name) => IOPath.Combine(Path, name);

    /// <summary>Reads all files, by name.</summary>
    public SortedDictionary<string, byte[]> Files() => new(
        _directory.GetFiles().ToDictionary(file => file.Name, file => System.IO.File.ReadAllBytes(file.FullName)),
        StringComparer.Ordinal);

    public void Dispose() => _directory.Delete(recursive: true);
}
