using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;
using Imm.Core.Tests.Conventions;
using Xunit;

namespace Imm.Core.Tests.Package;

/// <summary>The package, packed once for all tests from the library that they run against, under a version of its own.</summary>
public sealed class PackedLibrary : IDisposable
{
    private readonly TempDirectory _directory = new();

    public PackedLibrary()
    {
        string configuration = typeof(ImmStore).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        Version = $"0.0.0-check-{Path.GetFileNameWithoutExtension(Path.GetRandomFileName())}";
        Dotnet(
            Repository.Root,
            ["pack", "Imm.Core", "--no-build", "-c", configuration, "-o", _directory.Path, $"-p:PackageVersion={Version}"]);
        Entries = Read("nupkg");
        SymbolEntries = Read("snupkg");
        Manifest = XDocument.Load(new MemoryStream(Entries["Imm.Core.nuspec"])).Root!.Elements().Single();
    }

    /// <summary>The version of the package. NuGet keeps packages by version, so that no other run sees this one.</summary>
    public string Version { get; }

    /// <summary>The directory of the package, which is a feed.</summary>
    public string Feed => _directory.Path;

    /// <summary>The files in the package.</summary>
    public IReadOnlyDictionary<string, byte[]> Entries { get; }

    /// <summary>The files in the package of symbols.</summary>
    public IReadOnlyDictionary<string, byte[]> SymbolEntries { get; }

    /// <summary>The metadata of the package.</summary>
    public XElement Manifest { get; }

    /// <summary>Runs a command of the SDK, which has to succeed, and returns its output.</summary>
    internal static string Dotnet(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardOutput = true,
        };

        // No process of it outlives the test.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = "false";
        return Run(start);
    }

    internal static string Run(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{start.FileName} {string.Join(' ', start.ArgumentList)}: {output}");
        return output;
    }

    public void Dispose()
    {
        _directory.Dispose();
        string unpacked = Path.Combine(
            Dotnet(Path.GetTempPath(), "nuget", "locals", "global-packages", "--list").Split(": ")[1].Trim(), "imm.core", Version);
        if (Directory.Exists(unpacked))
        {
            Directory.Delete(unpacked, recursive: true);
        }
    }

    private Dictionary<string, byte[]> Read(string extension)
    {
        using ZipArchive archive = ZipFile.OpenRead(Path.Combine(Feed, $"Imm.Core.{Version}.{extension}"));
        return archive.Entries.ToDictionary(
            entry => entry.FullName,
            entry =>
            {
                using Stream content = entry.Open();
                using var bytes = new MemoryStream();
                content.CopyTo(bytes);
                return bytes.ToArray();
            });
    }
}

/// <summary>The tests that share the package.</summary>
[CollectionDefinition(nameof(PackedLibrary))]
public sealed class SharedPackage : ICollectionFixture<PackedLibrary>;
