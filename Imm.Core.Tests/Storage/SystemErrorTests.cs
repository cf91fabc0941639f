using System.Globalization;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// The file system gives an error. Only "there is no such file" means that there is none; every other error refuses the call and changes
/// nothing.
/// </summary>
public sealed class SystemErrorTests : IDisposable
{
    private const string Lookups = "?stat,?lstat,?newfstatat,?fstatat64,statx";
    private const string Opens = "?open,openat";

    private readonly TempDirectory _directory = new();
    private readonly string _path;

    public SystemErrorTests() => _path = _directory.File("imm.db");

    public void Dispose() => _directory.Dispose();

    [TheoryIfTraceable]
    [InlineData(Lookups, "EIO", "")]
    [InlineData(Lookups, "EACCES", "")]
    [InlineData(Lookups, "ESTALE", "")]
    [InlineData(Lookups, "EIO", "-log1")]
    [InlineData(Opens, "EIO", "")]
    [InlineData(Opens, "EACCES", "")]
    [InlineData(Opens, "ESTALE", "")]
    [InlineData(Opens, "ENFILE", "-log1")]
    [InlineData(Lookups, "ENOENT", "")]
    [InlineData(Lookups, "ENOENT", "-log1")]
    [InlineData(Opens, "ENOENT:when=1", "")]
    [InlineData(Opens, "ENOENT:when=1", "-log1")]
    public void A_file_that_cannot_be_examined_or_opened_is_not_treated_as_missing(string calls, string error, string suffix)
    {
        // With ENOENT it is as if the file came right after the look at its name.
        // The store was closed, so that nothing but its own file says that it is there; the log is a file of somebody else.
        using (ImmStore store = ImmStore.Open(_path))
        {
            store.Registry().Create(new CreateProjectRequest { ProjectName = "one" });
        }

        if (suffix.Length > 0)
        {
            File.WriteAllText(_path + suffix, "a note");
        }

        SortedDictionary<string, byte[]> before = _directory.Files();
        using (StoreProcess process = Failing(calls, error, _path + suffix))
        {
            string answer = process.Open("s", _path);
            if (answer == "ok")
            {
                // The engine did without the call that fails; then it has found what is there.
                Assert.Equal("", suffix);
                Assert.Equal("ok: one", process.Names("s"));
                Assert.Equal("ok", process.Do("close", "s"));
                return;
            }

            Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
        }

        AssertSame(before);
    }

    [TheoryIfTraceable]
    [InlineData("error=EOPNOTSUPP")]
    [InlineData("error=ENOLCK")]
    [InlineData("retval=0")]
    public void A_file_system_without_locks_is_refused_and_nothing_is_created(string outcome)
    {
        // The last one gives a lock to whoever asks.
        using (StoreProcess process = Injected("flock", outcome, _path))
        {
            string answer = process.Open("s", _path);

            Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
            Assert.Contains("keeps other processes out", answer, StringComparison.Ordinal);
        }

        Assert.Empty(_directory.Files());
    }

    [TheoryIfTraceable]
    [InlineData(Lookups, "EIO")]
    [InlineData(Lookups, "EACCES")]
    public void A_killed_store_whose_log_cannot_be_examined_is_refused_and_opens_later(string calls, string error)
    {
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", _path, "one");
        }

        SortedDictionary<string, byte[]> before = _directory.Files();
        using (StoreProcess process = Failing(calls, error, _path + "-log1", _path + "-log2"))
        {
            string answer = process.Open("s", _path);
            if (answer != "ok")
            {
                Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
                AssertSame(before);
            }
        }

