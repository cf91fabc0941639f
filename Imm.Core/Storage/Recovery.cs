using System.Globalization;

namespace Imm.Core.Storage;

/// <summary>What opening finds in the files of a store, and how it makes them one whole again.</summary>
internal static class Recovery
{
    /// <summary>Leaves the store open: the data file up to date and stamped so, both logs at the beginning of a lap.</summary>
    public static RecoveredStore Run(Disk disk, string path, DataFile data, RedoLog?[] logs, Func<Guid> newStoreId)
    {
        // A close that was cut short while it overwrote pages has said already that the store is closed, and still needs its logs.
        DataFile.Stamp found = data.ReadStampUnchecked();
        if (!found.IsBeingOverwritten)
        {
            // Checked at once: a bad stamp must not put the blame on the logs.
            found = data.ReadStamp();
        }

        return found.IsOpen || found.IsBeingOverwritten ? Resume(disk, path, data, logs, found) : Begin(disk, path, data, logs, newStoreId());
    }

    /// <summary>Refuses to make a new data file beside a log that belongs to a store which has had changes.</summary>
    public static void RefuseOrphan(Disk disk, string path, string logPath)
    {
        if (disk.Length(logPath) is null)
        {
            return;
        }

        using RedoLog? log = RedoLog.Open(disk, logPath, storeId: null);
        if (log is not null && (log.BaseSequence > 0 || log.ReadFrames().Frames.Count > 0))
        {
            throw new DamagedFileException(logPath, $"it holds changes of a store, but the data file '{path}' is missing. To begin anew, move the log away.");
        }
    }

    /// <summary>The store was closed: everything is in the data file. Makes the logs and says in the data file that they belong to it.</summary>
    /// <remarks>
    /// It is given a new identity each time. Copies of a closed file go their own ways when they are opened, and their logs are none of each other's.
    /// </remarks>
    private static RecoveredStore Begin(Disk disk, string path, DataFile data, RedoLog?[] logs, Guid newStoreId)
    {
        DataFile.Stamp stamp = data.ReadStamp();
        (string first, string second) = FileStore.LogPaths(path);
        RefuseNewer(disk, first, stamp);
        RefuseNewer(disk, second, stamp);

        long lap = FirstLap(stamp);
        RedoLog active = logs[0] = RedoLog.Create(disk, first, newStoreId, lap, stamp.AppliedSequence);
        RedoLog spare = logs[1] = RedoLog.Create(disk, second, newStoreId, lap + 1, stamp.AppliedSequence);
        disk.FlushDirectory(path);
        stamp = stamp with { StoreId = newStoreId, IsOpen = true, Checkpoint = stamp.Checkpoint + 1 };
        Checkpoint.Run(data, active, [], stamp);
        active.Begin(lap + 2, stamp.AppliedSequence);
        return new RecoveredStore(active, spare, stamp, 0, 0);
    }

    /// <summary>A log beside a closed store may only repeat what the data file has.</summary>
    private static void RefuseNewer(Disk disk, string logPath, in DataFile.Stamp stamp)
    {
        if (disk.Length(logPath) is null)
        {
            return;
        }

        using RedoLog? log = RedoLog.Open(disk, logPath, storeId: null);
        if (log is null)
        {
            return;
        }

        LogContent content = log.ReadFrames();
        if (log.StoreId != stamp.StoreId && !IsBeginning(log, content, stamp))
        {
            throw RedoLog.OfAnotherStore(logPath);
        }

        if (log.BaseSequence > stamp.AppliedSequence || LastSequence(content) > stamp.AppliedSequence)
        {
            throw Newer(logPath);
        }
    }

    /// <summary>Whether a log is what an earlier attempt to open this very state left, before the data file knew the new identity.</summary>
    private static bool IsBeginning(RedoLog log, LogContent content, in DataFile.Stamp stamp) =>
        log.BaseSequence == stamp.AppliedSequence && content.Frames.Count == 0 && content.FlushedSequence == 0
        && log.Lap - FirstLap(stamp) is 0 or 1;

