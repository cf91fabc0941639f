using Imm.Core.Storage;
using Imm.Core.Tests.Registry;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>Whoever may not read the data file may not read what stands beside it.</summary>
public sealed class ModeTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public ModeTests() => _path = _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [TheoryOnLinux]
    [InlineData("600")]
    [InlineData("640")]
    [InlineData("644")]
    [InlineData("660")]
    [InlineData("666")]
    public async Task Logs_and_backups_have_the_mode_of_the_data_file(string mode)
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, mode);

        using (ImmStore store = ImmStore.Open(_path))
        {
            Create(store, "one");
            Assert.Equal([mode, mode, mode], Modes("imm.db", "imm.db-log1", "imm.db-log2"));
            await store.BackupAsync(_directory.File("backup.db"));
            Assert.Equal([mode], Modes("backup.db"));
        }

        Assert.Equal([mode], Modes("imm.db"));
        using ImmStore backup = ImmStore.Open(_directory.File("backup.db"));
        Assert.Equal([mode, mode, mode], Modes("backup.db", "backup.db-log1", "backup.db-log2"));
    }

    [TheoryOnLinux]
    [InlineData("600", "600", false)]
    [InlineData("666", "666", false)]
    [InlineData("600", "600", true)]
    [InlineData("440", "640", false)]
    public async Task A_backup_of_a_store_that_is_open_for_reading_has_the_mode_of_the_data_file_and_its_owner_may_open_it(
        string mode, string ofBackup, bool killed)
    {
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", _path, "one");
            if (!killed)
            {
                Assert.Equal("ok", process.Do("close", "s"));
            }
        }

        Unix.SetMode(_path, mode);
        using (ImmStore store = ImmStore.OpenReadOnly(_path))
        {
            await store.BackupAsync(_directory.File("backup.db"));
        }

        Assert.Equal([ofBackup], Modes("backup.db"));
    }

    [TheoryOnLinux]
    [InlineData("600", "600")]
    [InlineData("400", "600")]
    [InlineData("666", "666")]
    public void A_salvaged_store_has_the_mode_of_the_damaged_one_and_its_owner_may_open_it(string mode, string ofSalvaged)
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, mode);

        ImmStore.Salvage(_path, _directory.File("new.db"));

        Assert.Equal([ofSalvaged], Modes("new.db"));
    }

    [TheoryOnLinux]
    [InlineData("600")]
    [InlineData("660")]
    public void The_logs_of_a_store_created_in_an_empty_file_have_its_mode(string mode)
    {
        File.WriteAllBytes(_path, []);
        Unix.SetMode(_path, mode);

        using ImmStore store = ImmStore.Open(_path);

        Assert.Equal([mode, mode, mode], Modes("imm.db", "imm.db-log1", "imm.db-log2"));
    }

    [TheoryOnLinux]
    [InlineData("022")]
    [InlineData("077")]
    [InlineData("002")]
    public void The_logs_of_a_new_store_have_its_mode_whatever_the_mask_is(string mask)
    {
        using var process = new StoreProcess("sh", "-c", $"umask {mask}; exec \"$@\"", "sh");
        process.OpenWith("s", _path, "one");
        Assert.Equal("ok", process.Do("backup", "s", _directory.File("backup.db")));

        Assert.Single(Modes("imm.db", "imm.db-log1", "imm.db-log2", "backup.db").Distinct());
        Assert.Equal(0, Convert.ToInt32(Modes("imm.db")[0], 8) & Convert.ToInt32(mask, 8));
    }

    [FactOnLinux]
    public void The_mask_does_not_narrow_what_the_data_file_allows()
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, "666");

        using var process = new StoreProcess("sh", "-c", "umask 077; exec \"$@\"", "sh");
        Assert.Equal("ok", process.Open("s", _path));
        Assert.Equal("ok", process.Do("backup", "s", _directory.File("backup.db")));

        Assert.Equal(["666", "666", "666", "666"], Modes("imm.db", "imm.db-log1", "imm.db-log2", "backup.db"));
    }

    [FactIfPrivileged]
    public void The_logs_have_the_owner_and_the_group_of_the_data_file()
    {
        // A privileged operator looks at the store of a service, and his process is killed: the service opens the logs then.
        ImmStore.Open(_path).Dispose();
        Unix.Run("chown", "12:34", _path);
        Unix.SetMode(_path, "640");

        using ImmStore store = ImmStore.Open(_path);

        Assert.All(_directory.Names, name => Assert.Equal(("12:34", "640"), (Owner(name), Unix.Mode(_directory.File(name)))));
    }

    [FactIfPrivileged]
    public void The_logs_have_the_group_of_the_data_file_also_where_only_its_members_share_the_store()
    {
        ImmStore.Open(_path).Dispose();
        Unix.Run("chown", "12:34", _path);
        Unix.SetMode(_path, "660");

        using var process = new StoreProcess("setpriv", "--bounding-set=-chown", "--groups=34");
        process.OpenWith("s", _path, "one");

        Assert.All(
            (string[])["imm.db-log1", "imm.db-log2"],
            name => Assert.Equal(("0:34", "660"), (Owner(name), Unix.Mode(_directory.File(name)))));
    }

    [FactIfPrivileged]
    public void A_group_that_may_not_read_the_data_file_may_not_read_the_logs()
    {
        ImmStore.Open(_path).Dispose();
        Unix.Run("chown", "0:34", _path);
        Unix.SetMode(_path, "660");

        using var process = new StoreProcess("setpriv", "--bounding-set=-chown", "--clear-groups");
        process.OpenWith("s", _path, "one");

        Assert.All(
            (string[])["imm.db-log1", "imm.db-log2"],
            name => Assert.Equal(("0:0", "600"), (Owner(name), Unix.Mode(_directory.File(name)))));
    }

    [FactOnLinux]
    public async Task A_backup_has_the_mode_of_the_data_file_while_it_is_written()
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, "600");
        using var disk = new GatedDisk(LocalDisk.Instance);
        using ImmStore store = new StoreOnDisk(disk, _path).Open();
        Create(store, "one");
        disk.BlockFlushes();
        Task backup = store.BackupAsync(_directory.File("backup.db"));
        disk.AwaitBlockedFlush();
        while (!File.Exists(_directory.File("backup.db-new")))
        {
            disk.ReleaseOneFlush();
            disk.AwaitBlockedFlush();
        }

        string mode = Unix.Mode(_directory.File("backup.db-new"));
        disk.ReleaseFlushes();
        await backup;

        Assert.Equal("600", mode);
    }

    [FactOnLinux]
    public void The_next_logs_have_a_mode_that_was_changed_while_the_store_was_closed()
    {
        foreach (string mode in (string[])["600", "664", "640"])
        {
            using (ImmStore store = ImmStore.Open(_path))
            {
            }

            Unix.SetMode(_path, mode);
            using ImmStore again = ImmStore.Open(_path);
            Assert.Equal([mode, mode, mode], Modes("imm.db", "imm.db-log1", "imm.db-log2"));
        }
    }

    private static void Create(ImmStore store, string name) => store.Registry().Create(new CreateProjectRequest { ProjectName = name });

    private string Owner(string name) => Unix.Run("stat", "-c", "%u:%g", _directory.File(name)).Trim();

    private string[] Modes(params string[] names) => [.. names.Select(name => Unix.Mode(_directory.File(name)))];
}
