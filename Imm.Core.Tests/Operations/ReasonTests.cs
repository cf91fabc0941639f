using Imm.Core.Storage;
using Imm.Core.Testing;
using Imm.Core.Tests.Hosting;
using Imm.Core.Tests.Storage;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Imm.Core.Tests.Operations;

/// <summary>
/// The reasons for ServiceUnavailable, each as a program gets it: from real files, or from system calls that fail. They are the same in the
/// exception, in the status and in the log.
/// </summary>
public sealed class ReasonTests : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly Watch _watch = new();
    private readonly string _path;

    public ReasonTests() => _path = _directory.File("imm.db");

    public void Dispose()
    {
        _watch.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void A_store_that_is_open_is_locked()
    {
        using ImmStore holder = ImmStore.Open(_path);

        AssertRefused(ImmUnavailableReason.Locked, "Locked", LogLevel.Error);
    }

    [Fact]
    public void A_store_that_is_open_in_another_process_is_locked()
    {
        using var process = new StoreProcess();
        process.OpenWith("s", _path, "one");

        AssertRefused(ImmUnavailableReason.Locked, "Locked", LogLevel.Error);
    }

    [TheoryIfTraceable]
    [InlineData("flock", "error=ENOLCK", ImmUnavailableReason.LocksNotSupported)]
    [InlineData("flock", "retval=0", ImmUnavailableReason.LocksNotSupported)]
    [InlineData("?open,openat", "error=EACCES", ImmUnavailableReason.AccessDenied)]
    [InlineData("?open,openat", "error=EROFS", ImmUnavailableReason.ReadOnly)]
    [InlineData("?open,openat", "error=EIO", ImmUnavailableReason.InputOutputError)]
    [InlineData("?open,openat", "error=ENOSPC", ImmUnavailableReason.NoSpace)]
    [InlineData("?open,openat", "error=EMFILE", ImmUnavailableReason.Other)]
    public void The_reason_of_a_refused_open_follows_from_the_error_of_the_system(
        string calls, string outcome, ImmUnavailableReason reason)
    {
        string[] fault = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", _path, "-e", $"trace={calls}", "-e", $"inject={calls}:{outcome}"];
        using var process = new StoreProcess(fault);

        Assert.StartsWith($"ServiceUnavailable {reason}:", process.Open("s", _path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_a_directory_that_does_not_exist_is_not_found() =>
        AssertRefused(ImmUnavailableReason.NotFound, path: _directory.File("missing/imm.db"));

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("imm.db/")]
    public void A_directory_is_an_invalid_path(string name) =>
        AssertRefused(ImmUnavailableReason.InvalidPath, path: _directory.Path + "/" + name);

    [FactOnLinux]
    public void A_path_through_a_file_is_an_invalid_path()
    {
        File.WriteAllText(_directory.File("file"), "a note");

        AssertRefused(ImmUnavailableReason.InvalidPath, path: _directory.File("file/imm.db"));
    }

    [Fact]
    public void A_name_that_is_too_long_for_its_logs_is_an_invalid_path() =>
        AssertRefused(ImmUnavailableReason.InvalidPath, path: _directory.File(new string('a', 252)));

    [FactUnlessRoot]
    public void A_file_without_permissions_is_denied()
    {
        ImmStore.Open(_path).Dispose();
        Unix.SetMode(_path, "000");

        AssertRefused(ImmUnavailableReason.AccessDenied);
    }

    [Fact]
    public void A_text_is_not_a_store()
    {
        File.WriteAllText(_path, "a note");

        AssertRefused(ImmUnavailableReason.NotAStore);
    }

    [Fact]
    public void A_file_of_a_later_version_is_of_a_newer_format()
    {
        ImmStore.Open(_path).Dispose();
        Change(_path, 136, static format => (byte)(format + 1));

        AssertRefused(ImmUnavailableReason.NewerFormat, "NewerFormat", LogLevel.Error);
    }

    [Fact]
    public void A_log_of_a_later_version_is_of_a_newer_format()
    {
        Kill();
        Change(_path + "-log1", 8, static format => (byte)(format + 1));

        AssertRefused(ImmUnavailableReason.NewerFormat, "NewerFormat", LogLevel.Error);
    }

    [Fact]
    public void A_flipped_bit_is_damage()
    {
        ImmStore.Open(_path).Dispose();
        Change(_path, 5000, static value => (byte)(value ^ 4));

        AssertRefused(ImmUnavailableReason.Damaged, "Damaged", LogLevel.Critical);
    }

    [Fact]
    public void A_file_that_was_cut_is_damaged()
    {
        using (ImmStore store = ImmStore.Open(_path))
        {
            store.Registry().Create(new() { ProjectName = "one" });
        }

        File.WriteAllBytes(_path, File.ReadAllBytes(_path)[..9000]);

        AssertRefused(ImmUnavailableReason.Damaged, "Damaged", LogLevel.Critical);
    }

    [Theory]
    [InlineData("-log1", true)]
    [InlineData("-log2", true)]
    [InlineData("-log1", false)]
    public void A_log_that_is_missing_or_empty_is_a_missing_log(string log, bool isMissing)
    {
        Kill();
        if (isMissing)
        {
            File.Delete(_path + log);
        }
        else
        {
            File.WriteAllBytes(_path + log, []);
        }

        AssertRefused(ImmUnavailableReason.MissingLog, "FilesMissing", LogLevel.Critical);
    }

    [Fact]
    public void Logs_without_a_data_file_say_that_it_is_missing()
    {
        Kill();
        File.Delete(_path);

        AssertRefused(ImmUnavailableReason.MissingDataFile, "FilesMissing", LogLevel.Critical);
    }

    [Fact]
    public void The_log_of_another_store_does_not_match()
    {
        string other = _directory.File("other.db");
        using (var process = new StoreProcess())
        {
            process.OpenWith("one", _path, "one");
            process.OpenWith("other", other, "other");
        }

        File.Copy(other + "-log1", _path + "-log1", overwrite: true);

        AssertRefused(ImmUnavailableReason.MismatchedFiles, "FilesMissing", LogLevel.Critical);
    }

    [Fact]
    public void An_older_data_file_does_not_match_its_logs()
    {
        ImmStore.Open(_path).Dispose();
        byte[] older = File.ReadAllBytes(_path);
        using (ImmStore store = ImmStore.Open(_path))
        {
            store.Registry().Create(new() { ProjectName = "one" });
        }

        Kill();
        File.WriteAllBytes(_path, older);

        AssertRefused(ImmUnavailableReason.MismatchedFiles, "FilesMissing", LogLevel.Critical);
    }

    [Fact]
    public void A_text_under_the_name_of_a_log_does_not_match()
    {
        Kill();
        File.WriteAllText(_path + "-log2", "a note");

        AssertRefused(ImmUnavailableReason.MismatchedFiles, "FilesMissing", LogLevel.Critical);
    }

    [Fact]
    public void A_backup_that_was_cut_short_is_unfinished()
    {
        ImmStore.Open(_path).Dispose();
        byte[] file = File.ReadAllBytes(_path);
        Span<byte> first = file.AsSpan(0, DataPage.Size);
        DataFileHeader header = DataPage.ReadHeader(first);
        DataPage.Verify(_path, 0, first);
        DataPage.WriteChecksum(0, first, header with { IsUnfinished = true });
        File.WriteAllBytes(_path, file);

        AssertRefused(ImmUnavailableReason.UnfinishedBackup);
    }

    [Fact]
    public async Task A_backup_to_a_name_that_is_taken_says_so()
    {
        using ImmStore store = ImmStore.Open(_path);
        File.WriteAllText(_directory.File("copy.db"), "a note");

        ImmException refused = await Assert.ThrowsAsync<ImmException>(() => store.BackupAsync(_directory.File("copy.db")));

        Assert.Equal(ImmUnavailableReason.NameTaken, refused.Reason);
        Assert.Equal((ImmStoreState.Open, null), (store.Status.State, store.Status.FailureReason));
    }

    [Fact]
    public void A_change_without_room_has_the_reason_and_is_logged_once_until_there_is_room()
    {
        var disk = new FullDisk(new SimulatedDisk());
        using ImmStore store = ImmStore.Open(_watch.Options("/store/imm.db"), disk);
        disk.Leave(0);

        Assert.All(["a", "b"], name => Assert.Equal(ImmUnavailableReason.NoSpace, Refused(store, name).Reason));
        Assert.Equal((ImmStoreState.Open, null), (store.Status.State, store.Status.FailureReason));
        disk.Leave(null);
        store.Registry().Create(new() { ProjectName = "a" });

        FakeLog(Assert.Single(_watch.Logs, log => log.Level >= LogLevel.Warning), 15, "NoSpace", LogLevel.Error);
    }

    [FactOnLinux]
    public void A_file_that_is_deleted_while_the_store_is_open_fails_it()
    {
        using ImmStore store = ImmStore.Open(
            _watch.Options(_path), LocalDisk.Instance, settings => settings with { VerifyFilesAfter = TimeSpan.Zero });
        File.Delete(_path);

        Assert.Equal(ImmUnavailableReason.StoreFailed, Refused(store, "a").Reason);

        Assert.Equal((ImmStoreState.Failed, ImmUnavailableReason.FilesChanged), (store.Status.State, store.Status.FailureReason));
        ImmException refused = Refused(store, "b");
        Assert.Equal(ImmUnavailableReason.StoreFailed, refused.Reason);
        Assert.Contains(
            "What was acknowledged is in its files, unless something else changed them.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(ImmUnavailableReason.StoreFailed, Assert.Throws<ImmException>(() => store.Check()).Reason);
        Assert.Equal(["FilesMissing", "Failed"], _watch.Logs.Where(log => log.Level >= LogLevel.Warning).Select(log => log.Id.Name));
        Assert.Equal("FilesChanged", _watch.Logs[^1].GetStructuredStateValue("Reason"));
    }

    [Fact]
    public void A_flush_that_fails_fails_the_store()
    {
        var faulty = new FaultyDisk(new SimulatedDisk());
        using ImmStore store = ImmStore.Open(_watch.Options("/store/imm.db"), faulty);
        faulty.FailAt(1, FaultKinds.Flush, fromThenOn: true);

        Assert.Equal(ImmUnavailableReason.StoreFailed, Refused(store, "a").Reason);

        Assert.Equal(ImmUnavailableReason.InputOutputError, store.Status.FailureReason);
    }

    [Fact]
    public void A_scope_that_cannot_be_read_is_damaged_and_fails_the_store()
    {
        using (ImmStore before = ImmStore.Open(_path))
        {
            RegistryOperations.Prepare(before.Registry());
        }

        byte[] whole = File.ReadAllBytes(_path);
        int met = 0;
        for (int at = 100; at < whole.Length; at += DataPage.Size)
        {
            File.WriteAllBytes(_path, whole);
            Change(_path, at, static value => (byte)(value ^ 4));
            if (Xunit.Record.Exception(() => ImmStore.Open(_path).Dispose()) is not null)
            {
                continue;
            }

            using ImmStore store = ImmStore.Open(_path);
            if (Xunit.Record.Exception(() => store.Registry().List()) is ImmException refused)
            {
                met++;
                Assert.Equal(ImmUnavailableReason.Damaged, refused.Reason);
                Assert.Equal(ImmUnavailableReason.Damaged, store.Status.FailureReason);
                Assert.Equal(ImmUnavailableReason.StoreFailed, Refused(store, "a").Reason);
            }
        }

        Assert.True(met > 0);
    }

    [Fact]
    public void A_fault_of_a_fixture_has_the_reason_of_a_failed_store()
    {
        using var fixture = new ImmFixture();
        fixture.Faults.On(ImmOperation.CreateProject).BeUnavailable();

        Assert.Equal(ImmUnavailableReason.StoreFailed, Refused(fixture.Store, "a").Reason);
    }

    [Fact]
    public void Other_codes_have_no_reason()
    {
        using ImmStore store = ImmStore.InMemory();

        Assert.Null(Assert.Throws<ImmException>(() => store.Registry().Get("absent")).Reason);
        Assert.Null(store.Status.FailureReason);
    }

    private static ImmException Refused(ImmStore store, string name)
    {
        ImmException refused = Assert.Throws<ImmException>(() => store.Registry().Create(new() { ProjectName = name }));
        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        return refused;
    }

    private static void FakeLog(Microsoft.Extensions.Logging.Testing.FakeLogRecord log, int id, string name, LogLevel level) =>
        Assert.Equal((id, name, level), (log.Id.Id, log.Id.Name, log.Level));

    private static void Change(string path, int at, Func<byte, byte> change)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at] = change(bytes[at]);
        File.WriteAllBytes(path, bytes);
    }

    /// <summary>Leaves a store as a killed process does.</summary>
    private void Kill()
    {
        using var process = new StoreProcess();
        process.OpenWith("s", _path, "killed");
    }

    /// <summary>Asserts that an open is refused with a reason, and that the log has it too.</summary>
    /// <param name="reason">The reason.</param>
    /// <param name="logEvent">The event of the reason; null where it has none.</param>
    /// <param name="level">The level of that event.</param>
    /// <param name="path">The path; null for that of the test.</param>
    private void AssertRefused(
        ImmUnavailableReason reason, string? logEvent = null, LogLevel level = LogLevel.None, string? path = null)
    {
        ImmException refused = Assert.Throws<ImmException>(() => ImmStore.Open(_watch.Options(path ?? _path)));

        Assert.Equal((ImmErrorCode.ServiceUnavailable, reason), (refused.Code, refused.Reason));
        Assert.Equal(
            logEvent is null ? ["OpenRefused"] : [logEvent, "OpenRefused"], _watch.Logs.Select(log => log.Id.Name));
        Assert.Equal(reason.ToString(), _watch.Logs[^1].GetStructuredStateValue("Reason"));
        Assert.True(logEvent is null || _watch.Logs[0].Level == level);
    }
}
