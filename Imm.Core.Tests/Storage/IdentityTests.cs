using Imm.Core.Storage;
using Imm.Core.Tests.Registry;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The files of an open store are moved, deleted, replaced or cut behind its back. It touches no file that has come in their place,
/// and acknowledges nothing for long that would not be found again.
/// </summary>
public sealed class IdentityTests : IDisposable
{
    private const string Told = "moved|replaced|deleted|missing|cut|truncated|length|bytes";

    private static readonly string[] Names = ["imm.db", "imm.db-log1", "imm.db-log2"];

    private readonly TempDirectory _directory = new();
    private readonly string _path;
    private readonly string _moved;

    public IdentityTests()
    {
        _path = _directory.File("imm.db");
        _moved = Directory.CreateDirectory(_directory.File("moved")).FullName;
    }

    public void Dispose() => _directory.Dispose();

    [TheoryOnLinux]
    [InlineData(1)]
    [InlineData(60)]
    public void Closing_a_store_that_was_moved_does_not_touch_the_new_one_of_its_name(int changes)
    {
        ImmStore old = Open();
        Fill(old, "old", 3);
        foreach (string name in Names)
        {
            File.Move(_directory.File(name), Path.Combine(_moved, name));
        }

        using var process = new StoreProcess();
        process.OpenWith("new", _path, "new0", "new1", "new2");

        string[] before = [.. Names.Select(name => Unix.Stat(_directory.File(name)))];
        int acknowledged = 3 + Fill(old, "more", changes);
        old.Dispose();

        Assert.Equal(before, Names.Select(name => Unix.Stat(_directory.File(name))));
        Assert.Matches(Told, old.Status.Failure?.Message);
        Assert.Equal("ok", process.Create("new", "new3"));
        process.Kill();
        Assert.Equal(["new0", "new1", "new2", "new3"], Projects(_path));

        // Nothing was lost either: what was acknowledged is in the files that were moved.
        Assert.InRange(Projects(Path.Combine(_moved, "imm.db")).Length, acknowledged, acknowledged + 1);
    }

