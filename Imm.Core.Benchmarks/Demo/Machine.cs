using System.Runtime.InteropServices;

namespace Imm.Core.Benchmarks.Demo;

/// <summary>What a figure depends on, in one line.</summary>
internal static class Machine
{
    public static string Describe(string folder)
    {
        string version = typeof(ImmStore).Assembly.GetName().Version!.ToString(3);
        return $"Imm.Core {version} · {RuntimeInformation.FrameworkDescription} · {RuntimeInformation.OSDescription} · {Processor()}, "
            + $"{Environment.ProcessorCount} cores · store on {FileSystem(folder)} · {TimeProvider.System.GetUtcNow():yyyy-MM-dd}{Load()}";
    }

    /// <summary>The same, one by one.</summary>
    public static IReadOnlyDictionary<string, string> Facts(string folder) => new Dictionary<string, string>
    {
        ["processor"] = $"{Processor()}, {Environment.ProcessorCount} cores",
        ["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.#} GiB",
        ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        ["file system"] = FileSystem(folder),
        ["garbage collector"] = (System.Runtime.GCSettings.IsServerGC ? "server" : "workstation")
            + (AppContext.TryGetSwitch("System.GC.Concurrent", out bool concurrent) && !concurrent ? ", not concurrent" : ""),
    };

    private static string Processor()
    {
        const string Information = "/proc/cpuinfo";
        string? model = File.Exists(Information)
            ? File.ReadLines(Information).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return model?[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    /// <summary>What else the machine is doing, where it says so: figures of a busy machine are low.</summary>
    private static string Load()
    {
        const string Average = "/proc/loadavg";
        return File.Exists(Average) ? $" · load average {File.ReadAllText(Average).Split(' ')[0]} before" : "";
    }

    private static string FileSystem(string folder)
    {
        // The mounted folder that the path is in, which is the longest that it starts with.
        DriveInfo? drive = DriveInfo.GetDrives()
            .Where(drive => folder.StartsWith(drive.Name, StringComparison.OrdinalIgnoreCase))
            .MaxBy(drive => drive.Name.Length);
        return drive is { IsReady: true } ? drive.DriveFormat : "a file system";
    }
}
