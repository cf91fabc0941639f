using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A store that does not fit into the memory it is given.</summary>
public class SizeTests
{
    /// <remarks>The memory of what is not the heap is not bounded: the runtime, its code, the stacks.</remarks>
    [Fact]
    public void Opening_checkpoints_recovery_check_and_backup_take_memory_by_what_is_touched_and_not_by_the_file()
    {
        bool full = Campaign.Scale > 0;
        int scopes = full ? 1_024 : 128;
        int projects = full ? 160 : 64;
        long heap = (full ? 512L : 144L) << 20;
        int batches = full ? 150 : 120;
        using var directory = new TempDirectory();
        string path = directory.File("imm.db");
        string[] load = [path, Text(scopes), Text(projects)];
        long start = Stopwatch.GetTimestamp();
        Worker.Run(["size-fill", .. load]);
        Assert.InRange(new FileInfo(path).Length, full ? 3L << 30 : 145L << 20, long.MaxValue);
        Campaign.Report($"size: {new FileInfo(path).Length >> 20} MiB made in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");

        int acknowledged = UpdateAndKill(load, heap, batches);
        string found = Worker.Run(Bound(heap), ["size-verify", .. load, Text(acknowledged)]);

        Campaign.Report($"size: {acknowledged} batches of updates, {found}; {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s in all");
        Assert.Contains("recovered", found, StringComparison.Ordinal);
    }

    /// <summary>
    /// Has a process update the store, and kills it when its log is well filled; gives the number of batches that it acknowledged.
    /// </summary>
    private static int UpdateAndKill(string[] load, long heap, int batches)
    {
        using Process process = Worker.Start(Bound(heap), ["size-update", .. load]);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        int acknowledged = 0;
        while (process.StandardOutput.ReadLine() is { } line)
        {
            string[] parts = line.Split(' ');
            acknowledged = int.Parse(parts[0], CultureInfo.InvariantCulture);
            if (acknowledged >= batches && (long.Parse(parts[1], CultureInfo.InvariantCulture) > 5 << 20 || acknowledged > batches * 2))
            {
                process.Kill();
            }
        }

        process.WaitForExit();
        bool isRight = errors.Result.Length == 0 && acknowledged >= batches;
        Assert.True(isRight, $"The process failed after {acknowledged} batches: {errors.Result}");
        return acknowledged;
    }

    private static Dictionary<string, string> Bound(long heap) =>
        new() { ["DOTNET_GCHeapHardLimit"] = string.Create(CultureInfo.InvariantCulture, $"{heap:X}") };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
