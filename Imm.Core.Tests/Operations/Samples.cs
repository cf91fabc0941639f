using System.Diagnostics;
using Imm.Core.Tests.Conventions;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>The programs of the folder "samples", each built once, as <c>dotnet run</c> builds it.</summary>
public sealed class Samples : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Dictionary<string, string> _built = [];

    /// <summary>Starts a program.</summary>
    /// <param name="program">The name of its file without the extension.</param>
    /// <param name="arguments">Its arguments.</param>
    public Process Start(string program, params string[] arguments) => Execute("dotnet", [Build(program), .. arguments]);

    /// <summary>Starts a program by a shell that does something before, such as closing the standard input.</summary>
    /// <param name="shell">The command of the shell, in which <c>"$@"</c> is the program with its arguments.</param>
    /// <param name="program">The name of its file without the extension.</param>
    /// <param name="arguments">Its arguments.</param>
    public Process StartIn(string shell, string program, params string[] arguments) =>
        Execute("sh", ["-c", shell, "sh", "dotnet", Build(program), .. arguments]);

    /// <summary>Builds a program, once.</summary>
    /// <returns>The path of its assembly.</returns>
    private string Build(string program)
    {
        lock (_built)
        {
            if (!_built.TryGetValue(program, out string? assembly))
            {
                string output = _directory.File(program);
                Run("dotnet", ["build", Repository.File("Imm.Core", "samples", $"{program}.cs"), "-o", output, "-v", "q", "-nologo"]);
                _built.Add(program, assembly = Path.Combine(output, $"{program}.dll"));
            }

            return assembly;
        }
    }

    public void Dispose() => _directory.Dispose();

    private static Process Execute(string file, string[] arguments)
    {
        var start = new ProcessStartInfo(file, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private static void Run(string file, string[] arguments)
    {
        using Process process = Execute(file, arguments);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + errors.Result);
    }
}
