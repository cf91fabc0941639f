namespace Imm.Core.Benchmarks;

/// <summary>Something the program can do.</summary>
/// <param name="Name">The first argument that asks for it; empty for what the program does by itself.</param>
/// <param name="Arguments">What may follow, for the help.</param>
/// <param name="Summary">One line for the help.</param>
/// <param name="RunAsync">Does it, with the arguments behind the name, and gives the exit code.</param>
internal sealed record ProgramCommand(string Name, string Arguments, string Summary, Func<string[], Task<int>> RunAsync);

/// <summary>An argument that a command does not understand.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    public static UsageException Unknown(string argument) => new($"Unknown argument '{argument}'.");
}

/// <summary>Finds the command that the arguments ask for.</summary>
internal static class CommandLine
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int WrongUsage = 2;

    private const string Start = "dotnet run -c Release --project Imm.Core.Benchmarks";

    public static async Task<int> RunAsync(ProgramCommand[] commands, string[] args)
    {
        if (args is ["--help" or "-h" or "help"])
        {
            WriteHelp(commands);
            return Success;
        }

        try
        {
            return Array.Find(commands, command => command.Name.Length > 0 && args is [var name, ..] && name == command.Name) is { } named
                ? await named.RunAsync(args[1..])
                : await commands.Single(command => command.Name.Length == 0).RunAsync(args);
        }
        catch (UsageException e)
        {
            await Console.Error.WriteLineAsync($"{e.Message} What there is: {Start} -- --help");
            return WrongUsage;
        }
    }

    private static void WriteHelp(ProgramCommand[] commands)
    {
        Console.WriteLine(Start);
        Console.WriteLine();
        (string Call, string Summary)[] lines =
            [.. commands.Select(command => ($"{command.Name} {command.Arguments}".Trim(), command.Summary)), ("--help", "Says what there is.")];
        int width = lines.Max(line => line.Call.Length);
        foreach ((string call, string summary) in lines)
        {
            Console.WriteLine($"  {call.PadRight(width)}  {summary}");
        }

        Console.WriteLine();
        Console.WriteLine($"Arguments stand behind two hyphens: {Start} -- --quick");
        Console.WriteLine("Exit codes: 0 all is well, 1 something was found that differs, 2 the arguments were not understood.");
    }
}
