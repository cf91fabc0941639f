using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A test of what only Linux has, or has in this form: kinds of files, modes, links, system calls that are made to fail.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactOnLinuxAttribute : FactAttribute
{
    public FactOnLinuxAttribute() => Skip = Unix.IsLinux ? null : "The test needs Linux.";
}

/// <inheritdoc cref="FactOnLinuxAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryOnLinuxAttribute : TheoryAttribute
{
    public TheoryOnLinuxAttribute() => Skip = Unix.IsLinux ? null : "The test needs Linux.";
}

/// <summary>A test with a device node, which only a privileged user may make.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryIfNodesCanBeMadeAttribute : TheoryAttribute
{
    public TheoryIfNodesCanBeMadeAttribute() =>
        Skip = Unix.CanMakeNodes ? null : "A device node can only be made on Linux, by a privileged user.";
}

/// <summary>A test in which system calls are made to fail from outside the process.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class TheoryIfTraceableAttribute : TheoryAttribute
{
    public TheoryIfTraceableAttribute() =>
        Skip = Unix.CanTrace ? null : "System calls can only be made to fail on Linux, where strace is there and may trace.";
}

/// <summary>Programs of the system that do what .NET has no call for.</summary>
internal static class Unix
{
    public static bool IsLinux { get; } = OperatingSystem.IsLinux();

    public static bool CanMakeNodes { get; } =
        IsLinux && Environment.IsPrivilegedProcess && InDirectory(path => TryRun("mknod", path, "c", "1", "3"));

    public static bool CanTrace { get; } = IsLinux && InDirectory(path =>
        !TryRun("strace", "-qq", "-o", path, "-e", "inject=fsync:error=EIO", "sync", Path.GetDirectoryName(path)!)
        && File.Exists(path)
        && File.ReadAllText(path).Contains("(INJECTED)", StringComparison.Ordinal));

    /// <summary>Makes something at a path that is no regular file.</summary>
    public static void Make(string kind, string path)
    {
        switch (kind)
        {
            case "fifo":
                Run("mkfifo", path);
                break;
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "socket":
                using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
                {
                    // The name stays when the socket is closed.
                    string name = Path.Combine(Path.GetDirectoryName(path)!, "s");
                    socket.Bind(new UnixDomainSocketEndPoint(name));
                    Run("mv", name, path);
                }

                break;
            case "device":
                // The null device: what is written to it is gone, and the node itself is in the folder of the test.
                Run("mknod", path, "c", "1", "3");
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind), kind, null);
        }
    }

    /// <summary>Each entry of a directory: kind, mode, owner, inode, and the content of a regular file.</summary>
    public static string[] Look(string directory) =>
    [
        .. Run("find", directory, "-mindepth", "1", "-printf", "%P %y %m %U:%G %i %l\\n").Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ') is [var name, "f", ..] ? $"{line} {Sum(Path.Combine(directory, name))}" : line)
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>One line of <see cref="Look"/>, without the content: what a file is, and which.</summary>
    public static string Stat(string path) =>
        Run("stat", "-c", "%F %a %u:%g %i", path).Replace("regular empty file", "regular file", StringComparison.Ordinal).Trim();

    /// <summary>The mode as octal digits.</summary>
    public static string Mode(string path) => Run("stat", "-c", "%a", path).Trim();

    public static void SetMode(string path, string mode) => Run("chmod", mode, path);

    /// <summary>Copies a file with its mode, also one that a store holds.</summary>
    public static void Copy(string from, string to) => Run("cp", "-p", from, to);

    /// <summary>Sets the length of a file, also of one that a store holds.</summary>
    public static void Truncate(string path, long length) => Run("truncate", "-s", length.ToString(CultureInfo.InvariantCulture), path);

    /// <summary>Runs a program to its end and gives what it wrote.</summary>
    public static string Run(string program, params string[] arguments)
    {
        (int code, string output, string errors) = Start(program, arguments);
        Assert.True(code == 0, $"'{program} {string.Join(' ', arguments)}' ended with {code}: {errors}");
        return output;
    }

    private static bool TryRun(string program, params string[] arguments)
    {
        try
        {
            return Start(program, arguments).Code == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static (int Code, string Output, string Errors) Start(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    private static bool InDirectory(Func<string, bool> probe)
    {
        using var directory = new TempDirectory();
        return probe(directory.File("probe"));
    }

    private static string Sum(string path) => Run("sha256sum", path)[..64];
}
