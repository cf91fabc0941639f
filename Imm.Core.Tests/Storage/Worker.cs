using System.Diagnostics;
using System.Globalization;
using Imm.Core.Tests.Shared;
using Imm.Core.Tests.Storage.Outside;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The test assembly as its own child process: for what needs another process, or needs a process that can be thrown away.
/// </summary>
internal static class Worker
{
    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case [("power-cut" or "restart-power-cut") and var campaign, var seed, var mode, var limit]:
                var cut = new PowerCut(Number(seed), Enum.Parse<Durability>(mode), Number(limit));
                if (campaign == "power-cut")
                {
                    cut.Run();
                }
                else
                {
                    cut.RunWithRestarts();
                }

                Console.Write(string.Create(CultureInfo.InvariantCulture, $"{cut.Images} {cut.SecondImages}"));
                return 0;
            case ["bit-flips", var seed, var count]:
                var flip = new BitFlip(Number(seed));
                flip.Run(Number(count));
                Console.Write(string.Create(CultureInfo.InvariantCulture, $"{flip.Right} {flip.Errors}"));
                return 0;
            case ["load", var path, var closeAfter, .. var from]:
                long[] begun = [.. from.Select(n => long.Parse(n, CultureInfo.InvariantCulture))];
                KillLoad.Run(path, Number(closeAfter), begun).GetAwaiter().GetResult();
                return 0;
            case ["watch-load", var path, var closeAfter, var afterRevision, .. var from]:
                WatchLoad.Run(
                    path,
                    Number(closeAfter),
                    Number(afterRevision),
                    [.. from.Select(n => long.Parse(n, CultureInfo.InvariantCulture))]).GetAwaiter().GetResult();
                return 0;
            case ["open-and-close", var path]:
                KillLoad.OpenAndClose(path);
                return 0;
            case ["outside", var path, var seed, var length, var mode, var backUp, .. var sessions]:
                var outside = new OutsideLoad(path, Number(seed), Number(length), Enum.Parse<Durability>(mode), bool.Parse(backUp));
                outside.Run([.. sessions.Select(Number)]);
                return 0;
            case ["size-fill", var path, var scopes, var projects]:
                new SizeLoad(path, Number(scopes), Number(projects)).Fill().GetAwaiter().GetResult();
                return 0;
            case ["size-update", var path, var scopes, var projects]:
                new SizeLoad(path, Number(scopes), Number(projects)).Update().GetAwaiter().GetResult();
                return 0;
            case ["size-verify", var path, var scopes, var projects, var acknowledged]:
                Console.Write(new SizeLoad(path, Number(scopes), Number(projects)).Verify(Number(acknowledged)).GetAwaiter().GetResult());
                return 0;
            case ["open", var path]:
                return OpenOnce(path);
            case ["steps"]:
                StoreProcess.Serve();
                return 0;
            case ["shared-load", var connection, var schema, var process, .. var done]:
                SharedWorker.LoadAsync(
                    connection, schema, Number(process), [.. done.Select(n => long.Parse(n, CultureInfo.InvariantCulture))])
                    .GetAwaiter().GetResult();
                return 0;
            case ["shared-rounds", var connection, var schema, var process]:
                SharedWorker.RoundsAsync(connection, schema, Number(process)).GetAwaiter().GetResult();
                return 0;
            case ["without-pool", var directory]:
                WithoutPool.Run(directory);
                return 0;
            default:
                Console.Error.WriteLine("This is a test assembly. Run it with 'dotnet test'.");
                return 2;
        }
    }

    /// <summary>Starts a child process; its input and output are pipes.</summary>
    public static Process Start(params string[] arguments) => Process.Start(StartInfo([], arguments))!;

    /// <summary>Starts a child process with more in its environment.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        ProcessStartInfo info = StartInfo([], arguments);
        foreach ((string name, string value) in environment)
        {
            info.Environment[name] = value;
        }

        return Process.Start(info)!;
    }

    /// <summary>Starts a child process through another program, which is given with its own arguments.</summary>
    public static Process StartUnder(IReadOnlyList<string> program, params string[] arguments) =>
        Process.Start(StartInfo(program, arguments))!;

    /// <summary>Runs a child process to its end and gives what it wrote.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(params string[] arguments) => Run(new Dictionary<string, string>(), arguments);

    /// <inheritdoc cref="Run(string[])"/>
    public static string Run(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        using Process process = Start(environment, arguments);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"'{string.Join(' ', arguments)}' ended with {process.ExitCode}: {output}\n{errors.Result}");
    }

    /// <summary>Describes a child process.</summary>
    /// <param name="program">A program, with its arguments, that runs the command behind them; empty to run it directly.</param>
    /// <param name="arguments">The arguments of the child process.</param>
    public static ProcessStartInfo StartInfo(IReadOnlyList<string> program, string[] arguments)
    {
        // The host that runs this process, where it is a plain one, has the right runtime; "dotnet" on the path is as good.
        string? current = Environment.ProcessPath;
        string host = Path.GetFileNameWithoutExtension(current) == "dotnet" ? current! : "dotnet";
        string[] command = [.. program, host, "exec", typeof(Worker).Assembly.Location, .. arguments];
        return new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    private static int OpenOnce(string path)
    {
        try
        {
            ImmStore.Open(path).Dispose();
            Console.Write("opened");
        }
        catch (ImmException e)
        {
            Console.Write($"{e.Code} {e.Reason}: {e.Message}");
        }

        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
