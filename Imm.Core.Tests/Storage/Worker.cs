using System.Diagnostics;
using System.Globalization;

namespace Imm.Core.Tests.Storage;

/// <summary>The test assembly as its own child process: for what needs another process, or needs a process that can be thrown away.</summary>
internal static class Worker
{
    public static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["power-cut", var seed, var mode, var limit]:
                var cut = new PowerCut(Number(seed), Enum.Parse<Durability>(mode), Number(limit));
                cut.Run();
                Console.Write(string.Create(CultureInfo.InvariantCulture, $"{cut.Images} {cut.SecondImages}"));
                return 0;
            case ["bit-flips", var seed, var count]:
                var flip = new BitFlip(Number(seed));
                flip.Run(Number(count));
                Console.Write(string.Create(CultureInfo.InvariantCulture, $"{flip.Right} {flip.Errors}"));
                return 0;
            case ["load", var path, var closeAfter, .. var from]:
                KillLoad.Run(path, Number(closeAfter), [.. from.Select(n => long.Parse(n, CultureInfo.InvariantCulture))]).GetAwaiter().GetResult();
                return 0;
            case ["open-and-close", var path]:
                KillLoad.OpenAndClose(path);
                return 0;
            case ["open", var path]:
                return OpenOnce(path);
            default:
                Console.Error.WriteLine("This is a test assembly. Run it with 'dotnet test'.");
                return 2;
        }
    }

    /// <summary>Starts a child process; its input and output are pipes.</summary>
    public static Process Start(params string[] arguments)
    {
        // The host that runs this process, where it is a plain one, has the right runtime; "dotnet" on the path is as good.
        string? host = Environment.ProcessPath;
        var start = new ProcessStartInfo(Path.GetFileNameWithoutExtension(host) == "dotnet" ? host! : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add("exec");
        start.ArgumentList.Add(typeof(Worker).Assembly.Location);
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    /// <summary>Runs a child process to its end and gives what it wrote.</summary>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(params string[] arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"'{string.Join(' ', arguments)}' ended with {process.ExitCode}: {output}\n{errors.Result}");
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
            Console.Write($"{e.Code}: {e.Message}");
        }

        return 0;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
