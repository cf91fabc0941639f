using System.ComponentModel;
using System.Diagnostics;
using Xunit;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>A test that needs strace, and leave to trace a process.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfTraceableAttribute : FactAttribute
{
    public FactIfTraceableAttribute() => Skip = Strace.Obstacle;
}

/// <inheritdoc cref="FactIfTraceableAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryIfTraceableAttribute : TheoryAttribute
{
    public TheoryIfTraceableAttribute() => Skip = Strace.Obstacle;
}

/// <summary>Runs the tests' child process under strace, which writes its system calls down and makes some of them fail.</summary>
internal static class Strace
{
    // All that can change a file or make it durable; one that is not listed would be missed in silence.
    private const string Calls = "trace=openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2,truncate,ftruncate,fallocate,"
        + "copy_file_range,sendfile,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat";

    /// <summary>Why nothing can be traced here; null where it can.</summary>
    public static string? Obstacle { get; } = Try();

    /// <summary>Runs the child to its end; gives the record, and the lines that it wrote to its standard output.</summary>
    /// <param name="inject">What to do to which call, as strace's inject expression says it; null for nothing. It counts for each thread on
    /// its own.</param>
    /// <param name="paths">The files whose calls are recorded and can fail; none for all. The standard output is recorded too where no
    /// write is to fail.</param>
    /// <param name="arguments">Those of the child.</param>
    public static (IReadOnlyList<CallStep> Record, IReadOnlyList<string> Output) Run(
        string? inject, IReadOnlyList<string> paths, params string[] arguments)
    {
        using var directory = new TempDirectory();
        string record = directory.File("record");
        string output = directory.File("output");
        bool writesFail = inject?.StartsWith("pwrite64", StringComparison.Ordinal) == true;
        string[] filter = [.. paths, .. paths.Count > 0 && !writesFail ? (string[])[output] : []];
        string[] injection = inject is null ? [] : ["-e", "inject=" + inject];
        bool kills = inject?.Contains("signal=", StringComparison.Ordinal) == true;

        // Without the filter in the kernel it is slower; with it, strace 6 does not send the signals it is told to.
        string[] strace =
        [
            "strace", "-f", .. kills ? (string[])[] : ["--seccomp-bpf"], "-qq", "-xx", "-s", "100000000",
            "-e", Calls, "-e", "signal=none", .. injection,
            .. filter.SelectMany(path => (string[])["-P", path]), "-o", record,

            // So that the standard output is a file with a name.
            "sh", "-c", "exec \"$@\" >\"$0\"", output,
        ];
        using Process process = Worker.StartUnder(strace, arguments);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        bool isRight = kills || (process.ExitCode == 0 && errors.Result.Length == 0);
        Assert.True(isRight, $"The process ended with {process.ExitCode}: {errors.Result}");
        return (SystemCallRecord.Read(File.ReadLines(record)), File.ReadAllLines(output));
    }

    private static string? Try()
    {
        if (!OperatingSystem.IsLinux())
        {
            return "strace is a program for Linux.";
        }

        using var directory = new TempDirectory();
        try
        {
            bool traces = SmallFileSystem.Run("strace", "-f", "--seccomp-bpf", "-o", directory.File("record"), "true");
            return traces ? null : "strace may not trace a process here.";
        }
        catch (Win32Exception)
        {
            return "strace is not installed.";
        }
    }
}
