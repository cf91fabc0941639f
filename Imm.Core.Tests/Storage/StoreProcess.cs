using System.Diagnostics;
using System.Globalization;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// A child process that works with stores step by step: each step is a line of its input, each answer a line of its output. For what must
/// not happen in the process of the tests: a change of its working directory, limits and switches, system calls that fail, a kill.
/// </summary>
/// <remarks>
/// An answer is <c>ok</c>, <c>ok: </c> and a value, or the error code of an <see cref="ImmException"/>, its reason and its
/// message.
/// </remarks>
internal sealed class StoreProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    /// <param name="launcher">A program, with its arguments, that runs the command behind them; none to run the process directly.</param>
    public StoreProcess(params string[] launcher)
        : this(launcher, [])
    {
    }

    /// <param name="launcher">A program, with its arguments, that runs the command behind them; empty to run the process directly.</param>
    /// <param name="environment">Environment variables of the process.</param>
    public StoreProcess(string[] launcher, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = Worker.StartInfo(launcher, ["steps"]);
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        Assert.Equal("ok", Answer());
    }

    public int Id => _process.Id;

    /// <summary>Opens a store under a handle. With a checkpoint length its logs are switched every few changes.</summary>
    public string Open(string handle, string path, int checkpointLength = 0) =>
        Do("open", handle, path, checkpointLength.ToString(CultureInfo.InvariantCulture));

    /// <summary>Opens a store and creates projects in it, all of which must succeed.</summary>
    public void OpenWith(string handle, string path, params string[] names)
    {
        Assert.Equal("ok", Open(handle, path));
        Assert.All(names, name => Assert.Equal("ok", Create(handle, name)));
    }

    public string Create(string handle, string name) => Do("create", handle, name);

    /// <summary>The names of the projects, with commas between.</summary>
    public string Names(string handle) => Do("names", handle);

    /// <summary>Does one step and gives the answer.</summary>
    public string Do(params string[] step)
    {
        _process.StandardInput.Write(string.Join('\t', step) + "\n");
        _process.StandardInput.Flush();
        return Answer();
    }

    /// <summary>Kills the process, which closes nothing.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    /// <summary>The child process.</summary>
    public static void Serve()
    {
        Console.Out.Write("ok\n");
        Console.Out.Flush();
        var stores = new Dictionary<string, ImmStore>();
        while (Console.In.ReadLine() is { } line)
        {
            string answer;
            try
            {
                string value = Step(stores, line.Split('\t'));
                answer = value.Length == 0 ? "ok" : $"ok: {value}";
            }
            catch (ImmException e)
            {
                answer = $"{e.Code} {e.Reason}: {e.Message}";
            }
#pragma warning disable CA1031 // The parent process asserts what kind of exception it is.
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer = $"{e.GetType().Name}: {e}";
            }

            Console.Out.Write(answer.ReplaceLineEndings(" ") + "\n");
            Console.Out.Flush();
        }
    }

    private static string Step(Dictionary<string, ImmStore> stores, string[] step)
    {
        switch (step)
        {
            case ["cd", var directory]:
                Directory.SetCurrentDirectory(directory);
                return "";
            case ["open", var handle, var path, var length]:
                int checkpointLength = int.Parse(length, CultureInfo.InvariantCulture);
                var onDisk = new StoreOnDisk(LocalDisk.Instance, path) { CheckpointLength = checkpointLength };
                stores.Add(handle, checkpointLength == 0 ? ImmStore.Open(path) : onDisk.Open());
                return "";
            case ["create", var handle, var name]:
                stores[handle].Registry().Create(new CreateProjectRequest { ProjectName = name, Description = new string('d', 200) });
                return "";
            case ["names", var handle]:
                ProjectPage page = stores[handle].Registry().List(new ListProjectsRequest { MaxResults = 200 });
                return string.Join(',', page.Projects.Select(project => project.ProjectName));
            case ["check", var handle]:
                return string.Join("; ", stores[handle].Check());
            case ["status", var handle]:
                return $"{stores[handle].Status.State} {stores[handle].Status.Failure?.Message}";
            case ["backup", var handle, var path]:
                stores[handle].BackupAsync(path).GetAwaiter().GetResult();
                return "";
            case ["backup-and-cd", var handle, var path, var directory]:
                BackupAndChangeDirectory(stores[handle], path, directory);
                return "";
            case ["import", var path]:
                ImmStore.Import(path, new MemoryStream("{}"u8.ToArray()));
                return "";
            case ["salvage", var path, var newPath]:
                ImmStore.Salvage(path, newPath);
                return "";
            case ["close", var handle]:
                stores[handle].Dispose();
                return "";
            default:
                throw new ArgumentException($"There is no step '{step[0]}'.", nameof(step));
        }
    }

    /// <summary>Changes the working directory between the call and everything that it leaves to the thread pool.</summary>
    private static void BackupAndChangeDirectory(ImmStore store, string path, string directory)
    {
        int threads = Environment.ProcessorCount;
        ThreadPool.SetMinThreads(threads, threads);
        ThreadPool.SetMaxThreads(threads, threads);
        using var busy = new CountdownEvent(threads);
        using var go = new ManualResetEventSlim();
        for (int i = 0; i < threads; i++)
        {
            ThreadPool.QueueUserWorkItem(_ =>
            {
                busy.Signal();
                go.Wait();
            });
        }

        busy.Wait();
        Task backup = store.BackupAsync(path);
        Directory.SetCurrentDirectory(directory);
        go.Set();
        backup.GetAwaiter().GetResult();
    }

    private string Answer() =>
        _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"The child process ended. {_errors.Result}");
}
