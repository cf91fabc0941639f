using System.Text;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>A store does not replace, delete or change foreign files, whatever their names.</summary>
public sealed class ForeignFileTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    public static TheoryData<string, string> KindsAndPlaces()
    {
        var data = new TheoryData<string, string>();
        foreach (string kind in (string[])["fifo", "socket", "directory"])
        {
            foreach (string place in (string[])["", "-log1", "-log2"])
            {
                data.Add(kind, place);
            }
        }

        return data;
    }

    [TheoryOnLinux]
    [MemberData(nameof(KindsAndPlaces))]
    public void Rejects_a_name_of_the_store_that_is_not_a_regular_file_and_leaves_it_unchanged(string kind, string suffix) =>
        AssertRefused(kind, suffix);

    [TheoryIfNodesCanBeMade]
    [InlineData("")]
    [InlineData("-log1")]
    [InlineData("-log2")]
    public void Rejects_a_device_with_a_name_of_the_store_and_leaves_it_unchanged(string suffix) => AssertRefused("device", suffix);

    [TheoryOnLinux]
    [InlineData("-log1", null)]
    [InlineData("-log1", 0)]
    [InlineData("-log1", 4096)]
    [InlineData("-log2", null)]
    [InlineData("-log2", 0)]
    [InlineData("-log2", 4096)]
    public void Rejects_a_link_with_the_name_of_a_log_and_writes_nothing_through_it(string suffix, int? zeros)
    {
        if (zeros is { } length)
        {
            File.WriteAllBytes(_directory.File("elsewhere"), new byte[length]);
        }

        NewStore("imm.db", "one").Dispose();
        File.CreateSymbolicLink(_directory.File("imm.db" + suffix), "elsewhere");
        File.CreateSymbolicLink(_directory.File("new.db" + suffix), "elsewhere");
        string[] before = Unix.Look(_directory.Path);

        foreach (string name in (string[])["imm.db", "new.db"])
        {
            Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => ImmStore.Open(_directory.File(name))).Code);
            Assert.Equal(before, Unix.Look(_directory.Path));
        }
    }

    [TheoryOnLinux]
    [InlineData(null)]
    [InlineData(0)]
    [InlineData(4096)]
    public async Task A_backup_is_not_written_through_a_link_that_has_its_temporary_name(int? zeros)
    {
        if (zeros is { } length)
        {
            File.WriteAllBytes(_directory.File("elsewhere"), new byte[length]);
        }

        File.CreateSymbolicLink(_directory.File("backup.db-new"), "elsewhere");
        string[] before = Unix.Look(_directory.Path);
        using ImmStore store = NewStore("imm.db", "one");

        await store.BackupAsync(_directory.File("backup.db"));

        Assert.Equal(["one"], Names("backup.db"));
        store.Dispose();
        File.Delete(_directory.File("imm.db"));
        File.Delete(_directory.File("backup.db"));
        Assert.Equal(before, Unix.Look(_directory.Path));
    }

    [TheoryOnLinux]
    [InlineData("fifo")]
    [InlineData("socket")]
    [InlineData("directory")]
    public void Rejects_a_backup_name_that_is_not_a_regular_file_and_leaves_it_unchanged(string kind) => AssertBackupRefused(kind);

    [TheoryIfNodesCanBeMade]
    [InlineData("device")]
    public void Rejects_a_device_with_the_name_of_a_backup_and_leaves_it_unchanged(string kind) => AssertBackupRefused(kind);

    [TheoryOnLinux]
    [InlineData("fifo")]
    [InlineData("socket")]
    [InlineData("directory")]
    public void A_foreign_file_with_the_temporary_name_of_a_backup_is_unchanged_and_the_backup_succeeds(string kind)
    {
        using ImmStore store = NewStore("imm.db", "one");
        Unix.Make(kind, _directory.File("backup.db-new"));
        string before = Unix.Stat(_directory.File("backup.db-new"));

        Bounded.Run(() => $"a backup beside a {kind}", () => store.BackupAsync(_directory.File("backup.db")).GetAwaiter().GetResult());

        Assert.Equal(before, Unix.Stat(_directory.File("backup.db-new")));
        Assert.Equal(["one"], Names("backup.db"));
    }

    [TheoryOnLinux]
    [InlineData("600")]
    [InlineData("640")]
    [InlineData("666")]
    public void A_store_is_created_in_an_empty_file_which_keeps_its_identity_owner_and_mode(string mode)
    {
        string path = _directory.File("imm.db");
        File.WriteAllBytes(path, []);
        if (Environment.IsPrivilegedProcess)
        {
            Unix.Run("chown", "12:34", path);
        }

        Unix.SetMode(path, mode);
        string before = Unix.Stat(path);

        NewStore("imm.db", "one").Dispose();

        Assert.Equal(before, Unix.Stat(path));
        Assert.Equal(["one"], Names("imm.db"));
        Assert.Equal(before, Unix.Stat(path));
    }

    [TheoryOnLinux]
    [InlineData(1)]
    [InlineData(512)]
    [InlineData(8191)]
    [InlineData(8192)]
    public void A_short_file_of_zeros_is_a_store_whose_creation_a_power_cut_ended(int length)
    {
        string path = _directory.File("imm.db");
        File.WriteAllBytes(path, new byte[length]);
        Unix.SetMode(path, "640");
        string before = Unix.Stat(path);

        NewStore("imm.db", "one").Dispose();

        Assert.Equal(before, Unix.Stat(path));
        Assert.Equal(["one"], Names("imm.db"));
    }

    [Theory]
    [InlineData(8192, 8191)]
    [InlineData(4096, 4095)]
    [InlineData(8193, 8192)]
    [InlineData(8193, -1)]
    [InlineData(1 << 20, -1)]
    [InlineData(1 << 20, (1 << 20) - 1)]
    public void A_foreign_file_that_begins_with_zeros_is_refused_and_unchanged(int length, int dataAt)
    {
        byte[] bytes = new byte[length];
        if (dataAt >= 0)
        {
            bytes[dataAt] = 1;
        }

        File.WriteAllBytes(_directory.File("imm.db"), bytes);

        AssertRefusedUntouched("imm.db", "imm.db");
    }

    [Fact]
    public async Task A_finished_backup_with_a_temporary_name_is_unchanged()
    {
        using ImmStore store = NewStore("imm.db", "one");
        string backup = _directory.File("X-new");
        await store.BackupAsync(backup);
        byte[] before = File.ReadAllBytes(backup);

        using (ImmStore other = ImmStore.Open(_directory.File("X")))
        {
            Create(other, "other");
            Assert.Equal(before, File.ReadAllBytes(backup));
        }

        File.Delete(_directory.File("X"));
        await store.BackupAsync(_directory.File("X"));

        Assert.Equal(before, File.ReadAllBytes(backup));
        Assert.Equal(["one"], Names("X"));
        Assert.Equal(["one"], Names("X-new"));
    }

    [Theory]
    [MemberData(nameof(Foreign))]
    public async Task A_file_with_a_temporary_name_is_unchanged_by_open_and_backup(int zeros, string text)
    {
        byte[] bytes = [.. new byte[zeros], .. Encoding.ASCII.GetBytes(text)];
        File.WriteAllBytes(_directory.File("imm.db-new"), bytes);
        File.WriteAllBytes(_directory.File("backup.db-new"), bytes);

        using (ImmStore store = NewStore("imm.db", "one"))
        {
            await store.BackupAsync(_directory.File("backup.db"));
        }

        Assert.Equal(bytes, File.ReadAllBytes(_directory.File("imm.db-new")));
        Assert.Equal(bytes, File.ReadAllBytes(_directory.File("backup.db-new")));
        Assert.Equal(["one"], Names("backup.db"));
        Assert.Equal(["backup.db", "backup.db-new", "imm.db", "imm.db-new"], _directory.Files().Keys);
    }

    public static TheoryData<int, string> Foreign => new()
    {
        { 0, "a note" },
        { 64, "a note" },
        { 512, "a note" },
        { 4096, "a note" },
        { 8192, "a note" },
        { 40_000, "a note" },
        { 1 << 20, "a note" },
    };

    [Theory]
    [InlineData("-log1", 0)]
    [InlineData("-log1", 64)]
    [InlineData("-log1", 512)]
    [InlineData("-log1", 4096)]
    [InlineData("-log1", 1 << 20)]
    [InlineData("-log2", 64)]
    [InlineData("-log2", 512)]
    [InlineData("-log2", 1 << 20)]
    public void A_foreign_file_with_the_name_of_a_log_is_refused_by_name_and_unchanged(string suffix, int zeros)
    {
        byte[] bytes = [.. new byte[zeros], .. "a note"u8];
        File.WriteAllBytes(_directory.File("new.db" + suffix), bytes);
        AssertRefusedUntouched("new.db", "new.db" + suffix);

        NewStore("imm.db", "one").Dispose();
        File.WriteAllBytes(_directory.File("imm.db" + suffix), bytes);
        AssertRefusedUntouched("imm.db", "imm.db" + suffix);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(511)]
    [InlineData(4096)]
    [InlineData(1 << 20)]
    [InlineData((1 << 20) + 1)]
    [InlineData(3 << 20)]
    public void A_log_that_is_empty_or_of_zeros_is_one_whose_creation_was_cut_short(int length)
    {
        NewStore("imm.db", "one").Dispose();
        foreach (string log in (string[])["imm.db-log1", "imm.db-log2", "new.db-log1", "new.db-log2"])
        {
            File.WriteAllBytes(_directory.File(log), new byte[length]);
        }

        Assert.Equal(["one"], Names("imm.db"));
        Assert.Empty(Names("new.db"));
        Assert.Equal(["imm.db", "new.db"], _directory.Files().Keys);
    }

    [Fact]
    public async Task A_file_that_gets_the_name_of_a_backup_during_the_backup_is_not_replaced()
    {
        const string Backup = "/store/backup.db";
        var disk = new SimulatedDisk();
        var watched = new WatchedDisk(disk, () =>
        {
            // Once the backup is being written.
            if (disk.Paths.Any(path => path.StartsWith(Backup + "-new", StringComparison.Ordinal)) && disk.Length(Backup) is null)
            {
                disk.Put(Backup, "a note"u8);
            }
        });
        using ImmStore store = new StoreOnDisk(watched).Open();
        Contents.Registry(store, 0).Create(new CreateProjectRequest { ProjectName = "one" });

        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(Backup));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains($"'{Backup}'", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a note"u8.ToArray(), disk.Read(Backup));
        Assert.DoesNotContain(disk.Paths, path => path.Contains("-new", StringComparison.Ordinal));
        Contents.Registry(store, 0).Create(new CreateProjectRequest { ProjectName = "two" });
    }

    [Fact]
    public async Task A_backup_that_was_cut_short_does_not_prevent_another()
    {
        const string Backup = "/store/backup.db";
        var disk = new SimulatedDisk();
        var cut = new List<SimulatedDisk>();
        var watched = new WatchedDisk(disk, () =>
        {
            if (disk.Paths.Any(path => path.StartsWith(Backup, StringComparison.Ordinal)))
            {
                cut.AddRange(disk.Images(randomCount: 2, seed: cut.Count).Select(image => image.Disk));
            }
        });
        string expected;
        using (ImmStore store = new StoreOnDisk(watched).Open())
        {
            for (int i = 0; i < 50; i++)
            {
                var request = new CreateProjectRequest { ProjectName = $"p{i}", Description = new string('d', 200) };
                Contents.Registry(store, i % 4).Create(request);
            }

            expected = Contents.Of(store).ToString();
            await store.BackupAsync(Backup);
        }

        foreach (SimulatedDisk image in cut)
        {
            using ImmStore store = new StoreOnDisk(image).Open();
            if (!image.Paths.Contains(Backup))
            {
                await store.BackupAsync(Backup);
            }

            using ImmStore copy = new StoreOnDisk(image, Backup).Open();
            Assert.Equal(expected, Contents.Of(copy).ToString());
            Assert.Empty(copy.Check());
        }

        Assert.InRange(cut.Count, 3, int.MaxValue);
    }

    [Theory]
    [InlineData("imm.db")]
    [InlineData("imm.db-log1")]
    [InlineData("imm.db-log2")]
    public async Task A_backup_over_a_file_of_the_store_itself_is_refused(string name)
    {
        using (ImmStore store = NewStore("imm.db", "one"))
        {
            ImmException refused = await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(_directory.File(name)));
            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
            Create(store, "two");
        }

        Assert.Equal(["one", "two"], Names("imm.db"));
    }

    [Theory]
    [InlineData("imm.db-log1")]
    [InlineData("imm.db-log2")]
    public async Task A_copy_under_the_name_of_a_log_of_a_closed_store_is_refused(string name)
    {
        NewStore("imm.db", "one").Dispose();
        using (ImmStore reader = ImmStore.OpenReadOnly(_directory.File("imm.db")))
        {
            await AssertNameRefused(() => reader.BackupAsync(_directory.File(name)), "imm.db");
        }

        using (ImmStore other = NewStore("other.db", "two"))
        {
            await AssertNameRefused(() => other.BackupAsync(_directory.File(name)), "imm.db");
        }

        await AssertNameRefused(() => Task.Run(() => ImmStore.Import(_directory.File(name), new MemoryStream("{}"u8.ToArray()))), "imm.db");
        await AssertNameRefused(() => Task.Run(() => ImmStore.Salvage(_directory.File("imm.db"), _directory.File(name))), "imm.db");
        await AssertNameRefused(() => Task.Run(() => ImmStore.Open(_directory.File(name))), "imm.db");
        Assert.Equal(["one"], Names("imm.db"));
    }

    [Theory]
    [InlineData("backup.db-log1")]
    [InlineData("backup.db-log2")]
    public async Task A_backup_beside_a_file_with_the_name_of_its_log_is_refused(string name)
    {
        File.WriteAllText(_directory.File(name), "a note");
        using ImmStore store = NewStore("imm.db", "one");

        await AssertNameRefused(() => store.BackupAsync(_directory.File("backup.db")), name);

        Assert.Equal("a note", File.ReadAllText(_directory.File(name)));
    }

    private async Task AssertNameRefused(Func<Task> copy, string blamed)
    {
        string[] before = [.. _directory.Names];
        ImmException refused = await Assert.ThrowsAsync<ImmException>(copy);
        Assert.Equal((ImmErrorCode.ServiceUnavailable, ImmUnavailableReason.NameTaken), (refused.Code, refused.Reason));
        Assert.Contains($"'{_directory.File(blamed)}'", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, _directory.Names);
    }

    private static void Create(ImmStore store, string name) => store.Registry().Create(new CreateProjectRequest { ProjectName = name });

    private ImmStore NewStore(string name, string project)
    {
        ImmStore store = ImmStore.Open(_directory.File(name));
        Create(store, project);
        return store;
    }

    private string[] Names(string name)
    {
        using ImmStore store = ImmStore.Open(_directory.File(name));
        return [.. store.Registry().List().Projects.Select(project => project.ProjectName.Value)];
    }

    private void AssertRefused(string kind, string suffix)
    {
        foreach (bool exists in (bool[])[false, true])
        {
            if (exists && suffix.Length == 0)
            {
                continue;
            }

            string name = exists ? "imm.db" : "new.db";
            if (exists)
            {
                NewStore(name, "one").Dispose();
            }

            Unix.Make(kind, _directory.File(name + suffix));
            string[] before = Unix.Look(_directory.Path);

            ImmException? refused = null;
            Bounded.Run(
                () => $"the open of a {kind}",
                () => refused = Assert.Throws<ImmException>(() => ImmStore.Open(_directory.File(name))));

            Assert.Equal(ImmErrorCode.ServiceUnavailable, refused?.Code);
            Assert.Contains($"'{_directory.File(name + suffix)}'", refused?.Message, StringComparison.Ordinal);
            Assert.Equal(before, Unix.Look(_directory.Path));
        }
    }

    private void AssertBackupRefused(string kind)
    {
        using ImmStore store = NewStore("imm.db", "one");
        string path = _directory.File("backup.db");
        Unix.Make(kind, path);
        string before = Unix.Stat(path);

        ImmException? refused = null;
        Bounded.Run(
            () => $"a backup to a {kind}",
            () => refused = Assert.Throws<ImmException>(() => store.BackupAsync(path).GetAwaiter().GetResult()));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused?.Code);
        Assert.Equal(before, Unix.Stat(path));
        Assert.Equal(["backup.db", "imm.db", "imm.db-log1", "imm.db-log2"], _directory.Names);
        Create(store, "two");
    }

    private void AssertRefusedUntouched(string name, string blamed)
    {
        SortedDictionary<string, byte[]> before = _directory.Files();

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(_directory.File(name)));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Contains($"'{_directory.File(blamed)}'", refused.Message, StringComparison.Ordinal);
        SortedDictionary<string, byte[]> after = _directory.Files();
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, file => Assert.True(file.Value.AsSpan().SequenceEqual(after[file.Key]), $"'{file.Key}' was changed."));
    }
}
