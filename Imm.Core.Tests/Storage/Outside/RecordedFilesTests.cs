using System.Text;
using Xunit;

namespace Imm.Core.Tests.Storage.Outside;

public class RecordedFilesTests
{
    private readonly RecordedFiles _files = new("/s");

    [Fact]
    public void A_write_is_seen_at_once_and_durable_only_after_an_fsync_of_the_file_and_one_of_the_folder()
    {
        Take(Open("/s/a", 3), """1 pwrite64(3, "\x61", 1, 0) = 1""");
        Assert.Equal(["a=a"], Visible);
        Assert.Equal(["", "a=", "a=\0", "a=a"], Images);

        Take("1 fsync(3) = 0");
        Assert.Equal(["", "a=a"], Images);

        Take(Open("/s", 4, "O_RDONLY"), "1 fsync(4) = 0");
        Assert.Equal(["a=a"], Images);
    }

    [Fact]
    public void An_fsync_covers_only_what_was_written_when_it_began()
    {
        Durable("/s/a");
        Take(
            """1 pwrite64(3, "\x61", 1, 0) = 1""",
            "1 fsync(3 <unfinished ...>",
            """2 pwrite64(3, "\x62", 1, 0) = 1""",
            "1 <... fsync resumed>) = 0");

        Assert.Equal(["a=a", "a=b"], Images);
    }

    [Fact]
    public void A_write_that_is_under_way_when_an_fsync_begins_is_not_covered()
    {
        Durable("/s/a");
        Take("""2 pwrite64(3, "\x62", 1, 0 <unfinished ...>""", "1 fsync(3) = 0", "2 <... pwrite64 resumed>) = 1");

        Assert.Contains("a=", Images);
        Assert.Contains("a=b", Images);
    }

    [Fact]
    public void A_failed_fsync_makes_nothing_durable_and_neither_does_one_after_it()
    {
        Durable("/s/a");
        Take("""1 pwrite64(3, "\x61", 1, 0) = 1""", "1 fsync(3) = -1 EIO (Input/output error) (INJECTED)", "1 fsync(3) = 0");

        Assert.Contains("a=", Images);
        Assert.Equal(["a=a"], Visible);
    }

    [Fact]
    public void Names_are_there_or_not_in_any_order_until_the_folder_is_flushed()
    {
        Durable("/s/a");
        Take("""1 rename("\x2f\x73\x2f\x61", "\x2f\x73\x2f\x62") = 0""", Open("/s/c", 5));

        Assert.Equal(["a=", "a= c=", "b=", "b= c="], Images);
        Take(Open("/s", 4, "O_RDONLY"), "1 fsync(4) = 0", """1 unlink("\x2f\x73\x2f\x63") = 0""");
        Assert.Equal(["b=", "b= c="], Images);
    }

    [Fact]
    public void After_a_kill_an_fsync_by_the_next_process_covers_what_the_killed_one_wrote()
    {
        Durable("/s/a");
        Take("""1 pwrite64(3, "\x61", 1, 0) = 1""");

        RecordedFiles next = _files.AfterKill();
        Assert.Equal(["a=", "a=\0", "a=a"], ImagesOf(next));
        Take(next, Open("/s/a", 9), "7 fsync(9) = 0");

        Assert.Equal(["a=a"], ImagesOf(next));
        Assert.Equal(["a=", "a=\0", "a=a"], Images);
    }

    [Fact]
    public void A_short_write_and_a_cut_are_what_the_kernel_made_of_them()
    {
        Durable("/s/a");
        Take(
            """1 pwrite64(3, "\x61\x62\x63", 3, 0) = 2""",
            "1 ftruncate(3, 1) = 0",
            "1 fallocate(3, 0, 0, 2) = 0",
            """1 pwrite64(3, "\x61", 1, 0) = -1 ENOSPC (No space left on device)""");

        Assert.Equal(["a=a\0"], Visible);
    }

    [Fact]
    public void An_unknown_call_that_may_write_is_an_error()
    {
        Durable("/s/a");

        Assert.Throws<InvalidDataException>(() => Take("1 copy_file_range(8, NULL, 3, NULL, 100, 0) = 100"));
    }

    private IEnumerable<string> Visible => _files.Visible.Select(file => Shown(file.Path, OutsideTests.Bytes(file.Content)));

    private IEnumerable<string> Images => ImagesOf(_files);

    private static IEnumerable<string> ImagesOf(RecordedFiles files) => files.Moment().Extremes()
        .Select(image => string.Join(' ', image.Disk.Paths.Select(path => Shown(path, image.Disk.Read(path)))))
        .Distinct().Order(StringComparer.Ordinal);

    private static string Shown(string path, byte[] bytes) => $"{Path.GetFileName(path)}={Encoding.ASCII.GetString(bytes)}";

    private static string Open(string path, int descriptor, string flags = "O_RDWR|O_CREAT") =>
        $"1 openat(AT_FDCWD, \"{string.Concat(path.Select(letter => $"\\x{(int)letter:x2}"))}\", {flags}, 0666) = {descriptor}";

    private static void Take(RecordedFiles files, params string[] lines)
    {
        foreach (CallStep step in SystemCallRecord.Read(lines))
        {
            files.Take(step);
        }
    }

    private void Take(params string[] lines) => Take(_files, lines);

    private void Durable(string path) => Take(Open(path, 3), Open("/s", 4, "O_RDONLY"), "1 fsync(4) = 0");
}
