namespace Imm.Core.Tests.Storage;

/// <summary>A new directory that is deleted with everything in it.</summary>
internal sealed class TempDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateDirectory(System.IO.Path.Combine(System.IO.Path.GetTempPath(), "imm-" + System.IO.Path.GetRandomFileName()));

    public string Path => _directory.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>The names of what is in it, in ordinal order.</summary>
    public IEnumerable<string> Names => _directory.GetFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal);

    /// <summary>The files by name, with what is in them.</summary>
    public SortedDictionary<string, byte[]> Files() =>
        new(_directory.GetFiles().ToDictionary(file => file.Name, file => System.IO.File.ReadAllBytes(file.FullName)), StringComparer.Ordinal);

    public void Dispose() => _directory.Delete(recursive: true);
}