    /// <summary>The store was not closed: finishes the checkpoint that was cut short, if one was, and applies what the logs hold beyond it.</summary>
    private static RecoveredStore Resume(Disk disk, string path, DataFile data, RedoLog?[] logs, in DataFile.Stamp found)
    {
        (string first, string second) = FileStore.LogPaths(path);
        logs[0] = OpenLog(disk, path, first, found);
        logs[1] = OpenLog(disk, path, second, found);
        RedoLog[] both = [logs[0]!, logs[1]!];
        LogContent[] contents = [both[0].ReadFrames(), both[1].ReadFrames()];
        int pages = 0;
        if (found.IsBeingOverwritten)
        {
            pages = FinishOverwriting(data, both, contents, found);
        }

        DataFile.Stamp stamp = data.ReadStamp();
        var records = new List<Record>();
        long last = ReadRecords(both, contents, stamp.AppliedSequence, records);
        long flushed = Math.Max(contents[0].FlushedSequence, contents[1].FlushedSequence);
        if (last < flushed)
        {
            throw new DamagedFileException(
                both[0].Name,
                string.Create(CultureInfo.InvariantCulture, $"batch {last + 1} of this log or of '{both[1].Name}' was acknowledged and cannot be read; batches up to {flushed} were."));
        }

        stamp = stamp with { IsOpen = true, AppliedSequence = last, Checkpoint = stamp.Checkpoint + 1 };
        Checkpoint.Run(data, both[0], records, stamp);
        long lap = Math.Max(both[0].Lap, both[1].Lap);
        both[0].Begin(lap + 1, last);
        both[1].Begin(lap + 2, last);
        return new RecoveredStore(both[0], both[1], stamp, records.Count, pages);
    }

    private static RedoLog OpenLog(Disk disk, string path, string logPath, in DataFile.Stamp stamp)
    {
        if (disk.Length(logPath) is null)
        {
            throw new DamagedFileException(logPath, $"it is missing, and the data file '{path}' was not closed: the latest changes are in it.");
        }

        return RedoLog.Open(disk, logPath, stamp.StoreId)
            ?? throw new DamagedFileException(logPath, $"it is empty, and the data file '{path}' was not closed: the latest changes were in it.");
    }

    private static int FinishOverwriting(DataFile data, RedoLog[] logs, LogContent[] contents, in DataFile.Stamp found)
    {
        for (int i = 0; i < logs.Length; i++)
        {
            if (contents[i].Pages is not { } frame)
            {
                continue;
            }

            List<KeyValuePair<uint, byte[]>> pages = [.. logs[i].ReadPages(frame)];
            if (pages.Count == 0 || pages[0].Key != 0 || DataFile.StampOf(pages[0].Value) != found)
            {
                continue;
            }

            data.Overwrite(pages, found with { IsBeingOverwritten = false });
            return pages.Count;
        }

        throw new DamagedFileException(data.Name, $"a checkpoint was cut short, and its pages are whole neither in '{logs[0].Name}' nor in '{logs[1].Name}'.");
    }

    /// <summary>Collects the records behind a sequence number without a gap; gives the number of the last batch.</summary>
    private static long ReadRecords(RedoLog[] logs, LogContent[] contents, long applied, List<Record> records)
    {
        var frames = new List<(RedoLog Log, LogFrame Frame)>();
        for (int i = 0; i < logs.Length; i++)
        {
            if (logs[i].BaseSequence > applied)
            {
                throw Newer(logs[i].Name);
            }

            RedoLog log = logs[i];
            frames.AddRange(contents[i].Frames.Where(frame => frame.Sequence > applied).Select(frame => (log, frame)));
        }

        frames.Sort(static (a, b) => a.Frame.Sequence.CompareTo(b.Frame.Sequence));
        long last = applied;
        foreach ((RedoLog log, LogFrame frame) in frames)
        {
            if (frame.Sequence != last + 1)
            {
                break;
            }

            try
            {
                BatchCodec.Read(log.ReadPayload(frame), records);
            }
            catch (InvalidDataException e)
            {
                throw new DamagedFileException(log.Name, string.Create(CultureInfo.InvariantCulture, $"batch {frame.Sequence}: {e.Message}"));
            }

            last = frame.Sequence;
        }

        return last;
    }

    /// <summary>The first lap of a closed store that is opened: higher than any before, for a file system may bring a deleted log back.</summary>
    private static long FirstLap(in DataFile.Stamp stamp) => (3 * stamp.Checkpoint) + 1;

    private static long LastSequence(LogContent content) => content.Frames.Count > 0 ? content.Frames[^1].Sequence : 0;

    private static DamagedFileException Newer(string logPath) =>
        new(logPath, "it goes on from a later state than the data file beside it has. Where the data file is an older copy, move the log files away.");
}

/// <summary>A store ready to be written to, and what opening it took.</summary>
/// <param name="Active">The log for the next batch.</param>
/// <param name="Spare">The other log.</param>
/// <param name="Stamp">What the data file says of itself.</param>
/// <param name="RecoveredRecords">How many records were found in the logs only.</param>
/// <param name="RecoveredPages">How many pages a checkpoint that was cut short still had to bring into the data file.</param>
internal sealed record RecoveredStore(RedoLog Active, RedoLog Spare, DataFile.Stamp Stamp, int RecoveredRecords, int RecoveredPages);