    [TheoryOnLinux]
    [InlineData(false)]
    [InlineData(true)]
    public void Closing_a_store_whose_directory_was_moved_touches_nothing_in_the_new_one(bool hasNewStore)
    {
        string folder = Directory.CreateDirectory(_directory.File("folder")).FullName;
        string path = Path.Combine(folder, "imm.db");
        using var process = new StoreProcess();
        ImmStore old = new StoreOnDisk(LocalDisk.Instance, path) { CheckpointLength = 8 << 10 }.Open();
        int acknowledged = Fill(old, "old", 3);
        Directory.Move(folder, Path.Combine(_moved, "folder"));
        if (hasNewStore)
        {
            Directory.CreateDirectory(folder);
            process.OpenWith("new", path, "new");
        }

        acknowledged += Fill(old, "more", 60);
        old.Dispose();

        Assert.Matches(Told, old.Status.Failure?.Message);
        if (hasNewStore)
        {
            Assert.Equal(Names, Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            process.Kill();
            Assert.Equal(["new"], Projects(path));
        }

        Assert.InRange(Projects(Path.Combine(_moved, "folder", "imm.db")).Length, acknowledged, acknowledged + 1);
    }

    [FactOnLinux]
    public async Task A_backup_whose_temporary_file_was_replaced_is_refused_and_does_not_touch_the_replacement()
    {
        string backup = _directory.File("backup.db");
        string temporary = backup + "-new";
        using var disk = new GatedDisk(LocalDisk.Instance, path => path.StartsWith(backup, StringComparison.Ordinal));
        using ImmStore store = new StoreOnDisk(disk, _path).Open();
        Fill(store, "p", 3);
        disk.BlockFlushes();
        Task making = store.BackupAsync(backup);
        disk.AwaitBlockedFlush();
        File.Move(temporary, _directory.File("was-moved"));
        File.WriteAllText(temporary, "a note");
        disk.ReleaseFlushes();

        Assert.Equal(ImmErrorCode.ServiceUnavailable, (await Assert.ThrowsAsync<ImmException>(() => making)).Code);

        Assert.Equal("a note", File.ReadAllText(temporary));
        Assert.False(File.Exists(backup));
        Assert.Equal(1, Fill(store, "after", 1));
    }

    [TheoryOnLinux]
    [InlineData("imm.db")]
    [InlineData("imm.db-log1")]
    [InlineData("imm.db-log2")]
    public void A_checkpoint_detects_that_a_file_was_deleted(string name)
    {
        using ImmStore store = Open();
        Fill(store, "p", 3);
        File.Delete(_directory.File(name));

        AssertFails(store);
        store.Dispose();

        Assert.False(File.Exists(_directory.File(name)));
    }

    [TheoryOnLinux]
    [InlineData("imm.db")]
    [InlineData("imm.db-log1")]
    [InlineData("imm.db-log2")]
    public void A_checkpoint_detects_that_a_file_was_replaced(string name)
    {
        using ImmStore store = Open();
        Fill(store, "p", 3);
        byte[] copy = Replace(name);

        AssertFails(store);
        store.Dispose();

        AssertUnchanged(name, copy);
    }

    [TheoryOnLinux]
    [InlineData("imm.db")]
    [InlineData("imm.db-log1")]
    [InlineData("imm.db-log2")]
    public void Closing_does_not_touch_a_file_that_replaced_one_of_the_store(string name)
    {
        ImmStore store = Open();
        Fill(store, "p", 3);
        byte[] copy = Replace(name);

        store.Dispose();

        Assert.True(File.Exists(_directory.File(name)), "The file in its place was deleted.");
        AssertUnchanged(name, copy);
        Assert.Matches(Told, store.Status.Failure?.Message);
    }

    [TheoryOnLinux]
    [InlineData(false)]
    [InlineData(true)]
    public void A_checkpoint_detects_that_another_store_was_copied_over_the_data_file(bool isChanged)
    {
        // As an operator would who restores a backup and has forgotten to close the store. The name leads to the same file as before.
        string other = _directory.File("other.db");
        using (ImmStore source = new StoreOnDisk(LocalDisk.Instance, other).Open())
        {
            Fill(source, "other", 300);
        }

        byte[] copy = File.ReadAllBytes(other);
        using ImmStore store = OpenWithProjects(3);
        Assert.InRange(copy.Length, new FileInfo(_path).Length, long.MaxValue);
        Fill(store, "p", isChanged ? 3 : 0);
        Unix.Run("cp", other, _path);

        AssertFails(store);
        store.Dispose();

        Assert.Equal(copy, File.ReadAllBytes(_path));
    }

    [TheoryOnLinux]
    [InlineData("imm.db", false)]
    [InlineData("imm.db", true)]
    [InlineData("imm.db-log1", false)]
    [InlineData("imm.db-log1", true)]
    [InlineData("imm.db-log2", false)]
    [InlineData("imm.db-log2", true)]
    public void A_check_detects_that_a_file_was_deleted_or_replaced(string name, bool replaced)
    {
        using ImmStore store = Open();
        Fill(store, "p", 3);
        if (replaced)
        {
            Replace(name);
        }
        else
        {
            File.Delete(_directory.File(name));
        }

        ImmException refused = Assert.Throws<ImmException>(() => store.Check());

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Matches(Told, refused.Message);
        Assert.Equal(ImmStoreState.Failed, store.Status.State);
        Assert.Throws<ImmException>(() => store.Registry().Create(new CreateProjectRequest { ProjectName = "late" }));
    }

    [TheoryOnLinux]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(8191)]
    [InlineData(8192)]
    [InlineData(16_384)]
    [InlineData(24_576)]
    [InlineData(-8192)]
    [InlineData(-1)]
    public void A_cut_data_file_is_reported_or_nothing_acknowledged_is_lost(int length) =>
        AssertCutDataFileIsReported(length, before: 40, open: 2, after: 80);

