using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Imm.Core.Benchmarks;

/// <summary>A command of the program.</summary>
/// <param name="Name">The first argument that selects the command; empty for the default command.</param>
/// <param name="Arguments">The arguments, for the help.</param>
/// <param name="Summary">One line for the help.</param>
/// <param name="RunAsync">Runs the command with the arguments after its name and returns the exit code.</param>
internal sealed record ProgramCommand(string Name, string Arguments, string Summary, Func<string[], CancellationToken, Task<int>> RunAsync);

/// <summary>Thrown for arguments that a command does not accept.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    public static UsageException Unknown(string argument) => new($"Unknown argument '{argument}'.");
}

/// <summary>Selects and runs the command that the arguments name.</summary>
internal static class CommandLine
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int WrongUsage = 2;

    private const string Program = "dotnet run -c Release --project Imm.Core.Benchmarks";

    public static async Task<int> RunAsync(ProgramCommand[] commands, string[] args)
    {
        if (args is ["--help" or "-h" or "help"])
        {
            WriteHelp(commands);
            return Success;
        }

        using var cancellation = new CancellationTokenSource();
        void Cancel(PosixSignalContext context)
        {
            // The first signal asks the command to stop and delete its files; a second one ends the process.
            context.Cancel = !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        try
        {
            return Array.Find(commands, command => command.Name.Length > 0 && args is [var name, ..] && name == command.Name) is { } named
                ? await named.RunAsync(args[1..], cancellation.Token)
                : await commands.Single(command => command.Name.Length == 0).RunAsync(args, cancellation.Token);
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} For help: {Program} -- --help");
            return WrongUsage;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("Cancelled.");
            return Failure;
        }
        catch (Exception e)
            when (e is ImmException or IOException or UnauthorizedAccessException or InvalidOperationException or JsonException)
        {
            await Console.Error.WriteLineAsync($"The command failed. {e.Message}");
            return Failure;
        }
    }

    /// <summary>Describes a process of this program, whose output the caller reads.</summary>
    public static ProcessStartInfo OwnProcess(params string[] args)
    {
        // The host of a program that was built with one; "dotnet" takes the path of the assembly.
        string host = Environment.ProcessPath!;
        bool isDotnet = string.Equals(Path.GetFileNameWithoutExtension(host), "dotnet", StringComparison.OrdinalIgnoreCase);
        return new ProcessStartInfo(host, isDotnet ? [Assembly.GetExecutingAssembly().Location, .. args] : args)
        {
            RedirectStandardOutput = true,
        };
    }

    /// <summary>Parses the arguments of a command that accepts only <c>--quick</c>.</summary>
    /// <exception cref="UsageException">There is another argument.</exception>
    public static bool IsQuick(string[] args) => args switch
    {
        [] => false,
        ["--quick"] => true,
        _ => throw UsageException.Unknown(args.First(arg => arg != "--quick")),
    };

    private static void WriteHelp(ProgramCommand[] commands)
    {
        Console.WriteLine(Program);
        Console.WriteLine();
        (string Call, string Summary)[] lines =
        [
            .. commands.Select(command => ($"{command.Name} {command.Arguments}".Trim(), command.Summary)),
            ("--help", "Prints this help."),
        ];
        int width = lines.Max(line => line.Call.Length);
        foreach ((string call, string summary) in lines)
        {
            Console.WriteLine($"  {call.PadRight(width)}  {summary}");
        }

        Console.WriteLine();
        Console.WriteLine($"Arguments follow two hyphens: {Program} -- --quick");
        Console.WriteLine("Exit codes: 0 success, 1 a check or the command failed, 2 wrong arguments.");
    }
}
