using System.Buffers.Binary;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

public sealed class SimulatedDiskTests
{
    private const string Data = "/store/data";
    private const string Log = "/store/log";
    private const string Temporary = "/store/temporary";

    private readonly SimulatedDisk _disk = new();

    [Fact]
    public void A_file_reads_back_what_was_written_and_zeros_in_the_gaps()
    {
        using DiskFile file = _disk.Create(Data);
        file.Write(5000, Filled(9000, 1));
        file.SetLength(20_000);
        file.SetLength(13_000);
        file.SetLength(14_001);

        byte[] expected = new byte[14_001];
        expected.AsSpan(5000, 8000).Fill(1);
        byte[] read = new byte[14_001];
        file.Read(0, read);

        Assert.Equal(expected, read);
        Assert.Equal(expected, _disk.Read(Data));
        Assert.Equal(14_001, _disk.Length(Data));
        Assert.Null(_disk.Length(Log));
        Assert.Throws<EndOfStreamException>(() => file.Read(14_000, new byte[2]));
    }

    [Fact]
    public void Random_operations_agree_with_an_array_and_equal_contents_have_one_fingerprint()
    {
        var random = new Random(1);
        using DiskFile file = _disk.Create(Data);
        byte[] expected = [];
        for (int i = 0; i < 500; i++)
        {
            if (random.Next(5) == 0)
            {
                Array.Resize(ref expected, random.Next(40_000));
                file.SetLength(expected.Length);
            }
            else
            {
                byte[] data = Filled(random.Next(10_000), (byte)random.Next(3));
                int offset = random.Next(30_000);
                Array.Resize(ref expected, data.Length == 0 ? expected.Length : Math.Max(expected.Length, offset + data.Length));
                data.CopyTo(expected.AsSpan(Math.Min(offset, expected.Length)));
                file.Write(offset, data);
            }

            Assert.Equal(expected, _disk.Read(Data));
            var other = new SimulatedDisk();
            other.Put(Data, expected);
            Assert.Equal(other.Fingerprint, _disk.Fingerprint);
        }
    }

    [Fact]
    public void The_local_disk_gives_the_same_answers()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("imm-disk-");
        try
        {
            Assert.Equal(Answers(_disk, "/store"), Answers(LocalDisk.Instance, directory.FullName));
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        static List<string> Answers(Disk disk, string directory)
        {
            string data = Path.Combine(directory, "data");
            string other = Path.Combine(directory, "other");
            List<string> answers = [];
            Ask(() => disk.Length(data));
            Ask(() => disk.Open(data));
            using (DiskFile file = disk.Create(data))
            {
                Ask(() => file.Length);
                Ask(() => disk.Open(data));
                Ask(() => disk.Create(data));
                file.Write(3000, [1, 2, 3]);
                file.Write(9000, []);
                Ask(() => file.Length);
                file.SetLength(3001);
                file.SetLength(3003);
                byte[] buffer = new byte[4];
                file.Read(2999, buffer);
                Ask(() => Convert.ToHexString(buffer));
                Ask(() =>
                {
                    file.Read(3000, buffer);
                    return "read";
                });
                file.Read(9000, []);
                file.Flush();
            }

            disk.Create(other).Dispose();
            Ask(() =>
            {
                disk.Rename(data, other);
                return "renamed";
            });
            disk.Delete(other);
            disk.Rename(data, other);
            disk.FlushDirectory(other);
            Ask(() => disk.Length(data));
            Ask(() => disk.Length(other));
            Ask(() =>
            {
                disk.Rename(data, other);
                return "renamed";
            });
            disk.Delete(data);
            Ask(() => disk.Create(other));
            Ask(() => disk.Length(other));
            disk.Delete(other);
            Ask(() => disk.Length(other));
            return answers;

            void Ask<T>(Func<T> question)
            {
                try
                {
                    answers.Add($"{question()}");
                }
                catch (IOException error)
                {
                    answers.Add(error.GetType().Name);
                }
            }
        }
    }