    [TheoryOnLinux]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(8192)]
    [InlineData(-8192)]
    public void A_close_detects_that_the_data_file_was_cut(int length) =>
        AssertCutDataFileIsReported(length, before: 3, open: 3, after: 0);

    [TheoryOnLinux]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(8192)]
    public void A_check_detects_that_the_data_file_was_cut(int length)
    {
        using ImmStore store = OpenWithProjects(3);
        Fill(store, "p", 3);
        CutDataFile(length);

        // An error of the call or a finding of it: in both cases it is told.
        string told;
        try
        {
            told = string.Join('\n', store.Check());
        }
        catch (ImmException e)
        {
            told = e.Message;
        }

        Assert.Matches(Told, told);
    }

    [TheoryOnLinux]
    [InlineData("imm.db-log1", 0)]
    [InlineData("imm.db-log1", 4096)]
    [InlineData("imm.db-log2", 0)]
    [InlineData("imm.db-log2", 4096)]
    public void A_cut_log_is_reported_or_nothing_acknowledged_is_lost(string log, int length)
    {
        ImmStore store = Open();
        int acknowledged = Fill(store, "p", 3);
        Unix.Truncate(_directory.File(log), length);
        acknowledged += Fill(store, "after", 80);

        store.Dispose();

        AssertAllOrRefused(acknowledged);
    }

    /// <summary>Makes changes until one is refused, with several checkpoints' worth of them.</summary>
    private static int Fill(ImmStore store, string prefix, int count)
    {
        for (int i = 0; i < count; i++)
        {
            try
            {
                store.Registry().Create(new CreateProjectRequest { ProjectName = $"{prefix}{i}", Description = new string('d', 250) });
            }
            catch (ImmException e)
            {
                Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
                return i;
            }
        }

        return count;
    }

    private static void AssertFails(ImmStore store)
    {
        Assert.InRange(Fill(store, "after", 200), 0, 150);
        Assert.Equal(ImmStoreState.Failed, store.Status.State);
        Assert.Matches(Told, store.Status.Failure?.Message);
    }

    private static string[] Projects(string path)
    {
        using ImmStore store = ImmStore.Open(path);
        ProjectPage page = store.Registry().List(new ListProjectsRequest { MaxResults = 200 });
        return [.. page.Projects.Select(project => project.ProjectName.Value)];
    }

    private ImmStore Open() => new StoreOnDisk(LocalDisk.Instance, _path) { CheckpointLength = 8 << 10 }.Open();

    /// <summary>Opens a store whose data file has projects of an earlier open.</summary>
    private ImmStore OpenWithProjects(int count)
    {
        using (ImmStore before = Open())
        {
            Fill(before, "before", count);
        }

        return Open();
    }

    /// <summary>Cuts the data file of an open store, makes further changes and closes the store.</summary>
    /// <param name="length">The length to cut to; a negative one is the number of bytes to cut off.</param>
    /// <param name="before">The number of projects in the data file.</param>
    /// <param name="open">The number of projects that are in the logs when the file is cut.</param>
    /// <param name="after">The number of projects that are created afterwards, as far as the store accepts them.</param>
    private void AssertCutDataFileIsReported(int length, int before, int open, int after)
    {
        ImmStore store = OpenWithProjects(before);
        int acknowledged = before + Fill(store, "open", open);
        CutDataFile(length);

        acknowledged += Fill(store, "after", after);
        store.Dispose();

        Assert.Matches(Told, store.Status.Failure?.Message);
        AssertAllOrRefused(acknowledged);
    }

    /// <summary>Cuts the data file to a length; a negative one is the number of bytes to cut off.</summary>
    private void CutDataFile(int length) => Unix.Truncate(_path, length < 0 ? new FileInfo(_path).Length + length : length);

    /// <summary>Puts another file of the same content in the place of one.</summary>
    private byte[] Replace(string name)
    {
        Unix.Copy(_directory.File(name), _directory.File("copy"));
        byte[] copy = File.ReadAllBytes(_directory.File("copy"));
        File.Move(_directory.File("copy"), _directory.File(name), overwrite: true);
        return copy;
    }

    private void AssertUnchanged(string name, byte[] content) =>
        Assert.True(content.AsSpan().SequenceEqual(File.ReadAllBytes(_directory.File(name))), "The file in its place was changed.");

    private void AssertAllOrRefused(int acknowledged)
    {
        string[]? found = null;
        try
        {
            found = Projects(_path);
        }
        catch (ImmException e)
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, e.Code);
        }

        if (found is not null)
        {
            // The change that was refused may be there too.
            Assert.InRange(found.Length, acknowledged, acknowledged + 1);
        }
    }
}
