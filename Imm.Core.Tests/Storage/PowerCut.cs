using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Runs a workload on a simulated disk, cuts the power at every moment that matters, and opens what the cut may leave.
/// </summary>
/// <remarks>
/// The workload is run once, without a cut. Just before each flush the disk is put aside with the number of groups acknowledged and begun
/// by then; afterwards the images of each of those moments are opened. So every image is judged by the history that its own run has
/// acknowledged, whatever the store's thread was doing. A backup is taken on the way; it is whole or not there. What opens is itself put
/// aside before each of its flushes, worked with and closed, and a part of those moments is opened again: the second cut, during the
/// recovery of the first.
/// At each of the moments the process may be killed instead. Then the next process starts on what the page cache
/// holds, of which the disk may still have nothing; it is put aside before each of its flushes too, and the power is cut there.
/// </remarks>
internal sealed class PowerCut
{
    private const string Backup = "/store/backup.db";

    private readonly int _seed;
    private readonly Random _random;
    private readonly Durability _durability;
    private readonly long _checkpointLength;
    private readonly int _logGrowthStep;
    private readonly int _limit;
    private int _inBackup;
    private volatile bool _isBackedUp;

    /// <param name="seed">The same seed runs the same workload and takes images at the same places.</param>
    /// <param name="durability">If relaxed, the beginning of what was acknowledged is enough, back to when the store was opened.</param>
    /// <param name="limit">About how many images to open.</param>
    public PowerCut(int seed, Durability durability, int limit)
    {
        _seed = seed;
        _random = new Random(seed);
        _durability = durability;
        _checkpointLength = (long)_random.Next(9, 33) << 9;
        _logGrowthStep = _random.Next(2) == 0 ? FileStoreSettings.DefaultLogGrowthStep : _random.Next(2, 9) << 9;
        _limit = limit;
    }

    /// <summary>The number of images that were opened.</summary>
    public int Images { get; private set; }

    /// <summary>The number of them that were left by a cut during the recovery of another one.</summary>
    public int SecondImages { get; private set; }

    /// <summary>In how many of them a backup was found and opened.</summary>
    public int Backups { get; private set; }

    /// <summary>Cuts the power, and again while the next process recovers.</summary>
    public void Run()
    {
        (Workload workload, Moment[] moments) = Record();
        int share = Math.Max(1, _limit / moments.Length);
        foreach (Moment moment in moments)
        {
            foreach (CrashImage image in Choose(moment, share))
            {
                if (Images >= _limit)
                {
                    return;
                }

                // One at least that holds the backup, whatever moments the threads have made of the run.
                bool again = _random.Next(8) == 0 || (Backups == 0 && image.Disk.Paths.Contains(Backup));
                OpenFirst(image, workload.States, moment, again);
            }
        }
    }

    /// <summary>Kills the process, and cuts the power while the next one opens, works or closes.</summary>
    public void RunWithRestarts()
    {
        (Workload workload, Moment[] moments) = Record();
        int share = Math.Max(2, _limit / moments.Length);
        foreach (Moment moment in moments.TakeWhile(_ => Images < _limit))
        {
            KillRestartAndCut(moment, workload.States, share);
        }
    }

    private (Workload Workload, Moment[] Moments) Record()
    {
        var moments = new List<Moment>();
        var workload = new Workload(_seed);
        var disk = new SimulatedDisk();
        foreach (int steps in (int[])[0, _random.Next(10, 30), _random.Next(1, 12)])
        {
            int atOpen = workload.Acknowledged;
            using ImmStore store = Open(Watch(disk, moments, workload, atOpen), workload);
            workload.Steps(store, steps);
            if (steps > 0 && !disk.Paths.Contains(Backup))
            {
                _inBackup = workload.Acknowledged;
                store.BackupAsync(Backup).GetAwaiter().GetResult();
                _isBackedUp = true;
                workload.Steps(store, 2);
            }
        }

        moments.Add(Look(disk, workload, workload.Acknowledged));

        // In an order of its own, so that a limit cuts off no end of the history.
        Moment[] shuffled = [.. moments];
        _random.Shuffle(shuffled);
        return (workload, shuffled);
    }

    private ImmStore Open(Disk disk, Workload workload) =>
        At(disk).Open(workload.TimeProvider);

    private StoreOnDisk At(Disk disk) =>
        new(disk) { CheckpointLength = _checkpointLength, LogGrowthStep = _logGrowthStep, Durability = _durability };

    private WatchedDisk Watch(SimulatedDisk disk, List<Moment> moments, Workload workload, int atOpen) => new(disk, () =>
    {
        // Only one of the store's threads is here at a time.
        moments.Add(Look(disk, workload, _durability == Durability.Durable ? workload.Acknowledged : atOpen));
    });

    private Moment Look(SimulatedDisk disk, Workload workload, int atLeast)
    {
        IEnumerable<CrashImage> images = disk.Images(randomCount: 8, seed: _seed);
        return new Moment(disk.AfterKill(), images, atLeast, workload.Acknowledged, workload.Begun, _isBackedUp);
    }

    /// <summary>Some images of a moment: the first extremes, and as many more at random.</summary>
    private CrashImage[] Choose(Moment moment, int count)
    {
        CrashImage[] images = [.. moment.Images];
        if (images.Length > count)
        {
            _random.Shuffle(images.AsSpan(Math.Min(2, count)));
        }

        return images[..Math.Min(count, images.Length)];
    }