    [Fact]
    public void Flushed_data_is_in_every_image()
    {
        using DiskFile file = _disk.Create(Data);
        file.Write(0, Filled(3000, 1));
        file.Flush();
        _disk.FlushDirectory(Data);
        file.Write(3000, Filled(5000, 2));
        file.SetLength(20_000);
        file.Write(15_000, Filled(100, 3));

        foreach (CrashImage image in _disk.Images(500, seed: 1))
        {
            Assert.Equal(Filled(3000, 1), image.Disk.Read(Data)[..3000]);
        }
    }

    [Fact]
    public void With_everything_flushed_there_is_one_image()
    {
        using DiskFile file = _disk.Create(Data);
        file.Write(0, Filled(3000, 1));
        file.Flush();
        _disk.FlushDirectory(Data);

        CrashImage image = Assert.Single(_disk.Images(100, seed: 1));
        Assert.Equal(_disk.Fingerprint, image.Disk.Fingerprint);
    }

    [Fact]
    public void Unflushed_writes_are_lost_kept_reordered_and_torn()
    {
        _disk.Put(Data, Filled(4096, 1));
        using DiskFile file = _disk.Open(Data);
        file.Write(0, Filled(1024, 2));
        file.Write(2048, Filled(2048, 3));

        string[] seen = Contents(2000, image => string.Concat(image.Disk.Read(Data).Chunk(512).Select(sector =>
        {
            Assert.Single(sector.Distinct());
            return sector[0];
        })));

        Assert.Contains("11111111", seen);
        Assert.Contains("22113333", seen);
        Assert.Contains("22111111", seen);
        Assert.Contains("11113333", seen);
        Assert.Contains("22113311", seen);
        Assert.Contains("22111133", seen);
        Assert.Contains(seen, content => content.EndsWith("3131", StringComparison.Ordinal));
        Assert.Contains(seen, content => content.EndsWith("3113", StringComparison.Ordinal));
    }

    [Fact]
    public void A_sector_holds_any_of_its_versions_but_no_mixture()
    {
        _disk.Put(Data, Filled(512, 1));
        using DiskFile file = _disk.Open(Data);
        file.Write(0, Filled(100, 2));
        file.Write(100, Filled(100, 3));

        string[] seen = Contents(100, image => $"{image.Disk.Read(Data)[0]}{image.Disk.Read(Data)[100]}");

        Assert.Equal(["11", "21", "23"], seen);
    }

    [Fact]
    public void A_file_that_grew_has_any_of_its_lengths_whatever_data_arrived()
    {
        _disk.Put(Data, Filled(512, 1));
        using DiskFile file = _disk.Open(Data);
        file.SetLength(2048);
        file.Write(512, Filled(1024, 2));

        string[] seen = Contents(200, image => string.Concat(image.Disk.Read(Data).Chunk(512).Select(sector => sector[0])));

        Assert.Equal(["1", "1000", "1020", "1200", "1220"], seen);
    }

    [Fact]
    public void An_append_is_cut_short_at_a_sector_or_has_zeros_where_data_did_not_arrive()
    {
        _disk.Put(Data, Filled(100, 1));
        using DiskFile file = _disk.Open(Data);
        file.Write(100, Filled(1500, 2));

        var lengths = new SortedSet<int>();
        bool zeros = false;
        foreach (CrashImage image in _disk.Images(300, seed: 1))
        {
            byte[] content = image.Disk.Read(Data);
            Assert.Equal(Filled(100, 1), content[..100]);
            Assert.All(content[100..], value => Assert.True(value is 0 or 2));
            lengths.Add(content.Length);
            zeros |= content.Length == 1600 && content[100] == 2 && content[1599] == 0;
        }

        Assert.Equal([100, 512, 1024, 1536, 1600], lengths);
        Assert.True(zeros);
    }

