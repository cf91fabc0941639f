using System.Diagnostics;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A test of file permissions, which do not bind the super-user.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactUnlessRootAttribute : FactAttribute
{
    public FactUnlessRootAttribute()
    {
        if (Environment.IsPrivilegedProcess)
        {
            Skip = "A privileged user may write to read-only files.";
        }
    }
}

/// <summary>A test of owners and groups of files, which only the super-user of Linux may set at will.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfPrivilegedAttribute : FactAttribute
{
    public FactIfPrivilegedAttribute() =>
        Skip = OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess ? null : "Only a privileged user of Linux may give files away.";
}

/// <summary>A test on a small file system of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class FactIfMountableAttribute : FactAttribute
{
    private static readonly bool Mountable = Try();

    public FactIfMountableAttribute()
    {
        if (!Mountable)
        {
            Skip = "A small file system can only be mounted on Linux, by a privileged user.";
        }
    }

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return false;
        }

        using var directory = new TempDirectory();
        return SmallFileSystem.Run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory.Path)
            && SmallFileSystem.Run("umount", directory.Path);
    }
}

/// <summary>A file system of 4 MiB.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly TempDirectory _directory = new();

    public SmallFileSystem() =>
        Assert.True(Run("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", _directory.Path), "A small file system could not be mounted.");

    public string File(string name) => _directory.File(name);

    public void Dispose()
    {
        Run("umount", _directory.Path);
        _directory.Dispose();
    }

    internal static bool Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