    private void OpenFirst(CrashImage image, IReadOnlyList<string> states, Moment moment, bool again)
    {
        Images++;
        try
        {
            var seconds = new List<Moment>();
            SimulatedDisk disk = image.Disk;
            if (moment.IsBackedUp && !disk.Paths.Contains(Backup))
            {
                throw new InvalidOperationException("The backup is gone.");
            }

            Workload? next = null;
            var watched = new WatchedDisk(disk, () =>
            {
                // Until the store is open nothing is begun: what the first image holds must be found, no more and no less.
                if (again)
                {
                    seconds.Add(next is null
                        ? new Moment(disk, disk.Images(4, _seed), 0, 0, 0, _isBackedUp)
                        : Look(disk, next, _durability == Durability.Durable ? next.Acknowledged : 0));
                }
            });
            using (ImmStore store = At(watched).Open())
            {
                Contents contents = Find(store, states, moment.AtLeast, moment.AtMost);
                next = new Workload(_random.Next(), contents);
                if (again)
                {
                    AssertClean(store);
                }
            }

            if (!again)
            {
                return;
            }

            if (disk.Paths.Contains(Backup))
            {
                Backups++;
                using ImmStore backup = new StoreOnDisk(disk, Backup).Open();
                Find(backup, states, _inBackup, _inBackup);
                AssertClean(backup);
            }

            using (ImmStore store = Open(watched, next))
            {
                next.Steps(store, _random.Next(1, 6));
            }

            using (ImmStore store = Open(disk, next))
            {
                Find(store, next.States, next.Acknowledged, next.Acknowledged);
                AssertClean(store);
            }

            Moment[] shuffled = [.. seconds];
            _random.Shuffle(shuffled);
            foreach (Moment second in shuffled.Take(6))
            {
                foreach (CrashImage secondImage in Choose(second, 2))
                {
                    Images++;
                    SecondImages++;
                    try
                    {
                        using ImmStore store = Open(secondImage.Disk, next);
                        Find(store, next.States, second.AtLeast, second.AtMost);
                    }
                    catch (Exception e)
                    {
                        throw new InvalidOperationException($"A second power cut, which left:\n{secondImage}", e);
                    }
                }
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {_seed}, a power cut that left:\n{image}\n{e}", e);
        }
    }

    /// <summary>
    /// Kills the process at a moment, starts another one, and cuts the power while that opens, works or closes. The kill has lost nothing,
    /// so what is found is what the first process acknowledged, and perhaps what it had begun; once the second one is open, all that it
    /// found is as safe as if it had been acknowledged.
    /// </summary>
    private void KillRestartAndCut(Moment moment, IReadOnlyList<string> states, int count)
    {
        SimulatedDisk disk = moment.Killed;
        var seconds = new List<(IReadOnlyList<string> States, Moment Moment)>();
        Workload? next = null;
        var watched = new WatchedDisk(disk, () => seconds.Add(next is null
            ? (states, moment with { Images = disk.Images(4, _seed) })
            : (next.States, Look(disk, next, _durability == Durability.Durable ? next.Acknowledged : 0))));
        try
        {
            using ImmStore store = At(watched).Open();
            next = new Workload(_random.Next(), Find(store, states, moment.Acknowledged, moment.AtMost));
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Seed {_seed}, a process that was killed, and the start of the next one: {e}", e);
        }

        using (ImmStore store = Open(watched, next))
        {
            next.Steps(store, _random.Next(1, 8));
        }

        (IReadOnlyList<string> States, Moment Moment)[] shuffled = [.. seconds];
        _random.Shuffle(shuffled);
        foreach ((IReadOnlyList<string> expected, Moment second) in shuffled.Take(count / 2))
        {
            foreach (CrashImage image in Choose(second, 2))
            {
                Images++;
                try
                {
                    using ImmStore store = Open(image.Disk, next);
                    Find(store, expected, second.AtLeast, second.AtMost);
                    AssertClean(store);
                }
                catch (Exception e)
                {
                    string text = $"Seed {_seed}, a process that was killed, a restart, and a power cut that left:\n{image}\n{e}";
                    throw new InvalidOperationException(text, e);
                }
            }
        }
    }

    internal static void AssertClean(ImmStore store)
    {
        if (store.Check() is { Count: > 0 } problems)
        {
            throw new InvalidOperationException($"The check finds: {string.Join("; ", problems)}");
        }
    }

    /// <summary>The contents of a store, which must be those after a number of groups.</summary>
    internal static Contents Find(ImmStore store, IReadOnlyList<string> states, int atLeast, int atMost)
    {
        var contents = Contents.Of(store);
        string found = contents.ToString();
        for (int groups = atLeast; groups <= Math.Min(atMost, states.Count - 1); groups++)
        {
            if (found == states[groups])
            {
                return contents;
            }
        }

        int other = states.ToList().IndexOf(found);
        throw new InvalidOperationException(other >= 0
            ? $"Groups {atLeast} to {atMost} were expected to be the last; it was group {other}."
            : $"Groups {atLeast} to {atMost} were expected to be the last. {Contents.Difference(states[atLeast], found)}");
    }

    /// <summary>The disk at one moment; a cut there must leave the contents after some number of groups.</summary>
    /// <param name="Killed">The disk as the next process finds it if this one is killed there.</param>
    /// <param name="Images">The contents that a cut there may leave.</param>
    /// <param name="AtLeast">The number of groups that a cut must leave.</param>
    /// <param name="Acknowledged">The number of groups that a kill must leave.</param>
    /// <param name="AtMost">The number of groups that were begun.</param>
    /// <param name="IsBackedUp">True if the backup was finished.</param>
    private sealed record Moment(
        SimulatedDisk Killed, IEnumerable<CrashImage> Images, int AtLeast, int Acknowledged, int AtMost, bool IsBackedUp);
}
