using System.Diagnostics;
using System.Globalization;
using System.Text;
using Imm.Core.Tests.Storage;
using Npgsql;

namespace Imm.Core.Tests.Shared;

/// <summary>Child processes on one shared store.</summary>
internal static class SharedWorker
{
    /// <summary>Starts a process whose callers go on from the changes that they have made.</summary>
    public static Process Start(string schema, int process, SharedCaller[] callers) => Worker.Start(
        [
            "shared-load", PostgresServer.Shared.ConnectionString, schema, Text(process), .. callers.Select(caller => Text(caller.Done)),
        ]);

    /// <summary>Takes note of what a process acknowledges, kills it after so many changes, and of what it still had said.</summary>
    public static void ReadAndKill(Process process, SharedCaller[] callers, int acknowledgements)
    {
        using (process)
        {
            Task<string> errors = process.StandardError.ReadToEndAsync();
            int count = 0;
            while (process.StandardOutput.ReadLine() is { } line)
            {
                if (line.Split(' ') is [var caller, var done, "."])
                {
                    callers[int.Parse(caller, CultureInfo.InvariantCulture)].Done = long.Parse(done, CultureInfo.InvariantCulture);
                    if (++count == acknowledgements)
                    {
                        process.Kill();
                    }
                }
            }

            process.WaitForExit();
            if (count < acknowledgements || errors.Result.Length > 0)
            {
                throw new InvalidOperationException($"The process failed after {count} changes: {errors.Result}");
            }
        }
    }

    /// <summary>The child process.</summary>
    public static async Task LoadAsync(string connectionString, string schema, int process, long[] done)
    {
        using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        using ImmStore store = ImmStore.Open(
            new ImmStoreOptions { DataSource = source, Schema = schema, ProjectQuota = SharedCaller.Quota });
        using Stream output = Console.OpenStandardOutput();
        var gate = new Lock();
        await Task.WhenAll(done.Select((from, index) => Task.Run(async () =>
        {
            var caller = new SharedCaller(process, index) { Done = from };
            while (true)
            {
                await caller.StepAsync(store);
                byte[] line = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{index} {caller.Done} .\n"));
                lock (gate)
                {
                    output.Write(line);
                }
            }
        })));
    }

    /// <summary>
    /// The child process of rounds. Each line of input names an account; in it 16 callers create projects on the same names, and each call
    /// is a line of output: its begin and end on the clock that all processes share, the caller, the operation, the name and the outcome.
    /// </summary>
    public static async Task RoundsAsync(string connectionString, string schema, int process)
    {
        using NpgsqlDataSource source = NpgsqlDataSource.Create(connectionString);
        using ImmStore store = ImmStore.Open(new ImmStoreOptions { DataSource = source, Schema = schema });
        Console.Out.WriteLine("ready");
        while (await Console.In.ReadLineAsync() is { } line)
        {
            string[] round = line.Split(' ');
            int callers = int.Parse(round[1], CultureInfo.InvariantCulture);
            int calls = int.Parse(round[2], CultureInfo.InvariantCulture);
            int names = int.Parse(round[3], CultureInfo.InvariantCulture);
            ProjectRegistry registry = store.Registry(round[0], "region");
            string[][] made = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
            {
                var random = new Random((process * 1000) + caller);
                var lines = new string[calls];
                for (int i = 0; i < calls; i++)
                {
                    string name = string.Create(CultureInfo.InvariantCulture, $"n{random.Next(names)}");
                    string text = string.Create(CultureInfo.InvariantCulture, $"p{process}c{caller}i{i}");
                    string operation = random.Next(names <= 2 ? 5 : 1) switch
                    {
                        0 => $"create {text}",
                        1 => $"update {text}",
                        2 => "delete",
                        3 => "get",
                        _ => "list",
                    };
                    long begin = Stopwatch.GetTimestamp();
                    string outcome = await CallAsync(registry, operation, name, text);
                    lines[i] = string.Create(
                        CultureInfo.InvariantCulture,
                        $"{begin}\t{Stopwatch.GetTimestamp()}\t{(process * 100) + caller}\t{operation}\t{name}\t{outcome}");
                }

                return lines;
            })));
            foreach (string call in made.SelectMany(lines => lines))
            {
                Console.Out.WriteLine(call);
            }

            Console.Out.WriteLine("end");
        }
    }

    private static async Task<string> CallAsync(ProjectRegistry registry, string operation, string name, string text)
    {
        try
        {
            switch (operation[0])
            {
                case 'c':
                    await registry.CreateAsync(new CreateProjectRequest { ProjectName = name, Description = text });
                    return "done";
                case 'u':
                    await registry.UpdateAsync(new UpdateProjectRequest { ProjectName = name, Description = text });
                    return "done";
                case 'd':
                    await registry.DeleteAsync(name);
                    return "done";
                case 'g':
                    return registry.TryGet(name, out Project? project) ? project.Description : "missing";
                default:
                    return string.Concat(registry.List().Projects.Select(project => $"{project.ProjectName}={project.Description};"));
            }
        }
        catch (ImmException e)
        {
            return e.Code switch
            {
                ImmErrorCode.ResourceAlreadyExists => "exists",
                ImmErrorCode.ResourceNotFound => "missing",
                ImmErrorCode.LimitExceededError => $"full {e.Used}/{e.Limit}",
                _ => $"{e.Code} {e.Message}",
            };
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