        using ImmStore store = ImmStore.Open(_path);
        Assert.True(store.Registry().TryGet("one", out _));
    }

    [TheoryIfTraceable]
    [InlineData(Lookups, "EIO")]
    [InlineData(Lookups, "EACCES")]
    [InlineData(Lookups, "ENOENT")]
    public void A_backup_to_a_name_that_cannot_be_examined_replaces_nothing(string calls, string error)
    {
        string backup = _directory.File("backup.db");
        File.WriteAllText(backup, "a note");
        using StoreProcess process = Failing(calls, error, backup);
        process.OpenWith("s", _path, "one");

        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, process.Do("backup", "s", backup), StringComparison.Ordinal);

        Assert.Equal("a note", File.ReadAllText(backup));
        Assert.Equal("ok", process.Create("s", "two"));
    }

    [TheoryIfTraceable]
    [InlineData("EINVAL", true)]
    [InlineData("EOPNOTSUPP", true)]
    [InlineData("EIO", false)]
    [InlineData("ENOSPC", false)]
    public void A_failed_flush_of_a_directory_is_a_failure_unless_the_file_system_does_not_support_it(string error, bool offered)
    {
        using (StoreProcess process = Failing("fsync,fdatasync", error, _directory.Path))
        {
            string answer = process.Open("s", _path);
            if (!offered)
            {
                Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
                return;
            }

            Assert.Equal("ok", answer);
            Assert.Equal("ok", process.Create("s", "one"));
            Assert.Equal("ok", process.Do("backup", "s", _directory.File("backup.db")));
            Assert.Equal("ok", process.Do("close", "s"));
            Assert.Equal("ok: Closed ", process.Do("status", "s"));
        }

        using ImmStore store = ImmStore.Open(_path);
        Assert.True(store.Registry().TryGet("one", out _));
    }

    [TheoryOnLinux]
    [InlineData("loop")]
    [InlineData("loop/imm.db")]
    [InlineData("ring1")]
    [InlineData("tower6/imm.db")]
    [InlineData("lost")]
    [InlineData("file/imm.db")]
    [InlineData("imm.db/")]
    [InlineData("longname")]
    [InlineData("longpath")]
    public async Task A_path_that_cannot_be_resolved_is_refused_and_nothing_is_created(string what)
    {
        File.WriteAllText(_directory.File("file"), "a note");
        File.CreateSymbolicLink(_directory.File("loop"), "loop");
        File.CreateSymbolicLink(_directory.File("ring1"), "ring2");
        File.CreateSymbolicLink(_directory.File("ring2"), "ring1");
        File.CreateSymbolicLink(_directory.File("lost"), "missing/../imm.db");

        // Each leads twice through the one below it: all in all through 127 links, and the system follows 40.
        File.CreateSymbolicLink(_directory.File("tower0"), ".");
        for (int i = 1; i <= 6; i++)
        {
            File.CreateSymbolicLink(_directory.File($"tower{i}"), $"tower{i - 1}/tower{i - 1}");
        }

        string path = _directory.File(what switch
        {
            "longname" => new string('n', 300),
            "longpath" => string.Join('/', Enumerable.Repeat(new string('n', 200), 25)) + "/imm.db",
            _ => what,
        });
        string[] before = Unix.Look(_directory.Path);

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(path));

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Equal(before, Unix.Look(_directory.Path));
        using ImmStore store = ImmStore.Open(Path.Combine(Directory.CreateDirectory(_directory.File("other")).FullName, "imm.db"));
        refused = await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(path));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Equal(before, Unix.Look(_directory.Path).Where(line => !line.StartsWith("other", StringComparison.Ordinal)));
        store.Registry().Create(new CreateProjectRequest { ProjectName = "one" });
    }

    [FactUnlessRoot]
    public void A_store_in_a_directory_without_search_permission_is_not_treated_as_missing()
    {
        string folder = Directory.CreateDirectory(_directory.File("folder")).FullName;
        string path = Path.Combine(folder, "imm.db");
        ImmStore.Open(path).Dispose();
        byte[] before = File.ReadAllBytes(path);
        Unix.SetMode(folder, "600");

        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(path));

        Unix.SetMode(folder, "700");
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Equal(before, File.ReadAllBytes(path));
    }

    [TheoryOnLinux]
    [InlineData(250, 'n', true)]
    [InlineData(251, 'n', false)]
    [InlineData(252, 'n', false)]
    [InlineData(255, 'n', false)]
    [InlineData(83, '\u5a92', true)]
    [InlineData(84, '\u5a92', false)]
    [InlineData(85, '\u5a92', false)]
    public async Task A_name_too_long_for_its_logs_is_refused_before_anything_is_created(int length, char letter, bool fits)
    {
        string path = _directory.File(new string(letter, length));
        using ImmStore source = ImmStore.Open(Path.Combine(Directory.CreateDirectory(_directory.File("other")).FullName, "imm.db"));
        if (fits)
        {
            ImmStore.Open(path).Dispose();
            File.Delete(path);
            await source.BackupAsync(path);
            using ImmStore backup = ImmStore.Open(path);
            Assert.Empty(backup.Check());
            return;
        }

        Assert.Equal(ImmErrorCode.ServiceUnavailable, Assert.Throws<ImmException>(() => ImmStore.Open(path)).Code);
        Assert.Empty(_directory.Files());

        // A backup under such a name could never be opened.
        Assert.Equal(ImmErrorCode.ServiceUnavailable, (await Assert.ThrowsAsync<ImmException>(() => source.BackupAsync(path))).Code);
        Assert.Empty(_directory.Files());
    }

    [TheoryOnLinux]
    [InlineData(0)]
    [InlineData(4096)]
    [InlineData(8192)]
    [InlineData(20_000)]
    [InlineData(300_000)]
    public void A_limit_on_the_length_of_files_refuses_the_open_of_a_new_store_or_its_changes(int limit)
    {
        using StoreProcess process = Limitable();
        SetLimit(process, limit);
        string answer = process.Open("s", _path);
        if (answer == "ok")
        {
            answer = process.Create("s", "late");
        }

        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
        process.Kill();
        using ImmStore store = ImmStore.Open(_path);
        Assert.Empty(store.Check());
        Assert.DoesNotContain(store.Registry().List().Projects, project => project.ProjectName.Value != "late");
    }

    [TheoryOnLinux]
    [InlineData(0)]
    [InlineData(8192)]
    [InlineData(300_000)]
    public void A_limit_on_the_length_of_files_loses_nothing_that_was_acknowledged(int limit)
    {
        using (StoreProcess process = Limitable())
        {
            process.OpenWith("s", _path, "one");
            process.Kill();
        }

        SortedDictionary<string, byte[]> before = _directory.Files();
        using (StoreProcess process = Limitable())
        {
            SetLimit(process, limit);
            string answer = process.Open("s", _path);
            if (answer != "ok")
            {
                Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
                AssertSame(before);
            }
            else
            {
                Assert.Equal("ok: one", process.Names("s"));
            }
        }

        using ImmStore store = ImmStore.Open(_path);
        Assert.True(store.Registry().TryGet("one", out _));
    }

    [FactOnLinux]
    public void A_first_change_without_a_free_handle_is_refused_and_a_later_one_is_made()
    {
        // The directory is opened to flush the names of the logs. What the runtime loads for a change it has loaded before.
        using var process = new StoreProcess();
        process.OpenWith("other", _directory.File("other.db"), "one");
        Assert.Equal("ok", process.Do("close", "other"));
        Assert.Equal("ok", process.Open("s", _path));
        SetLimit(process, "nofile", 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.StartsWith("ServiceUnavailable Other:", process.Create("s", "early"), StringComparison.Ordinal);
            Assert.Equal("ok: Open ", process.Do("status", "s"));
        }

        SetLimit(process, "nofile", 512);

        Assert.Equal("ok", process.Create("s", "late"));
        process.Kill();
        using ImmStore store = ImmStore.Open(_path);
        Assert.Equal("late", Assert.Single(store.Registry().List().Projects).ProjectName.Value);
    }

    [FactOnLinux]
    public void A_first_checkpoint_without_a_free_handle_fails_the_store_at_most_and_not_the_process()
    {
        // It is then that the runtime loads what only a checkpoint and a failure need, which takes handles.
        using (var process = new StoreProcess())
        {
            process.OpenWith("s", _path, "before");
            Assert.Equal("ok", process.Do("close", "s"));
        }

        int acknowledged = 0;
        using (var process = new StoreProcess())
        {
            Assert.Equal("ok", process.Open("s", _path, checkpointLength: 64 << 10));
            Assert.Equal("ok", process.Create("s", "first"));
            SetLimit(process, "nofile", 3);
            for (; acknowledged < 200 && process.Create("s", $"p{acknowledged}") == "ok"; acknowledged++)
            {
            }

            Assert.StartsWith("ok: ", process.Do("status", "s"), StringComparison.Ordinal);
            SetLimit(process, "nofile", 512);
            Assert.StartsWith("ok: ", process.Do("status", "s"), StringComparison.Ordinal);
        }

        using ImmStore store = ImmStore.Open(_path);
        Assert.InRange(store.Registry().ListAll().Count(), 2 + acknowledged, 3 + acknowledged);
    }

    [FactOnLinux]
    public void A_backup_beyond_a_limit_on_the_length_of_files_is_refused_and_leaves_nothing()
    {
        using StoreProcess process = Limitable();
        process.OpenWith("s", _path, "one");
        Assert.Equal("ok", process.Do("check", "s"));
        SetLimit(process, 16_000);

        string answer = process.Do("backup", "s", _directory.File("backup.db"));

        Assert.StartsWith(ImmErrorCode.ServiceUnavailable, answer, StringComparison.Ordinal);
        Assert.Equal(["imm.db", "imm.db-log1", "imm.db-log2"], _directory.Names);
    }

    /// <summary>A process whose system calls of these names fail where they are about one of these files.</summary>
    private static StoreProcess Failing(string calls, string error, params string[] paths) => Injected(calls, $"error={error}", paths);

    private static StoreProcess Injected(string calls, string outcome, params string[] paths)
    {
        IEnumerable<string> only = paths.SelectMany(path => (string[])["-P", path]);
        string[] faults = ["-e", $"trace={calls}", "-e", $"inject={calls}:{outcome}"];
        return new StoreProcess(["strace", "-f", "-qq", "-o", "/dev/null", .. only, .. faults]);
    }

    /// <summary>A process that gets an error, not a signal, for a write beyond a limit. The runtime would not start within it.</summary>
    private static StoreProcess Limitable() => new("sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh");

    private static void SetLimit(StoreProcess process, long bytes) => SetLimit(process, "fsize", bytes);

    private static void SetLimit(StoreProcess process, string of, long value) => Unix.Run(
        "prlimit",
        "--pid",
        process.Id.ToString(CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"--{of}={value}:"));

    private void AssertSame(SortedDictionary<string, byte[]> before)
    {
        SortedDictionary<string, byte[]> after = _directory.Files();
        Assert.Equal(before.Keys, after.Keys);
        Assert.All(before, file => Assert.True(file.Value.AsSpan().SequenceEqual(after[file.Key]), $"'{file.Key}' was changed."));
    }
}
