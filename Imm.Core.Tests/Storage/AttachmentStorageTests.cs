using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Attached buckets in a file: over restarts, crashes, checkpoints and backups.</summary>
public sealed class AttachmentStorageTests
{
    private readonly SimulatedDisk _disk = new();

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Attached_buckets_are_found_again(bool isKilled, bool hasCheckpoint)
    {
        SimulatedDisk disk = _disk;
        List<string> before;
        using (ImmStore store = new StoreOnDisk(_disk).Open())
        {
            Fill(store.Registry());
            if (hasCheckpoint)
            {
                store.Checkpoint();
            }

            store.Registry().DetachOssBucket("b-07");
            before = Everything(store.Registry());
            disk = isKilled ? _disk.AsKilled() : _disk;
        }

        using ImmStore reopened = new StoreOnDisk(disk).Open();
        Assert.Equal(before, Everything(reopened.Registry()));
        Assert.Empty(reopened.Check());
        Assert.Equal(
            ImmErrorCode.ResourceAlreadyExists,
            Assert.Throws<ImmException>(() => Attach(reopened.Registry(), "q", "b-08")).Code);
        Assert.Equal("q", Attach(reopened.Registry(), "q", "b-07").ProjectName.Value);
        Assert.Equal(ImmErrorCode.StatusConflict, Assert.Throws<ImmException>(() => reopened.Registry().Delete("q")).Code);
    }

    [Fact]
    public async Task A_backup_has_the_attached_buckets()
    {
        using ImmStore store = new StoreOnDisk(_disk).Open();
        Fill(store.Registry());

        await store.BackupAsync("/store/copy.db");

        using ImmStore copy = new StoreOnDisk(_disk, "/store/copy.db").Open();
        Assert.Equal(Everything(store.Registry()), Everything(copy.Registry()));
        Assert.Empty(copy.Check());
    }

    private static void Fill(ProjectRegistry registry)
    {
        registry.Create(new() { ProjectName = "p" });
        registry.Create(new() { ProjectName = "q" });
        registry.CreateDataset(new() { ProjectName = "p", DatasetName = "d" });
        for (int i = 0; i < 40; i++)
        {
            Attach(registry, i % 3 == 0 ? "q" : "p", $"b-{i:D2}");
        }
    }

    private static OssBucketAttachment Attach(ProjectRegistry registry, string project, string bucket) =>
        registry.AttachOssBucket(new() { ProjectName = project, OssBucket = bucket, Description = $"of {project}" });

    private static List<string> Everything(ProjectRegistry registry)
    {
        var lines = new List<string>();
        foreach (Project project in registry.List().Projects)
        {
            string name = project.ProjectName.Value;
            lines.Add($"{name} {project.Revision} {project.DatasetCount}");
            lines.AddRange(registry.ListAttachedOssBuckets(new() { ProjectName = name }).AttachedOssBuckets.Select(each => $"{each}"));
        }

        return lines;
    }
}