    [Fact]
    public void A_truncation_is_kept_or_lost_whole_and_a_lost_one_restores_old_bytes()
    {
        _disk.Put(Data, Filled(2048, 1));
        using DiskFile file = _disk.Open(Data);
        file.SetLength(0);

        Assert.Equal(["", "1111"], Contents(100, Sectors));

        file.Write(1024, Filled(512, 2));

        string[] seen = Contents(200, Sectors);
        Assert.Contains("002", seen);
        Assert.Contains("112", seen);
        Assert.Contains("1121", seen);

        static string Sectors(CrashImage image) => string.Concat(image.Disk.Read(Data).Chunk(512).Select(sector => sector[0]));
    }

    [Fact]
    public void A_flush_of_a_file_does_not_flush_another()
    {
        _disk.Put(Data, Filled(1, 1));
        _disk.Put(Log, Filled(1, 1));
        using DiskFile data = _disk.Open(Data);
        using DiskFile log = _disk.Open(Log);
        log.Write(0, Filled(1, 2));
        data.Write(0, Filled(1, 2));
        data.Flush();

        Assert.Equal(["21", "22"], Contents(50, image => $"{image.Disk.Read(Data)[0]}{image.Disk.Read(Log)[0]}"));
    }

    [Fact]
    public void A_handle_that_was_closed_without_a_flush_leaves_its_writes_unflushed()
    {
        _disk.Put(Data, Filled(1, 1));
        using (DiskFile file = _disk.Open(Data))
        {
            file.Write(0, Filled(1, 2));
        }

        Assert.Equal(["1", "2"], Contents(10, image => $"{image.Disk.Read(Data)[0]}"));
        using DiskFile again = _disk.Open(Data);
        again.Flush();
        Assert.Equal(["2"], Contents(10, image => $"{image.Disk.Read(Data)[0]}"));
    }

    [Fact]
    public void Names_are_kept_in_order_until_the_directory_is_flushed()
    {
        _disk.Put(Data, Filled(1, 1));
        using (DiskFile file = _disk.Create(Temporary))
        {
            file.Write(0, Filled(1, 2));
            file.Flush();
        }

        _disk.Delete(Data);
        _disk.Rename(Temporary, Data);
        _disk.Create(Log).Dispose();
        _disk.Delete(Log);

        Assert.Equal(["data=1", "data=1 temporary=2", "data=2", "data=2 log=", "temporary=2"], Contents(100, Listing));

        _disk.FlushDirectory(Data);

        Assert.Equal(["data=2"], Contents(100, Listing));
    }

    [Fact]
    public void A_rename_without_a_flush_of_the_file_shows_an_empty_file()
    {
        using (DiskFile file = _disk.Create(Temporary))
        {
            file.Write(0, Filled(1, 2));
        }

        _disk.Rename(Temporary, Data);
        _disk.FlushDirectory(Data);

        Assert.Equal(["data=", "data=0", "data=2"], Contents(100, Listing));
    }

    [Fact]
    public void A_flush_of_a_directory_does_not_affect_the_names_of_another()
    {
        _disk.Create("/other/file").Dispose();
        _disk.Create(Data).Dispose();
        _disk.FlushDirectory(Data);

        Assert.Equal(["data=", "file= data="], Contents(10, Listing));
    }

    [Fact]
    public void Neither_a_creation_nor_a_rename_replaces_a_file()
    {
        _disk.Put(Data, Filled(1, 1));
        _disk.Put(Log, Filled(1, 2));

        Assert.Throws<IOException>(() => _disk.Create(Data));
        Assert.Throws<IOException>(() => _disk.Rename(Log, Data));

        Assert.Equal(["data=1 log=2"], Contents(10, Listing));
    }

    [Fact]
    public void An_open_file_can_not_be_opened_created_replaced_or_deleted()
    {
        _disk.Put(Log, []);
        using (_disk.Create(Data))
        {
            Assert.Contains("is open", Assert.ThrowsAny<IOException>(() => _disk.Open(Data)).Message, StringComparison.Ordinal);
            Assert.ThrowsAny<IOException>(() => _disk.Create(Data));
            Assert.ThrowsAny<IOException>(() => _disk.Rename(Log, Data));
            Assert.ThrowsAny<IOException>(() => _disk.Delete(Data));
            Assert.ThrowsAny<IOException>(() => _disk.Put(Data, []));
        }

        DiskFile closed = _disk.Open(Data);
        closed.Dispose();
        using DiskFile open = _disk.Open(Data);
        closed.Dispose();
        Assert.ThrowsAny<IOException>(() => _disk.Open(Data));
        Assert.Throws<ObjectDisposedException>(() => closed.Flush());
        Assert.Throws<FileNotFoundException>(() => _disk.Open(Temporary));
    }

