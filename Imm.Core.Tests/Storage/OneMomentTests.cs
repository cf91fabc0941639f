using System.Globalization;
using Imm.Core.Tests.Registry;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Check and backup beside writers: they see the store as it is at one moment, and the writers do not wait for them.</summary>
public class OneMomentTests
{
    private const string Backup = "/store/backup.db";

    [Fact]
    public async Task A_backup_during_writes_has_the_state_of_one_moment()
    {
        // The n-th change goes to the scope n % 4: a backup that does not hold all of the first so many changes is of no one moment.
        var disk = new SimulatedDisk();
        using ImmStore store = new StoreOnDisk(disk).Open();
        int acknowledged = 0;
        using var done = new CancellationTokenSource();
        Task writer = Task.Run(() =>
        {
            for (int n = 0; !done.IsCancellationRequested && n < 3900; n++)
            {
                Contents.Registry(store, n % 4).Create(Request(n));
                Volatile.Write(ref acknowledged, n + 1);
            }
        });

        var moments = new List<(int Before, int Found, int After)>();
        for (int i = 0; i < 8; i++)
        {
            int before = Volatile.Read(ref acknowledged);
            await store.BackupAsync(Backup);
            int after = Volatile.Read(ref acknowledged);
            moments.Add((before, Found(disk, Backup), after));
            disk.Delete(Backup);
        }

        await done.CancelAsync();
        await writer;
        Assert.All(moments, moment => Assert.InRange(moment.Found, moment.Before, moment.After + 1));
        Assert.Empty(store.Check());
    }

    [Fact]
    public async Task A_check_during_writes_finds_no_problem()
    {
        using ImmStore store = new StoreOnDisk(new SimulatedDisk()).Open();
        using var done = new CancellationTokenSource();
        Task writer = Task.Run(() =>
        {
            // What belongs together comes and goes in several changes; at each moment between them everything belongs to something.
            ProjectRegistry registry = Contents.Registry(store, 0);
            for (int n = 0; !done.IsCancellationRequested; n++)
            {
                string name = $"p{n % 7}";
                registry.Create(new CreateProjectRequest { ProjectName = name });
                registry.CreateDataset(new CreateDatasetRequest { ProjectName = name, DatasetName = "d" });
                registry.AddFiles(name, "d", 1, 10);
                registry.RemoveFiles(name, "d", 1, 10);
                registry.DeleteDataset(name, "d");
                registry.Delete(name);
            }
        });

        for (int i = 0; i < 30; i++)
        {
            Assert.Empty(store.Check());
        }

        await done.CancelAsync();
        await writer;
        Assert.Empty(store.Check());
    }

    [Fact]
    public async Task Changes_and_checkpoints_do_not_wait_for_a_backup()
    {
        var simulated = new SimulatedDisk();
        using var disk = new GatedDisk(simulated, path => path.StartsWith(Backup, StringComparison.Ordinal));
        using ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 8 << 10 }.Open();
        for (int n = 0; n < 40; n++)
        {
            Contents.Registry(store, n % 4).Create(Request(n));
        }

        disk.BlockFlushes();
        Task backup = store.BackupAsync(Backup);
        disk.AwaitBlockedFlush();
        Bounded.Run(() => "a change beside a backup", () =>
        {
            // Many times what both logs take.
            for (int n = 40; n < 400; n++)
            {
                Contents.Registry(store, n % 4).Create(Request(n));
            }
        });
        Assert.False(backup.IsCompleted);
        disk.ReleaseFlushes();
        await backup;

        Assert.Equal(40, Found(simulated, Backup));
        Assert.Empty(store.Check());
    }

    private static CreateProjectRequest Request(int n) =>
        new() { ProjectName = string.Create(CultureInfo.InvariantCulture, $"p{n:0000}"), Description = new string('d', 200) };

    /// <summary>The number of changes that a copy holds; they must be the first so many.</summary>
    private static int Found(SimulatedDisk disk, string path)
    {
        using ImmStore copy = new StoreOnDisk(disk.AsKilled(), path).Open();
        Assert.Empty(copy.Check());
        var contents = Contents.Of(copy);
        int[] found =
        [
            .. Enumerable.Range(0, 4)
                .SelectMany(contents.Projects)
                .Select(project => int.Parse(project.ProjectName.Value.AsSpan(1), CultureInfo.InvariantCulture))
                .Order(),
        ];
        Assert.Equal(Enumerable.Range(0, found.Length), found);
        return found.Length;
    }
}
