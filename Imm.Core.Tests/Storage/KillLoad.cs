using System.Globalization;
using System.Text;
using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The load under which a process is killed: callers that each repeat creating, updating and deleting names of their own, so that a
/// caller's number of changes alone says what must be there. What was acknowledged is told to the parent process, line by line.
/// </summary>
internal static class KillLoad
{
    public const int Callers = 6;
    public const string Opening = "opening";
    public const string Closing = "closing";

    private const int Names = 5;

    /// <summary>The path to which the process writes one backup after the other.</summary>
    public static string Backup(string path) => path + "-backup";

    /// <summary>The n-th change of a caller, counted from 0.</summary>
    public static Change Nth(int caller, long n)
    {
        int scope = caller % Contents.Scopes.Length;
        if (caller < Contents.Scopes.Length && n % 13 == 12)
        {
            return new Change(scope, null, ChangeKind.Quota, "", 500 + (int)(n % 1000));
        }

        // Every name is created, then updated, then deleted; a quota change now and then takes the turn of a name.
        long turn = caller < Contents.Scopes.Length ? n - (n / 13) : n;
        string name = string.Create(CultureInfo.InvariantCulture, $"c{caller}-{turn % Names}");
        var kind = (ChangeKind)(turn / Names % 3);
        return new Change(scope, name, kind, new string((char)('a' + (n % 26)), (int)(((caller * 31) + (n * 17)) % 200)), 0);
    }

    /// <summary>The child process: opens, works from where each caller had come to, and after enough changes closes.</summary>
    public static async Task Run(string path, int closeAfter, long[] from)
    {
        using Stream output = Console.OpenStandardOutput();
        var gate = new Lock();
        Tell(Opening);
        using ImmStore store = new StoreOnDisk(LocalDisk.Instance, path).Open();
        int left = closeAfter;
        var backups = Task.Run(async () =>
        {
            while (Volatile.Read(ref left) > 0)
            {
                File.Delete(Backup(path));
                await store.BackupAsync(Backup(path));
            }
        });
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (long n = from[caller]; Interlocked.Decrement(ref left) >= 0; n++)
            {
                Change change = Nth(caller, n);
                ProjectRegistry registry = Contents.Registry(store, change.Scope);
                Project? project = null;
                switch (change.Kind)
                {
                    case ChangeKind.Create:
                        project = await registry.CreateAsync(
                            new CreateProjectRequest { ProjectName = change.Name, Description = change.Description });
                        break;
                    case ChangeKind.Update:
                        project = await registry.UpdateAsync(
                            new UpdateProjectRequest { ProjectName = change.Name, Description = change.Description });
                        break;
                    case ChangeKind.Delete:
                        await registry.DeleteAsync(change.Name!);
                        break;
                    default:
                        await registry.SetProjectQuotaAsync(change.Quota);
                        break;
                }

                Tell(string.Create(
                    CultureInfo.InvariantCulture, $"{caller} {n} {project?.CreateTime.Ticks} {project?.UpdateTime.Ticks} ."));
            }
        })));
        await backups;
        Tell(Closing);

        // In one write, so that the line is wholly in the pipe or not, and the point at its end to be sure of it.
        void Tell(string line)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(line + "\n");
            lock (gate)
            {
                output.Write(bytes);
            }
        }
    }

    /// <summary>The child process that only opens and closes, again and again.</summary>
    public static void OpenAndClose(string path)
    {
        Console.Out.WriteLine(Opening);
        Console.Out.Flush();
        while (true)
        {
            new StoreOnDisk(LocalDisk.Instance, path).Open().Dispose();
        }
    }

    public enum ChangeKind
    {
        Create,
        Update,
        Delete,
        Quota,
    }

    public sealed record Change(int Scope, string? Name, ChangeKind Kind, string Description, int Quota);
}
