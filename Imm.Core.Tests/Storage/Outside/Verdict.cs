using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>Opens what a power cut or a kill may leave and compares it with what was acknowledged.</summary>
internal static class Verdict
{
    /// <summary>
    /// Opens an image: what was acknowledged is there, what was in doubt wholly or not at all, the check finds nothing, a few more changes
    /// work, and after a clean close it opens without recovery.
    /// </summary>
    /// <param name="image">The files that a power cut has left.</param>
    /// <param name="folder">The store's folder in it.</param>
    /// <param name="expected">The contents that may be found in it.</param>
    /// <param name="seed">Of the changes that are made to it.</param>
    /// <param name="context">The origin of the image, for the message.</param>
    /// <param name="asFiles">True to open files of this machine; on a disk in memory it takes no time to flush.</param>
    /// <exception cref="InvalidOperationException">It does not.</exception>
    public static void OnImage(CrashImage image, string folder, Expectation expected, int seed, string context, bool asFiles)
    {
        try
        {
            if (asFiles)
            {
                using var directory = new TempDirectory();
                foreach (string path in image.Disk.Paths)
                {
                    File.WriteAllBytes(directory.File(Path.GetFileName(path)), image.Disk.Read(path));
                }

                OnDisk(LocalDisk.Instance, directory.Path, expected.AtLeast, expected, seed);
            }
            else
            {
                OnDisk(image.Disk, folder, expected.AtLeast, expected, seed);
            }
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{context}: a power cut that left\n{image}\n{e}", e);
        }
    }

    /// <summary>Opens what is in a folder, and expects of it what <see cref="OnImage"/> does.</summary>
    public static void OnDisk(Disk disk, string folder, int atLeast, Expectation expected, int seed)
    {
        StoreOnDisk at = new StoreOnDisk(disk, RecordedRun.Store(folder)) { CheckpointLength = 8 << 10 };
        var next = new Workload(seed);
        using (ImmStore store = at.Open(next.TimeProvider))
        {
            next.Begin(PowerCut.Find(store, expected.States, atLeast, expected.AtMost));
            PowerCut.AssertClean(store);
            next.Steps(store, 2);
        }

        foreach ((string path, int least, int most, bool isDone) in expected.Backups)
        {
            StoreOnDisk backup = new(disk, Path.Combine(folder, Path.GetFileName(path)));
            if (disk.Length(backup.Path) is not null)
            {
                using ImmStore store = backup.Open();
                PowerCut.Find(store, expected.States, least, Math.Min(most, expected.AtMost));
                PowerCut.AssertClean(store);
            }
            else if (isDone)
            {
                throw new InvalidOperationException($"The backup '{backup.Path}' is gone.");
            }
        }

        using (ImmStore store = at.Open())
        {
            if (store.Status is { RecoveredRecords: > 0 } or { RecoveredPages: > 0 })
            {
                throw new InvalidOperationException("After a clean close something had to be recovered.");
            }

            PowerCut.Find(store, next.States, next.Acknowledged, next.Acknowledged);
            PowerCut.AssertClean(store);
        }
    }
}
