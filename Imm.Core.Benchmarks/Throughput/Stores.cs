using Imm.Core.Benchmarks.Throughput.Adapters;
using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>The stores of all engines in one temporary directory, filled with the same projects.</summary>
internal sealed class Stores : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("imm-core-throughput-");
    private readonly HashSet<string> _filled = [];
    private int _number;

    public string Root => _root.FullName;

    /// <summary>Creates an empty folder.</summary>
    public string NewFolder()
    {
        string folder = Path.Combine(Root, $"new-{_number++}");
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>
    /// Opens the store of an engine with the given number of projects. The store is filled and flushed to disk before its first use.
    /// </summary>
    public EngineAdapter Open(Engine engine, int size, bool withDatasets = false)
    {
        if (engine.IsInMemory)
        {
            EngineAdapter adapter = engine.Open("");
            adapter.Load(Projects(size), withDatasets);
            return adapter;
        }

        return engine.Open(Fill(engine, size, withDatasets));
    }

    /// <summary>Fills the store of an engine, unless that is done, flushes it to disk and leaves it closed.</summary>
    /// <returns>The folder of the store.</returns>
    public string Fill(Engine engine, int size, bool withDatasets = false)
    {
        string folder = Path.Combine(Root, $"{engine.Storage}-{size}-{(withDatasets ? "datasets" : "projects")}");
        if (_filled.Add(folder))
        {
            Directory.CreateDirectory(folder);
            using (EngineAdapter adapter = engine.OpenToFill(folder))
            {
                adapter.Load(Projects(size), withDatasets);
            }

            Flush(folder);
        }

        return folder;
    }

    /// <summary>Opens an unused copy of the filled store.</summary>
    public EngineAdapter OpenCopy(Engine engine, int size)
    {
        if (engine.IsInMemory)
        {
            return Open(engine, size);
        }

        string filled = Fill(engine, size);
        string folder = NewFolder();
        Copy(filled, folder);
        Flush(folder);
        return engine.Open(folder);
    }

    /// <summary>Generates the projects of a filled store.</summary>
    public static IEnumerable<NewProject> Projects(int size) => Enumerable.Range(0, size).Select(n => NewProject.Of(n));

    /// <summary>Sums the lengths of the files in a folder, in bytes.</summary>
    public static long LengthOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public void Dispose() => _root.Delete(recursive: true);

    /// <summary>Flushes all files of a folder to disk, so that no measurement includes their writing.</summary>
    private static void Flush(string folder)
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
