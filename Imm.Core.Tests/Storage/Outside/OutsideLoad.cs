using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Imm.Core.Storage;
using Microsoft.Win32.SafeHandles;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>
/// The process that is watched from outside: it opens a store, works on it, backs it up and closes it, some times. How far it has come it
/// tells on its standard output, one system call a line, so that a record of its system calls has both in one order.
/// </summary>
internal sealed class OutsideLoad(string path, int seed, int checkpointLength, Durability durability, bool backsUp)
{
    /// <summary>The descriptor of the standard output.</summary>
    public const int Output = 1;

    public const string Opened = "opened";
    public const string Step = "step";
    public const string Done = "done";
    public const string Refused = "refused";

    /// <summary>Followed by a hash of all contents.</summary>
    public const string Holds = "holds";

    public const string DoneAfterFailure = "done-after-failure";
    public const string BackingUp = "backing-up";
    public const string BackedUp = "backed-up";
    public const string Closing = "closing";
    public const string Closed = "closed";

    /// <summary>The backup that is made in a session.</summary>
    public static string Backup(string path, int session) => string.Create(CultureInfo.InvariantCulture, $"{path}-backup{session}");

    /// <summary>The number of steps that it makes in each session; the numbers go through.</summary>
    public void Run(int[] sessions)
    {
        using var handle = new SafeFileHandle(Output, ownsHandle: false);
        using var output = new FileStream(handle, FileAccess.Write, bufferSize: 0);
        var workload = new Workload(seed);
        for (int session = 0; session < sessions.Length; session++)
        {
            ImmStore store;
            try
            {
                store = Open(LocalDisk.Instance, workload);
            }
            catch (ImmException e)
            {
                Tell($"{Refused} {e.Code} {ImmStoreState.Closed}");
                return;
            }

            if (session == 0)
            {
                workload.Begin(Contents.Of(store));
            }

            Tell(Opened);
            bool works = Work(store, workload, session, sessions[session], Tell);
            Tell(Closing);
            store.Dispose();
            Tell(Closed);
            if (!works)
            {
                return;
            }
        }

        void Tell(string line) => output.Write(Encoding.ASCII.GetBytes(line + "\n"));
    }

    /// <summary>
    /// Does the same on another disk that holds the same files, and gives the contents after each number of groups, and for each step how
    /// many groups were acknowledged before it and begun with it.
    /// </summary>
    public (IReadOnlyList<string> States, IReadOnlyList<(int AtLeast, int AtMost)> Steps) Expect(Disk disk, int steps)
    {
        var workload = new Workload(seed);
        using ImmStore store = Open(disk, workload);
        workload.Begin(Contents.Of(store));
        var bounds = new List<(int AtLeast, int AtMost)>();
        for (int i = 0; i < steps; i++)
        {
            int before = workload.Acknowledged;
            workload.Steps(store, 1);
            bounds.Add((before, workload.Begun));
        }

        bounds.Add((workload.Acknowledged, workload.Begun));
        return (workload.States, bounds);
    }

    private bool Work(ImmStore store, Workload workload, int session, int steps, Action<string> tell)
    {
        Task backup = Task.CompletedTask;
        for (int i = 0; i < steps; i++)
        {
            if (backsUp && i == steps / 3)
            {
                tell(BackingUp);
                backup = store.BackupAsync(Backup(path, session));
            }

            tell(Step);
            if (workload.Step(store) is { } refusal)
            {
                TellRefusal(store, refusal.Code, tell);
                return false;
            }

            tell(Done);
            if (backsUp && i == 2 * steps / 3)
            {
                backup.GetAwaiter().GetResult();
                tell(BackedUp);
            }
        }

        // Behind every checkpoint that is under way, so that what came of it is known.
        store.Checkpoint();
        if (store.Status.State == ImmStoreState.Failed)
        {
            TellRefusal(store, ImmErrorCode.ServiceUnavailable, tell);
            return false;
        }

        return true;
    }

    /// <summary>A text that two contents share only where they are the same.</summary>
    public static string Hash(Contents contents) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(contents.ToString())));

    private static void TellRefusal(ImmStore store, string code, Action<string> tell)
    {
        ImmStoreState state = store.Status.State;
        tell($"{Refused} {code} {state}");
        if (state == ImmStoreState.Open)
        {
            // There was no room for a change, and changes that came behind it may have found some.
            tell($"{Holds} {Hash(Contents.Of(store))}");
        }

        if (state == ImmStoreState.Failed)
        {
            try
            {
                Contents.Registry(store, 0).SetProjectQuota(1);
                tell(DoneAfterFailure);
            }
            catch (ImmException e) when (e.Code == ImmErrorCode.ServiceUnavailable)
            {
                // As it must be.
            }
        }
    }

    private ImmStore Open(Disk disk, Workload workload) =>
        new StoreOnDisk(disk, path) { CheckpointLength = checkpointLength, LogGrowthStep = checkpointLength / 2, Durability = durability }
            .Open(workload.TimeProvider);
}
