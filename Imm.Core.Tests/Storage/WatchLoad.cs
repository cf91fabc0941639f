using System.Globalization;
using System.Text;
using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The load under which a process with a watch is killed: callers that each repeat creating, updating and deleting names of their own,
/// and a watch that tells the parent process every change that it sees, as the callers tell what was acknowledged.
/// </summary>
internal static class WatchLoad
{
    public const int Callers = 5;
    public const string Closing = "closing";
    public const string Done = "done";
    public const string Seen = "seen";

    private const int Names = 3;

    public static ProjectRegistry Registry(ImmStore store) => store.Registry("account", "region");

    /// <summary>The n-th change of a caller, counted from 0.</summary>
    public static (ProjectChangeKind Kind, string Name, string Description) Nth(int caller, long n)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"c{caller}-{n % Names}");
        return (n / Names % 3) switch
        {
            0 => (ProjectChangeKind.Created, name, string.Create(CultureInfo.InvariantCulture, $"{n}")),
            1 => (ProjectChangeKind.Updated, name, string.Create(CultureInfo.InvariantCulture, $"{n}")),
            _ => (ProjectChangeKind.Deleted, name, ""),
        };
    }

    /// <summary>The caller that has a name.</summary>
    public static int CallerOf(string name) =>
        int.Parse(name.AsSpan(1, name.IndexOf('-', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);

    /// <summary>The child process: opens, watches from a revision, works from where each caller had come to, and closes.</summary>
    public static async Task Run(string path, int closeAfter, long afterRevision, long[] from)
    {
        using Stream output = Console.OpenStandardOutput();
        var gate = new Lock();
        using ImmStore store = new StoreOnDisk(LocalDisk.Instance, path).Open();
        ProjectRegistry registry = Registry(store);
        using var end = new CancellationTokenSource();
        Task watch = Watch();
        int left = closeAfter;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (long n = from[caller]; Interlocked.Decrement(ref left) >= 0; n++)
            {
                (ProjectChangeKind kind, string name, string description) = Nth(caller, n);
                switch (kind)
                {
                    case ProjectChangeKind.Created:
                        await registry.CreateAsync(new() { ProjectName = name, Description = description });
                        break;
                    case ProjectChangeKind.Updated:
                        await registry.UpdateAsync(new() { ProjectName = name, Description = description });
                        break;
                    default:
                        await registry.DeleteAsync(name);
                        break;
                }

                Tell($"{Done} {caller} {n}");
            }
        })));
        Tell(Closing);
        await end.CancelAsync();
        await watch;

        async Task Watch()
        {
            try
            {
                await foreach (ProjectChange change in registry.Watch(afterRevision, end.Token))
                {
                    Tell($"{Seen} {Text(change)}");
                }
            }
            catch (OperationCanceledException)
            {
            }
        }

        // In one write, so that the line is wholly in the pipe or not, and the point at its end to be sure of it.
        void Tell(string line)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(line + " .\n");
            lock (gate)
            {
                output.Write(bytes);
            }
        }
    }

    /// <summary>A change as one line.</summary>
    public static string Text(ProjectChange change) => string.Create(
        CultureInfo.InvariantCulture, $"{change.Revision} {change.Kind} {change.ProjectName} {change.Project?.Description}");
}
