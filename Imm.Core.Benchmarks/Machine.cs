using System.Runtime;
using System.Runtime.InteropServices;

namespace Imm.Core.Benchmarks;

/// <summary>Describes the machine that a figure depends on.</summary>
internal static class Machine
{
    private const string ProcessorInformation = "/proc/cpuinfo";
    private const string LoadInformation = "/proc/loadavg";

    public static IReadOnlyDictionary<string, string> Facts(string folder) => new Dictionary<string, string>
    {
        ["processor"] = $"{Processor()}, {Environment.ProcessorCount} cores",
        ["memory"] = $"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1 << 30):0.#} GiB",
        ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
        ["file system"] = FileSystem(folder),
        ["garbage collector"] = (GCSettings.IsServerGC ? "server" : "workstation")
            + (AppContext.TryGetSwitch("System.GC.Concurrent", out bool concurrent) && !concurrent ? ", not concurrent" : ""),
    };

    /// <summary>
    /// Describes versions, machine and load in one line. The load is part of it because the figures of a busy machine are low.
    /// </summary>
    public static string Describe(string folder)
    {
        string version = typeof(ImmStore).Assembly.GetName().Version!.ToString(3);
        string load = File.Exists(LoadInformation) ? $"load average {File.ReadAllText(LoadInformation).Split(' ')[0]}" : "load unknown";
        return string.Join(" · ", [$"Imm.Core {version}", RuntimeInformation.FrameworkDescription, .. Facts(folder).Values, load]);
    }

    private static string Processor()
    {
        string? model = File.Exists(ProcessorInformation)
            ? File.ReadLines(ProcessorInformation).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return model?[(model.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }

    private static string FileSystem(string folder)
    {
        // The drive of a folder is the one with the longest name that the folder starts with.
        DriveInfo? drive = DriveInfo.GetDrives()
            .Where(drive => folder.StartsWith(drive.Name, StringComparison.OrdinalIgnoreCase))
            .MaxBy(drive => drive.Name.Length);
        return drive is { IsReady: true } ? drive.DriveFormat : "unknown file system";
    }
}
