using System.Buffers.Binary;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The files of a killed store do not fit together: a log was cut, or some of them are older than the others. The open is refused or finds
/// everything that was acknowledged; it never finds less without an error.
/// </summary>
public class LogEndTests
{
    private const string Data = StoreOnDisk.DataPath;
    private const string Log1 = Data + "-log1";
    private const string Log2 = Data + "-log2";
    private const int HeaderSize = 4096;

    [Theory]
    [InlineData(1, 0)]
    [InlineData(8, 0)]
    [InlineData(2, 1)]
    [InlineData(2, 4)]
    public void A_log_cut_at_any_length_is_refused_or_loses_nothing(int steps, int checkpoints)
    {
        var disk = new SimulatedDisk();
        var workload = new Workload(steps);
        using ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 1 << 20 }.Open(workload.TimeProvider);
        for (int i = 0; i < checkpoints; i++)
        {
            workload.Steps(store, 3);
            Assert.Empty(store.Check());
        }

        workload.Steps(store, steps);
        SimulatedDisk killed = disk.AsKilled();
        Assert.True(Finds(killed, workload), "The store as it was killed has other contents.");

        int refused = 0;
        foreach (string log in (string[])[Log1, Log2])
        {
            byte[] whole = killed.Read(log);
            int end = Math.Max(HeaderSize, whole.AsSpan().LastIndexOfAnyExcept((byte)0) + 1);
            for (int length = 0; length < end + 1024 && length < whole.Length; length += Disk.SectorSize)
            {
                foreach (int cut in (int[])[length, length + 1, length + 41, length + 511])
                {
                    if (cut < whole.Length)
                    {
                        string what = $"'{log}' cut to {cut} of {whole.Length} bytes, of which {end} are used";
                        refused += Finds(Changed(killed, (log, whole[..cut])), workload, what) ? 0 : 1;
                    }
                }
            }
        }

        Assert.InRange(refused, 1, int.MaxValue);
    }

    [Fact]
    public void Files_of_different_ages_are_refused_or_lose_nothing()
    {
        // The logs are switched all the time, and at each moment some changes are only in them.
        var disk = new SimulatedDisk();
        var workload = new Workload(77);
        var moments = new List<Moment>();
        using (ImmStore store = new StoreOnDisk(disk) { CheckpointLength = 8 << 10 }.Open(workload.TimeProvider))
        {
            for (int i = 0; i < 9; i++)
            {
                workload.Steps(store, 6);
                SimulatedDisk before = disk.AsKilled();
                workload.Steps(store, 2);
                SimulatedDisk killed = disk.AsKilled();
                string active = before.Read(Log1).AsSpan().SequenceEqual(killed.Read(Log1)) ? Log2 : Log1;
                moments.Add(new Moment(killed, active, workload.Acknowledged));
            }
        }

        int refused = 0;
        int found = 0;
        for (int newer = 1; newer < moments.Count; newer++)
        {
            Moment now = moments[newer];
            string other = now.Active == Log1 ? Log2 : Log1;
            Assert.True(Finds(now.Disk, workload, $"moment {newer}", now.Acknowledged), $"Moment {newer} cannot be opened.");
            for (int older = 0; older < newer; older++)
            {
                SimulatedDisk then = moments[older].Disk;
                foreach (string[] replaced in (string[][])[[Log1, Log2], [now.Active], [other], [Data], ["header"]])
                {
                    // A log that is as it was when its present generation began is what a kill at that moment leaves: nothing could tell.
                    bool SameGeneration(string log) => Generation(then, log) == Generation(now.Disk, log);
                    if (replaced.Any(path => path != Data && SameGeneration(path == "header" ? now.Active : path)))
                    {
                        continue;
                    }

                    SimulatedDisk mixed = replaced[0] == "header"
                        ? Changed(now.Disk, (now.Active, [.. Header(then, now.Active), .. now.Disk.Read(now.Active)[HeaderSize..]]))
                        : Changed(now.Disk, [.. replaced.Select(path => (path, then.Read(path)))]);
                    if (Finds(mixed, workload, $"moment {newer} with {string.Join(" and ", replaced)} of moment {older}", now.Acknowledged))
                    {
                        found++;
                    }
                    else
                    {
                        refused++;
                    }
                }
            }
        }

        Assert.InRange(refused, 10, int.MaxValue);
        Assert.InRange(refused + found, 36, int.MaxValue);
    }

    [Fact]
    public void Files_of_different_flushes_are_refused_or_lose_nothing()
    {
        // The disk at each flush; what was acknowledged by then is the least that must be found.
        var disk = new SimulatedDisk();
        var workload = new Workload(78);
        var moments = new List<Moment>();
        var watched = new WatchedDisk(disk, () => moments.Add(new Moment(disk.AsKilled(), "", workload.Acknowledged)));
        using (ImmStore store = new StoreOnDisk(watched) { CheckpointLength = 8 << 10 }.Open(workload.TimeProvider))
        {
            workload.Steps(store, 40);
        }

        Moment[] whole = [.. moments.Where(moment => ((string[])[Data, Log1, Log2]).All(moment.Disk.Paths.Contains))];
        var random = new Random(78);
        int tried = 0;
        while (tried < 120)
        {
            Moment then = whole[random.Next(whole.Length - 1)];
            Moment now = whole[random.Next(Array.IndexOf(whole, then) + 1, whole.Length)];

            // Both logs have begun a new generation since, and the data file has been through checkpoints.
            bool isOlder = ((string[])[Log1, Log2]).All(log => Generation(then.Disk, log) != Generation(now.Disk, log))
                && !then.Disk.Read(Data).AsSpan().SequenceEqual(now.Disk.Read(Data));
            if (!isOlder)
            {
                continue;
            }

            tried++;
            Finds(
                Changed(now.Disk, (Log1, then.Disk.Read(Log1)), (Log2, then.Disk.Read(Log2))),
                workload,
                $"the logs with {then.Acknowledged} groups beside the data file with {now.Acknowledged}",
                now.Acknowledged);
        }

        Assert.Equal(120, tried);
    }

    /// <summary>True where the store opens and has every group that was acknowledged, false where it is refused and not touched.</summary>
    private static bool Finds(SimulatedDisk before, Workload workload, string what = "", int? acknowledged = null)
    {
        using ImmStore? store = StoreOnDisk.OpenUnlessRefused(before.AsKilled(), what);
        if (store is null)
        {
            return false;
        }

        string contents = Contents.Of(store).ToString();
        int least = acknowledged ?? workload.Acknowledged;
        int found = workload.States.ToList().LastIndexOf(contents);
        Assert.True(found >= least, $"{what}: {least} groups were acknowledged, and {found} found.");
        return true;
    }

    private static long Generation(SimulatedDisk disk, string log) =>
        disk.Read(log) is { Length: >= 40 } bytes ? BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(32)) : 0;

    private static byte[] Header(SimulatedDisk disk, string log) =>
        disk.Read(log) is { Length: > HeaderSize } bytes ? bytes[..HeaderSize] : disk.Read(log);

    private static SimulatedDisk Changed(SimulatedDisk disk, params (string Path, byte[] Bytes)[] changes)
    {
        SimulatedDisk changed = disk.AsKilled();
        foreach ((string path, byte[] bytes) in changes)
        {
            changed.Put(path, bytes);
        }

        return changed;
    }

    private sealed record Moment(SimulatedDisk Disk, string Active, int Acknowledged);
}
