using System.IO.Compression;
using Imm.Core.Storage;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// Stores as a released format has left them, each a ZIP archive of its files in the folder Golden with its contents as text beside it. A
/// later version must read every one of them.
/// </summary>
/// <remarks>
/// They are made by <see cref="Write"/> with the version whose format they have, and never again: run the tests with the environment
/// variable IMM_GOLDEN set to a new folder.
/// </remarks>
internal static class GoldenStore
{
    /// <summary>A closed store.</summary>
    public const string Closed = "closed";

    /// <summary>A store whose process was killed, with batches in its log that the data file lacks.</summary>
    public const string Killed = "killed";

    /// <summary>A store whose process was killed while it overwrote pages of the data file.</summary>
    public const string Overwriting = "overwriting";

    private const int Text = 100;

    private static string Folder => Path.Combine(Conventions.Repository.Root, "Imm.Core.Tests", "Storage", "Golden");

    /// <summary>Reads the files of a golden store into a disk of its own, and its contents.</summary>
    public static (SimulatedDisk Disk, string Contents) Read(int format, string state)
    {
        string name = Path.Combine(Folder, $"format{format}-{state}");
        var disk = new SimulatedDisk();
        using ZipArchive archive = ZipFile.OpenRead(name + ".zip");
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            using Stream stream = entry.Open();
            using var bytes = new MemoryStream();
            stream.CopyTo(bytes);
            disk.Put("/store/" + entry.Name, bytes.ToArray());
        }

