using Xunit;

namespace Imm.Core.Tests.Storage.Outside;

/// <summary>
/// The store as it is seen from outside its process: by its system calls. What a power cut may leave is built from a record of them, so
/// that no disk of the tests' own making has to be believed; calls are made to fail by the tracer, behind the back of the runtime.
/// </summary>
public class OutsideTests
{
    [TheoryIfTraceable]
    [InlineData("fsync:signal=KILL:when=3")]
    [InlineData("fsync:signal=KILL:when=8")]
    [InlineData("pwrite64:signal=KILL:when=60")]
    public void The_record_gives_the_files_of_a_killed_process_byte_for_byte(string kill)
    {
        using var directory = new TempDirectory();
        RecordedRun run = RecordedRun.Run(directory.Path, new(5, 6, 40) { BacksUp = false }, inject: kill);

        RecordedFiles files = run.Moments().Last().Files;

        Assert.NotEqual(OutsideLoad.Closed, run.Told.Count > 0 ? run.Told[^1] : null);
        SortedDictionary<string, byte[]> left = directory.Files();
        Assert.Equal(left.Keys, files.Visible.Select(file => Path.GetFileName(file.Path)));
        Assert.All(
            files.Visible.Where(file => !files.UnderWay.Contains(file.Path)),
            file => Assert.Equal(left[Path.GetFileName(file.Path)], Bytes(file.Content)));
    }

    [TheoryIfTraceable]
    [InlineData(11, Durability.Durable)]
    [InlineData(12, Durability.Relaxed)]
    public void After_a_power_cut_every_acknowledged_change_is_there(int seed, Durability durability)
    {
        int images = 0;
        int target = Campaign.Scale == 0 ? 40 : 9_000 * Campaign.Scale;
        for (; images < target; seed += 10)
        {
            using var directory = new TempDirectory();
            RecordedRun run = RecordedRun.Run(directory.Path, new(seed, 3, 20, 12) { Durability = durability });
            Assert.Equal(OutsideLoad.Closed, run.Told[^1]);
            images += Cut(run, Campaign.Scale == 0 ? 25 : 200, 3, seed, _ => true);
            Campaign.Report($"outside, {durability}: seed {seed}, {images} images opened");
        }

        Assert.InRange(images, target, int.MaxValue);
    }

    [FactIfTraceable]
    public void After_a_kill_a_restart_and_a_power_cut_every_acknowledged_change_is_there()
    {
        using var directory = new TempDirectory();
        RecordedRun first = RecordedRun.Run(directory.Path, new(5, 4, 22, 14));

        // By their numbers: the last flush before each opening, one of the first change after it, and the last of each closing, or in a
        // campaign 150 one after the other.
        HashSet<int> kills = Campaign.Scale == 0 ? [] : [.. Enumerable.Range(20, 150)];
        int flushes = 0;
        foreach ((CallStep? next, string? told, _, _) in first.Moments())
        {
            flushes += IsFlush(next) ? 1 : 0;
            if (told is OutsideLoad.Opened or OutsideLoad.Closed)
            {
                kills.Add(flushes);
            }

            if (told is OutsideLoad.Opened)
            {
                kills.Add(flushes + 3);
            }
        }

        int images = 0;
        int restarts = 0;
        int flush = 0;
        foreach ((CallStep? next, _, RecordedFiles files, RecordedRun.Progress progress) in first.Moments())
        {
            if (!IsFlush(next) || !kills.Contains(++flush))
            {
                continue;
            }

            RecordedFiles killed = files.AfterKill();
            Put(killed, directory);
            RecordedRun second = RecordedRun.Run(directory.Path, new(77, 3, 2) { BacksUp = false }, killed: (killed, progress.Expectation));
            Assert.Equal(OutsideLoad.Closed, second.Told[^1]);

            // Most of them while it opens.
            int points = Campaign.Scale == 0 ? 4 : 8;
            images += Cut(second, 2 * points, 4, flush, now => !now.HasBegun) + Cut(second, points, 3, flush, now => now.HasBegun);
            restarts++;
            Campaign.Report($"outside, kill at flush {flush} and restart: {images} images opened");
        }

        Assert.InRange(restarts, 6, kills.Count);
        Assert.InRange(images, 5 * restarts, int.MaxValue);
    }

    private static bool IsFlush(CallStep? step) => step is { Ends: false, Call.Name: "fsync" or "fdatasync" };

    /// <summary>Opens some images of some moments of a run.</summary>
    /// <param name="run">The run.</param>
    /// <param name="points">Of how many moments.</param>
    /// <param name="perPoint">The number of each.</param>
    /// <param name="seed">The same seed takes the same.</param>
    /// <param name="when">At which moments.</param>
    private static int Cut(RecordedRun run, int points, int perPoint, int seed, Predicate<RecordedRun.Progress> when)
    {
        var random = new Random(seed);
        var candidates = new List<int>();
        int index = 0;
        foreach ((CallStep? next, _, _, RecordedRun.Progress progress) in run.Moments())
        {
            if (when(progress) && next?.Call.Name is not ("openat" or "close" or "write"))
            {
                candidates.Add(index);
            }

            index++;
        }

        var chosen = random.GetItems<int>([.. candidates], points).ToHashSet();
        int images = 0;
        index = 0;
        foreach ((CallStep? next, _, RecordedFiles files, RecordedRun.Progress progress) in run.Moments())
        {
            if (chosen.Contains(index++))
            {
                CrashMoment moment = files.Moment();
                CrashImage[] extremes = [.. moment.Extremes().DistinctBy(image => image.Disk.Fingerprint)];
                random.Shuffle(extremes);
                IEnumerable<CrashImage> any = Enumerable.Range(0, perPoint / 2).Select(i => moment.Any(random, $"random {i}"));
                foreach (CrashImage image in extremes.Take((perPoint + 1) / 2).Concat(any).DistinctBy(image => image.Disk.Fingerprint))
                {
                    // Flushing takes most of the time, so that only some are opened as files.
                    string context = $"Seed {seed}, step {index}, before {next?.Call.Name}";
                    Verdict.OnImage(image, run.Folder, progress.Expectation, random.Next(), context, asFiles: images % 10 == 0);
                    images++;
                }
            }
        }

        return images;
    }

    internal static byte[] Bytes(Content content)
    {
        byte[] bytes = new byte[content.Length];
        content.Bytes.Read(0, bytes);
        return bytes;
    }

    /// <summary>Makes a folder hold what a reader sees.</summary>
    private static void Put(RecordedFiles files, TempDirectory directory)
    {
        foreach (string path in Directory.GetFiles(directory.Path))
        {
            File.Delete(path);
        }

        foreach ((string path, Content content) in files.Visible)
        {
            File.WriteAllBytes(path, Bytes(content));
        }
    }
}