    [Fact]
    public void Every_operation_counts_once_and_flushes_are_listed()
    {
        using (DiskFile file = _disk.Create(Temporary))
        {
            file.Write(0, Filled(10, 1));
            file.SetLength(5);
            file.Flush();
            file.Read(0, new byte[5]);
        }

        _disk.Rename(Temporary, Data);
        _disk.FlushDirectory(Data);
        _disk.Delete(Data);

        Assert.Equal(7, _disk.Operations);
        Assert.Equal([4L, 6L], _disk.Flushes);
    }

    [Fact]
    public void From_the_crash_on_nothing_succeeds_and_nothing_changes()
    {
        _disk.CrashAt = 3;
        using DiskFile file = _disk.Create(Data);
        file.Write(0, Filled(1, 1));
        ulong before = _disk.Fingerprint;

        Assert.False(_disk.Crashed);
        Assert.Throws<PowerCutException>(() => file.Write(0, Filled(1, 2)));
        Assert.True(_disk.Crashed);
        Assert.Throws<PowerCutException>(() => file.SetLength(7));
        Assert.Throws<PowerCutException>(file.Flush);
        Assert.Throws<PowerCutException>(() => file.Read(0, new byte[1]));
        Assert.Throws<PowerCutException>(() => file.Length);
        Assert.Throws<PowerCutException>(() => _disk.Open(Log));
        Assert.Throws<PowerCutException>(() => _disk.Create(Log));
        Assert.Throws<PowerCutException>(() => _disk.Delete(Log));
        Assert.Throws<PowerCutException>(() => _disk.Length(Data));
        Assert.Throws<PowerCutException>(() => _disk.FlushDirectory(Data));
        file.Dispose();
        Assert.Throws<PowerCutException>(() => _disk.Rename(Data, Log));

        Assert.Equal(2, _disk.Operations);
        Assert.Equal(before, _disk.Fingerprint);
        Assert.Contains(_disk.Images(0, seed: 1), image => image.Disk.Fingerprint == before);
    }

    [Fact]
    public void A_seed_determines_the_images_and_no_two_are_equal()
    {
        _disk.Put(Data, Filled(65_536, 1));
        using DiskFile file = _disk.Open(Data);
        for (int i = 0; i < 8; i++)
        {
            file.Write(i * 6000, Filled(8192, (byte)(i + 2)));
        }

        CrashImage[] first = [.. _disk.Images(300, seed: 7)];
        CrashImage[] second = [.. _disk.Images(300, seed: 7)];
        CrashImage[] other = [.. _disk.Images(300, seed: 8)];

        Assert.Equal(first.Select(image => image.Disk.Fingerprint), second.Select(image => image.Disk.Fingerprint));
        Assert.Equal(first.Select(image => image.ToString()), second.Select(image => image.ToString()));
        Assert.NotEqual(first.Select(image => image.Disk.Fingerprint), other.Select(image => image.Disk.Fingerprint));
        Assert.Equal(first.Length, first.DistinctBy(image => Convert.ToHexString(image.Disk.Read(Data))).Count());
        Assert.True(first.Length > 300);
        Assert.Equal(_disk.Crash(new Random(3)).Disk.Fingerprint, _disk.Crash(new Random(3)).Disk.Fingerprint);
    }

    [Fact]
    public void Images_show_the_moment_they_were_asked_for()
    {
        _disk.Put(Data, Filled(1, 1));
        using DiskFile file = _disk.Open(Data);
        IEnumerable<CrashImage> images = _disk.Images(10, seed: 1);
        file.Write(0, Filled(1, 2));
        file.Flush();

        Assert.Equal(Filled(1, 1), Assert.Single(images).Disk.Read(Data));
    }