        return (disk, File.ReadAllText(name + ".txt"));
    }

    /// <summary>Makes the three stores in the format of this version.</summary>
    /// <returns>The state, the disk and the contents of each.</returns>
    public static IEnumerable<(string State, SimulatedDisk Disk, string Contents)> Make()
    {
        var clock = new Clock();
        var disk = new SimulatedDisk();
        string contents;
        using (ImmStore store = new StoreOnDisk(disk).Open(clock))
        {
            Fill(store);
            contents = Contents.Of(store).ToString();
        }

        yield return (Closed, disk.AsKilled(), contents);
        SimulatedDisk killed;
        SimulatedDisk? overwriting = null;
        var watched = new WatchedDisk(disk, () =>
        {
            SimulatedDisk now = disk.AsKilled();
            bool isOverwriting = DataPage.ReadHeader(now.Read(StoreOnDisk.DataPath).AsSpan(0, DataPage.Size)).IsBeingOverwritten;
            overwriting = isOverwriting ? now : overwriting;
        });
        using (ImmStore store = new StoreOnDisk(watched).Open(clock))
        {
            Change(store);
            contents = Contents.Of(store).ToString();
            killed = disk.AsKilled();
        }

        yield return (Killed, killed, contents);
        yield return (Overwriting, overwriting!, contents);
    }

    /// <summary>Makes the three stores and writes them to a folder.</summary>
    public static void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach ((string state, SimulatedDisk disk, string contents) in Make())
        {
            string name = Path.Combine(folder, $"format{DataFileHeader.SupportedFormat}-{state}");
            File.WriteAllText(name + ".txt", contents);
            using ZipArchive archive = ZipFile.Open(name + ".zip", ZipArchiveMode.Create);
            foreach (string path in disk.Paths)
            {
                using Stream stream = archive.CreateEntry(Path.GetFileName(path), CompressionLevel.SmallestSize).Open();
                stream.Write(disk.Read(path));
            }
        }
    }

    /// <summary>Every kind of record, with all fields and with defaults, in several scopes; some were changed or deleted again.</summary>
    private static void Fill(ImmStore store)
    {
        ProjectRegistry first = Contents.Registry(store, 0);
        for (int i = 0; i < 40; i++)
        {
            first.Create(new CreateProjectRequest { ProjectName = $"plain-{i:00}" });
        }

        first.Create(Full("full-of-everything"));
        first.Update(new UpdateProjectRequest { ProjectName = "plain-07", Description = "changed", DatasetMaxBindCount = 3 });
        first.Delete("plain-09");
        first.Delete("plain-39");

        ProjectRegistry second = Contents.Registry(store, 1);
        second.SetProjectQuota(1500);
        second.Create(Full("with-datasets"));
        second.Create(new CreateProjectRequest { ProjectName = "one-dataset" });
        for (int i = 0; i < 12; i++)
        {
            second.CreateDataset(new CreateDatasetRequest
            {
                ProjectName = "with-datasets",
                DatasetName = $"data-{i}",
                Description = i % 2 == 0 ? new string('d', 256) : null,
                TemplateId = i % 3 == 0 ? "Official:AllFunction" : null,
                DatasetMaxFileCount = i % 4 == 3 ? null : 5000 + i,
            });
        }

        second.CreateDataset(new CreateDatasetRequest { ProjectName = "one-dataset", DatasetName = "data" });
        for (int i = 0; i < 10; i++)
        {
            second.CreateBinding("with-datasets", "data-1", $"oss://bucket-{i}");
        }

        second.CreateBinding("one-dataset", "data", "oss://" + new string('b', 63));
        second.DeleteBinding("with-datasets", "data-1", "oss://bucket-4");
        second.AddFiles([
            new FileChange("with-datasets", "data-1", 100, 1L << 50),
            new FileChange("with-datasets", "data-2", 1, 0),
            new FileChange("one-dataset", "data", 3, 12345),
        ]);
        second.UpdateDataset(
            new UpdateDatasetRequest { ProjectName = "with-datasets", DatasetName = "data-2", Description = "\0 \U0001F600" });
        second.DeleteDataset("with-datasets", "data-3");

        Contents.Registry(store, 2).SetProjectQuota(7);

        ProjectRegistry fourth = Contents.Registry(store, 3);
        fourth.Create(new CreateProjectRequest { ProjectName = "z", ServiceRole = "role.of-mine_2" });
        fourth.Create(new CreateProjectRequest { ProjectName = "gone" });
        fourth.Delete("gone");
        fourth.Create(new CreateProjectRequest { ProjectName = "gone", Description = "is back" });
    }

    /// <summary>
    /// Changes and deletes what is in the data file, and adds to it, over several checkpoints; the last ones are in the log.
    /// </summary>
    private static void Change(ImmStore store)
    {
        ProjectRegistry first = Contents.Registry(store, 0);
        for (int i = 0; i < 40; i++)
        {
            first.Create(new CreateProjectRequest { ProjectName = $"later-{i:00}", Description = new string('l', 200) });
            first.Update(new UpdateProjectRequest { ProjectName = $"plain-{(i % 2 == 0 ? "05" : "06")}", Description = $"round {i}" });
        }

        first.Create(Full("full-of-everything-too"));
        first.Update(new UpdateProjectRequest { ProjectName = "full-of-everything", Tag = [], TemplateId = "" });
        first.Delete("plain-00");
        first.Delete("later-20");
        ProjectRegistry second = Contents.Registry(store, 1);
        second.RemoveFiles("with-datasets", "data-2", 1, 0);
        second.DeleteDataset("with-datasets", "data-2");
        second.AddFiles("one-dataset", "data", 1, 1);
        second.CreateBinding("with-datasets", "data-0", "oss://late");
        second.CreateDataset(new CreateDatasetRequest { ProjectName = "with-datasets", DatasetName = "late" });
        Contents.Registry(store, 2).SetProjectQuota(8);
        Contents.Registry(store, 2).Create(new CreateProjectRequest { ProjectName = "late" });
        Contents.Registry(store, 3).Delete("z");
    }

    private static CreateProjectRequest Full(string name) => new()
    {
        ProjectName = name,
        Description = string.Concat(Enumerable.Repeat("\u00e4\u4e2d\U0001F600'", 64)),
        ServiceRole = new string('r', 64),
        TemplateId = new string('t', 128),
        ProjectMaxDatasetCount = Text,
        DatasetMaxBindCount = 10,
        DatasetMaxFileCount = 1,
        DatasetMaxEntityCount = long.MaxValue,
        DatasetMaxRelationCount = 2,
        DatasetMaxTotalFileSize = long.MaxValue,
        Tag = [.. Enumerable.Range(0, 20).Select(
            i => new Tag($"{i:00}{new string('\u4e2d', 126)}", new string('\u00e4', i == 3 ? 0 : 128)))],
    };

    /// <summary>Moves on at each look, by a time that is no whole number of milliseconds.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _ticks = new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc).Ticks;

        public override DateTimeOffset GetUtcNow() => new(Interlocked.Add(ref _ticks, 12_345_678_901), TimeSpan.Zero);
    }
}
