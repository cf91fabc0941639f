using Imm.Core.Benchmarks.Throughput.Peers;
using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The stores of all contenders, side by side in one temporary directory, filled with the same projects.</summary>
internal sealed class Stores : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("imm-core-throughput-");
    private readonly HashSet<string> _filled = [];
    private int _number;

    public string Root => _root.FullName;

    /// <summary>An empty folder.</summary>
    public string NewFolder()
    {
        string folder = Path.Combine(Root, $"new-{_number++}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>Opens the store of a contender that holds so many projects; fills it first where that has not been done, on the disk to the last byte.</summary>
    public Peer Open(Contender contender, int size, bool withDatasets = false)
    {
        if (contender.IsInMemory)
        {
            Peer peer = contender.Open("");
            peer.Load(Projects(size), withDatasets);
            return peer;
        }

        return contender.Open(Fill(contender, size, withDatasets));
    }

    /// <summary>Fills the store of a contender where that has not been done, on the disk to the last byte, and leaves it closed.</summary>
    /// <returns>Its folder.</returns>
    public string Fill(Contender contender, int size, bool withDatasets = false)
    {
        string folder = Path.Combine(Root, $"{contender.Storage}-{size}-{(withDatasets ? "datasets" : "projects")}");
        if (_filled.Add(folder))
        {
            Directory.CreateDirectory(folder);
            using (Peer peer = (contender.OpenToFill ?? contender.Open)(folder))
            {
                peer.Load(Projects(size), withDatasets);
            }

            Flush(folder);
        }

        return folder;
    }

    /// <summary>Opens a copy of the store that nobody has used before.</summary>
    public Peer OpenCopy(Contender contender, int size)
    {
        if (contender.IsInMemory)
        {
            return Open(contender, size);
        }

        string filled = Fill(contender, size);
        string folder = NewFolder();
        Copy(filled, folder);
        Flush(folder);
        return contender.Open(folder);
    }

    /// <summary>The projects that every store of a size is filled with.</summary>
    public static IEnumerable<NewProject> Projects(int size) => Enumerable.Range(0, size).Select(n => NewProject.Of(n));

    /// <summary>How many bytes the files in a folder have.</summary>
    public static long LengthOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    /// <summary>Deletes the filled stores of a size, which are not needed again.</summary>
    public void Forget(int size)
    {
        foreach (string folder in _filled.Where(folder => folder.Contains($"-{size}-", StringComparison.Ordinal)).ToArray())
        {
            _filled.Remove(folder);
            Directory.Delete(folder, recursive: true);
        }
    }

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>Waits until all files of a folder are on the disk, so that nobody measures the disk's work on them.</summary>
    public static void Flush(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using SafeFileHandle handle = File.OpenHandle(file, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(handle);
        }
    }

    private static void Copy(string from, string to)
    {
        foreach (string folder in Directory.EnumerateDirectories(from))
        {
            string below = Path.Combine(to, Path.GetFileName(folder));
            Directory.CreateDirectory(below);
            Copy(folder, below);
        }

        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }
}