    [Fact]
    public void An_image_is_a_disk_of_its_own_that_can_crash_again()
    {
        _disk.Put(Data, Filled(1024, 1));
        using DiskFile file = _disk.Open(Data);
        file.Write(0, Filled(1024, 2));

        var seen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (CrashImage image in _disk.Images(50, seed: 1))
        {
            byte[] before = image.Disk.Read(Data);
            using DiskFile again = image.Disk.Open(Data);
            again.Write(512, Filled(512, 3));
            foreach (CrashImage second in image.Disk.Images(50, seed: 2))
            {
                byte[] after = second.Disk.Read(Data);
                Assert.Equal(before[..512], after[..512]);
                seen.Add($"{after[0]}{after[512]}");
            }
        }

        Assert.Equal(["11", "12", "13", "21", "22", "23"], seen);
        Assert.Equal(Filled(1024, 2), _disk.Read(Data));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Overwriting_in_place_is_recoverable_only_after_the_log_is_flushed(bool flushesLog)
    {
        int wrong = 0;
        for (long crashAt = 1; ; crashAt++)
        {
            var disk = new SimulatedDisk { CrashAt = crashAt };
            disk.Put(Data, Filled(1024, 1));
            disk.Put(Log, []);
            bool done = Attempt(() => Update(disk, flushesLog));
            wrong += disk.Images(50, seed: 1).Count(image => !Holds(image.Disk, done));
            if (done)
            {
                break;
            }
        }

        Assert.Equal(flushesLog, wrong == 0);

        static void Update(SimulatedDisk disk, bool flushesLog)
        {
            using DiskFile log = disk.Open(Log);
            log.Write(0, Record(Filled(1024, 2)));
            if (flushesLog)
            {
                log.Flush();
            }

            using DiskFile data = disk.Open(Data);
            data.Write(0, Filled(1024, 2));
            data.Flush();
        }

        static bool Holds(SimulatedDisk disk, bool done)
        {
            byte[] log = disk.Read(Log);
            byte[] page = log.Length == 1028 && Record(log[..1024]).SequenceEqual(log) ? log[..1024] : disk.Read(Data);
            return page.SequenceEqual(Filled(1024, 2)) || (!done && page.SequenceEqual(Filled(1024, 1)));
        }

        static byte[] Record(byte[] page)
        {
            // Not a bare sum: a log that grew without its data is all zeros, and those must not be a valid record.
            byte[] record = [.. page, 0, 0, 0, 0];
            BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(1024), page.Sum(value => value) + 1);
            return record;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_acknowledged_write_survives_only_if_it_was_flushed(bool flushes)
    {
        _disk.Put(Log, []);
        using DiskFile log = _disk.Open(Log);
        log.Write(0, Filled(2000, 1));
        if (flushes)
        {
            log.Flush();
        }

        Assert.Equal(flushes, _disk.Images(50, seed: 1).All(image => image.Disk.Read(Log).SequenceEqual(Filled(2000, 1))));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_new_file_is_durable_only_after_flushes_of_file_and_directory(bool flushesFile, bool flushesDirectory)
    {
        int wrong = 0;
        for (long crashAt = 1; ; crashAt++)
        {
            var disk = new SimulatedDisk { CrashAt = crashAt };
            bool done = Attempt(() =>
            {
                using (DiskFile file = disk.Create(Temporary))
                {
                    file.Write(0, Filled(1000, 1));
                    if (flushesFile)
                    {
                        file.Flush();
                    }
                }

                disk.Rename(Temporary, Data);
                if (flushesDirectory)
                {
                    disk.FlushDirectory(Data);
                }
            });
            wrong += disk.Images(50, seed: 1).Count(image => image.Disk.Paths.Contains(Data)
                ? !image.Disk.Read(Data).SequenceEqual(Filled(1000, 1))
                : done);
            if (done)
            {
                break;
            }
        }

        Assert.Equal(flushesFile && flushesDirectory, wrong == 0);
    }

    [Fact]
    public void A_flipped_bit_shows_under_an_open_handle_and_in_every_image()
    {
        _disk.Put(Data, Filled(10_000, 1));
        using DiskFile file = _disk.Open(Data);
        _disk.FlipBit(Data, (9000 * 8) + 7);

        byte[] one = new byte[1];
        file.Read(9000, one);
        Assert.Equal(0x81, one[0]);
        Assert.Equal(0x81, Assert.Single(_disk.Images(5, seed: 1)).Disk.Read(Data)[9000]);
        Assert.Throws<ArgumentOutOfRangeException>(() => _disk.FlipBit(Data, 80_000));

        file.Write(0, one);
        Assert.Throws<InvalidOperationException>(() => _disk.FlipBit(Data, 0));
    }

    [Fact]
    public void After_a_kill_everything_written_is_read_and_what_was_not_flushed_is_not_durable()
    {
        _disk.Put(Data, [1]);
        DiskFile data = _disk.Open(Data);
        data.Write(0, [2]);
        _disk.Create(Temporary).Dispose();
        _disk.Rename(Temporary, Log);

        SimulatedDisk next = _disk.AfterKill();

        Assert.Equal([Data, Log], next.Paths);
        Assert.Equal([2], next.Read(Data));
        using (DiskFile again = next.Open(Data))
        {
            again.Write(1, [3]);
        }

        string[] images = [.. next.Images(0, 0).Select(Listing)];
        Assert.Superset(new HashSet<string>(["data=1", "data=1 temporary=", "data=1 log=", "data=2", "data=23 log="]), images.ToHashSet());
        Assert.Equal([2], _disk.Read(Data));
    }

    [Fact]
    public void A_flush_after_a_kill_makes_durable_what_the_killed_process_wrote()
    {
        _disk.Put(Data, [1]);
        DiskFile data = _disk.Open(Data);
        data.Write(0, [2]);
        _disk.Create(Log).Dispose();

        SimulatedDisk next = _disk.AfterKill();
        using (DiskFile again = next.Open(Data))
        {
            again.Flush();
        }

        next.FlushDirectory(Data);

        Assert.Equal(["data=2 log="], next.Images(100, 1).Select(Listing));
        Assert.Contains("data=1", _disk.Images(100, 1).Select(Listing));
    }

    [Fact]
    public void A_read_runs_at_the_same_time_as_writes_and_flushes()
    {
        _disk.Put(Data, Filled(8192, 1));
        _disk.Put(Log, []);
        using DiskFile data = _disk.Open(Data);
        using DiskFile log = _disk.Open(Log);

        Parallel.Invoke(
            () => Repeat(i => data.Write(8192 + (i * 100), Filled(100, 2))),
            () => Repeat(i =>
            {
                log.Write(i * 100, Filled(100, 3));
                log.Flush();
            }),
            () => Repeat(_ =>
            {
                byte[] page = new byte[8192];
                data.Read(0, page);
                Assert.Equal(Filled(8192, 1), page);
            }),
            () => Repeat(i => Assert.NotNull(_disk.Crash(new Random(i)).Disk.Read(Data))));

        Assert.Equal(600, _disk.Operations);
        Assert.Equal(Filled(20_000, 3), _disk.Read(Log));
        Assert.Equal(28_192, data.Length);

        static void Repeat(Action<int> action)
        {
            for (int i = 0; i < 200; i++)
            {
                action(i);
            }
        }
    }

    private static bool Attempt(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (PowerCutException)
        {
            return false;
        }
    }

    private static byte[] Filled(int count, byte value) => [.. Enumerable.Repeat(value, count)];

    private static string Listing(CrashImage image) => string.Join(
        ' ',
        image.Disk.Paths.Select(path => $"{Path.GetFileName(path)}={string.Concat(image.Disk.Read(path))}"));

    private string[] Contents(int randomCount, Func<CrashImage, string> read) =>
        [.. _disk.Images(randomCount, seed: 1).Select(read).Distinct().Order(StringComparer.Ordinal)];
}
