using System.Buffers.Binary;
using System.Text.RegularExpressions;
using Imm.Core.Storage;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The table of docs/storage.md, section 4: the files that an open finds, and its result.</summary>
public partial class RecoveryTableTests
{
    private const string Data = StoreOnDisk.DataPath;
    private const string Log1 = Data + "-log1";
    private const string Log2 = Data + "-log2";
    private const string LaterState = "goes on from a later state than the data file beside it has";
    private const string AnotherStore = "the log of another store";
    private const string Stale = "older than the data file beside it";
    private const string Unreadable = "batch … was acknowledged and cannot be read";

    private static readonly Guid OtherId = new("11111111-2222-3333-4444-555555555555");

    /// <summary>A closed store with three projects, which were batches 1 to 3.</summary>
    private static readonly SimulatedDisk Closed = Prepare(killed: false);

    /// <summary>
    /// The same store, killed after batches 4 and 5, which are in the first log. Batch 5 states that 4 was flushed; nothing vouches for 5.
    /// </summary>
    private static readonly SimulatedDisk Killed = Prepare(killed: true);

    /// <summary>The same store, killed while a checkpoint of five batches overwrote pages.</summary>
    private static readonly SimulatedDisk Overwriting = PrepareOverwriting();

    private static readonly Dictionary<string, Row> Rows = new()
    {
        // No data file, or one without content.
        ["nothing"] = Opens(0, () => new SimulatedDisk()),
        ["data file empty, logs without content"] = Opens(0, () => Files((Data, []), (Log1, []), (Log2, new byte[4096]))),
        ["data file of zeros"] = Opens(0, () => Files((Data, new byte[DataPage.Size]))),
        ["data file missing, a log with batches"] = Fails(
            "holds changes of a store, but the data file … is missing or empty", () => Without(Killed, Data)),
        ["data file empty, a log with batches"] = Fails(
            "holds changes of a store, but the data file … is missing or empty", () => With(Killed, Data, [])),
        ["data file missing, a log with a base sequence"] = Fails(
            "holds changes of a store, but the data file … is missing or empty",
            () => WithNewLog(new SimulatedDisk(), Log2, OtherId, 4, 1)),

        // Not a data file that can be read.
        ["a text"] = Fails("not a store of Imm.Core", () => Files((Data, [.. Enumerable.Repeat((byte)'t', 20_000)]))),
        ["a newer format"] = Fails(
            "has format …; a newer version wrote it",
            () => Changed(Closed, Data, bytes => bytes[136] = DataFileHeader.SupportedFormat + 1)),
        ["page 0 as LiteDB writes it"] = Fails(
            "program has written to", () => Changed(Closed, Data, bytes => bytes.AsSpan(14, 4).Fill(0xFF))),
        ["LiteDB's log beside it"] = Fails(
            "program has written to", () => With(Closed, "/store/imm-log.db", [.. new byte[14], 1, .. new byte[DataPage.Size]])),
        ["unfinished backup"] = Fails(
            "a backup that was cut short", () => WithHeader(Closed, header => header with { IsUnfinished = true })),
        ["new, shorter than a page"] = Opens(0, () => Files((Data, NewDataFile()[..512]))),
        ["new, shorter than a page, checksum wrong"] = Fails(
            "the checksum of page 0", () => Changed(Files((Data, NewDataFile()[..512])), Data, bytes => bytes[200] ^= 1)),
        ["page 0 damaged"] = Fails("the checksum of page 0", () => Changed(Closed, Data, bytes => bytes[300] ^= 1)),
        ["page 0 of an open store damaged"] = Fails("the checksum of page 0", () => Changed(Killed, Data, bytes => bytes[300] ^= 1)),
        ["data file cut"] = Fails("was cut", () => With(Closed, Data, Closed.Read(Data)[..^DataPage.Size])),

        // Closed.
        ["closed, no logs"] = Opens(3, () => Closed.AsKilled()),
        ["closed, log empty"] = Opens(3, () => With(Closed, Log1, [])),
        ["closed, log of zeros"] = Opens(3, () => With(Closed, Log2, new byte[1 << 20])),
        ["closed, log is the beginning of a header"] = Opens(3, () => With(Closed, Log1, Killed.Read(Log1)[..20])),
        ["closed, log of the same store with nothing beyond"] = Opens(3, () => WithNewLog(Closed, Log1, HeaderOf(Closed).StoreId, 99, 3)),
        ["closed, log of an open that was cut short"] = Opens(3, () => WithNewLog(Closed, Log2, OtherId, FirstGeneration + 1, 3)),
        ["closed, log of another store"] = Fails(AnotherStore, () => WithNewLog(Closed, Log1, OtherId, FirstGeneration + 2, 3)),
        ["closed, log of another store with another base"] = Fails(
            AnotherStore, () => WithNewLog(Closed, Log1, OtherId, FirstGeneration, 2)),
        ["closed, log with batches beyond"] = Fails(LaterState, () => WithHeader(Killed, header => header with { IsOpen = false })),
        ["closed, log with a later base"] = Fails(LaterState, () => WithNewLog(Closed, Log2, HeaderOf(Closed).StoreId, 99, 4)),

        // Open: a log is missing, or of another state.
        ["open, first log missing"] = Fails("is missing", () => Without(Killed, Log1)),
        ["open, second log missing"] = Fails("is missing", () => Without(Killed, Log2)),
        ["open, log empty"] = Fails("is empty", () => With(Killed, Log1, [])),
        ["open, log of zeros"] = Fails("is empty", () => With(Killed, Log2, new byte[4096])),
        ["open, log of another store"] = Fails(AnotherStore, () => WithHeader(Killed, header => header with { StoreId = OtherId })),
        ["open, base beyond the data file"] = Fails(LaterState, () => WithHeader(Killed, header => header with { AppliedSequence = 2 })),
        ["open, both generations later"] = Fails(
            LaterState, () => WithHeader(Killed, header => header with { LogGeneration = header.LogGeneration - 1 })),
        ["open, end mark and the other log of an earlier generation"] = Fails(
            "an older one than was there", () => WithGeneration(WithMark(Killed, FrameKind.EndMark), Log2, generation => generation - 2)),
        ["open, generations not neighbours"] = Fails(Stale, () => WithGeneration(Killed, Log2, generation => generation + 1)),
        ["open, both generations earlier"] = Fails(
            Stale, () => WithHeader(Killed, header => header with { LogGeneration = header.LogGeneration + 5 })),

        // Open: the batches of the logs.
        ["open, whole batches"] = Opens(5, () => Killed.AsKilled()),
        ["open, whole batches and an end mark"] = Opens(5, () => WithMark(Killed, FrameKind.EndMark)),
        ["open, last batch torn"] = Opens(4, () => Torn(Killed, batch: 5)),
        ["open, batch torn that a later batch vouches for"] = Fails(Unreadable, () => Torn(Killed, batch: 4)),
        ["open, last batch torn that an idle mark vouches for"] = Fails(
            Unreadable, () => Torn(WithMark(Killed, FrameKind.IdleMark), batch: 5)),
        ["open, last batch torn that an end mark vouches for"] = Fails(
            Unreadable, () => Torn(WithMark(Killed, FrameKind.EndMark), batch: 5)),
        ["open, last batch torn that the data file vouches for"] = Fails(
            Unreadable, () => WithHeader(Torn(Killed, batch: 5), header => header with { LoggedSequence = 5 })),

        // A checkpoint step was cut short.
        ["being overwritten, redo whole"] = Opens(5, () => Overwriting.AsKilled()),
        ["being overwritten, page 0 torn, redo whole"] = Opens(5, () => Changed(Overwriting, Data, bytes => bytes[300] ^= 1)),
        ["being overwritten, redo torn"] = Fails(
            "a checkpoint was cut short, and its pages are whole neither in …", () => Changed(Overwriting, RedoLog(), TearPages)),

        // Any data file: a log that cannot be read.
        ["a log without magic"] = Fails("is not a log", () => Changed(Killed, Log1, bytes => bytes[0] ^= 1)),
        ["a log of another format"] = Fails(
            "has format …", () => Changed(Killed, Log1, bytes => bytes[8] = DataFileHeader.SupportedFormat + 1)),
        ["a log of format 1 beside a data file of the present one"] = Fails(AnotherStore, () => Changed(Killed, Log1, bytes =>
        {
            bytes[8] = 1;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(60), Checksum.Of(bytes.AsSpan(0, 60)));
        })),
        ["a log with a damaged header"] = Fails(
            "the checksum of its header is wrong", () => Changed(Killed, Log2, bytes => bytes[40] ^= 1)),
        ["a log that was cut"] = Fails("was cut", () => With(Killed, Log1, Killed.Read(Log1)[..^1])),
        ["a log with a frame of a later generation"] = Fails(
            "its header is of generation", () => WithGeneration(Killed, Log1, generation => generation - 1)),
        ["a page of the scopes damaged"] = Fails("the checksum of page", () => Changed(Closed, Data, DamageAllButFirstPage)),
    };

    public static TheoryData<string> Names => [.. Rows.Keys];

    private static long FirstGeneration => (3 * HeaderOf(Closed).Checkpoint) + 1;

    [Theory]
    [MemberData(nameof(Names))]
    public void An_open_has_the_documented_result(string name)
    {
        Row row = Rows[name];
        SimulatedDisk disk = row.Files();
        ulong before = disk.Fingerprint;
        if (row.Error is not { } error)
        {
            using ImmStore store = new StoreOnDisk(disk).Open();
            Assert.Equal(
                Enumerable.Range(0, row.Projects).Select(number => $"p{number}"),
                store.Registry().List().Projects.Select(project => project.ProjectName.Value));
            return;
        }

        var refused = Assert.Throws<ImmException>(() => new StoreOnDisk(disk).Open());

        Assert.Equal(ImmErrorCode.ServiceUnavailable, refused.Code);
        Assert.Matches(string.Join(".*", error.Split('…').Select(Regex.Escape)), refused.Message);
        Assert.Equal(before, disk.Fingerprint);
    }

    [Fact]
    public void Every_error_of_the_documented_table_is_tested()
    {
        string document = Conventions.Repository.Text("Imm.Core/docs/storage.md");
        int start = document.IndexOf("## 4.", StringComparison.Ordinal);
        string section = document[start..document.IndexOf("## 5.", StringComparison.Ordinal)];
        string[] documented =
        [
            .. section.Split('\n').Where(line => line.Contains("| error: ", StringComparison.Ordinal))
                .SelectMany(line => Italics().Matches(line[line.IndexOf("| error: ", StringComparison.Ordinal)..]))
                .Select(match => match.Groups[1].Value).Distinct(),
        ];

        Assert.InRange(documented.Length, 10, 30);
        Assert.Empty(documented.Except(Rows.Values.Select(row => row.Error)));
    }

    private static Row Opens(int projects, Func<SimulatedDisk> files) => new(files, projects, Error: null);

    private static Row Fails(string error, Func<SimulatedDisk> files) => new(files, 0, error);

    private static SimulatedDisk Prepare(bool killed)
    {
        var disk = new SimulatedDisk();
        Create(disk, 0, 3);
        if (!killed)
        {
            return disk.AsKilled();
        }

        using ImmStore store = new StoreOnDisk(disk).Open();
        Create(store, 3, 2);
        return disk.AsKilled();
    }

    private static SimulatedDisk PrepareOverwriting()
    {
        SimulatedDisk disk = Killed.AsKilled();
        SimulatedDisk? found = null;
        var watched = new WatchedDisk(disk, () =>
        {
            if (found is null && disk.Paths.Contains(Data) && HeaderOf(disk).IsBeingOverwritten)
            {
                found = disk.AsKilled();
            }
        });
        new StoreOnDisk(watched).Open().Dispose();
        return found!;
    }

    private static void Create(SimulatedDisk disk, int first, int count)
    {
        using ImmStore store = new StoreOnDisk(disk).Open();
        Create(store, first, count);
    }

    private static void Create(ImmStore store, int first, int count)
    {
        for (int number = first; number < first + count; number++)
        {
            store.Registry().Create(new CreateProjectRequest { ProjectName = $"p{number}" });
        }
    }

    private static byte[] NewDataFile()
    {
        var disk = new SimulatedDisk();
        using (DataFile data = DataFile.Create(disk, Data))
        {
            using var documents = new DocumentFile(data);
            data.WritePages(documents.TakePages(DataFileHeader.New(OtherId)));
        }

        return disk.Read(Data);
    }

    private static DataFileHeader HeaderOf(SimulatedDisk disk) => DataPage.ReadHeader(disk.Read(Data).AsSpan(0, DataPage.Size));

    /// <summary>The log that has the redo of <see cref="Overwriting"/>.</summary>
    private static string RedoLog()
    {
        using WriteAheadLog log = WriteAheadLog.Open(Overwriting.AsKilled(), Log1);
        return log.ReadFrames().Pages is null ? Log2 : Log1;
    }

    private static void TearPages(byte[] bytes) => bytes[bytes.AsSpan().LastIndexOfAnyExcept((byte)0)] ^= 1;

    private static void DamageAllButFirstPage(byte[] bytes)
    {
        for (int page = DataPage.Size; page < bytes.Length; page += DataPage.Size)
        {
            bytes[page + 100] ^= 1;
        }
    }

    private static SimulatedDisk Files(params (string Path, byte[] Bytes)[] files)
    {
        var disk = new SimulatedDisk();
        foreach ((string path, byte[] bytes) in files)
        {
            disk.Put(path, bytes);
        }

        return disk;
    }

    private static SimulatedDisk With(SimulatedDisk disk, string path, byte[] bytes)
    {
        SimulatedDisk changed = disk.AsKilled();
        changed.Put(path, bytes);
        return changed;
    }

    private static SimulatedDisk Without(SimulatedDisk disk, string path)
    {
        SimulatedDisk changed = disk.AsKilled();
        changed.Delete(path);
        return changed.AsKilled();
    }

    private static SimulatedDisk Changed(SimulatedDisk disk, string path, Action<byte[]> change)
    {
        byte[] bytes = disk.Read(path);
        change(bytes);
        return With(disk, path, bytes);
    }

    private static SimulatedDisk WithHeader(SimulatedDisk disk, Func<DataFileHeader, DataFileHeader> change)
    {
        SimulatedDisk changed = disk.AsKilled();
        using (DataFile data = DataFile.OpenOrCreate(changed, Data, exists: true))
        {
            data.WriteHeader(change(data.Header));
        }

        return changed.AsKilled();
    }

    private static SimulatedDisk WithNewLog(SimulatedDisk disk, string path, Guid storeId, long generation, long baseSequence)
    {
        SimulatedDisk changed = disk.AsKilled();
        using (WriteAheadLog log = WriteAheadLog.Create(changed, path))
        {
            log.BeginGeneration(storeId, generation, baseSequence);
        }

        return changed.AsKilled();
    }

    private static SimulatedDisk WithGeneration(SimulatedDisk disk, string path, Func<long, long> change) => Changed(disk, path, bytes =>
    {
        LogHeader header = LogHeader.Read(bytes, path);
        bytes.AsSpan(0, LogHeader.Length).Clear();
        (header with { Generation = change(header.Generation) }).Write(bytes.AsSpan(0, LogHeader.Length));
    });

    /// <summary>The first log with a mark that says that its last batch was flushed.</summary>
    private static SimulatedDisk WithMark(SimulatedDisk disk, FrameKind kind)
    {
        SimulatedDisk changed = disk.AsKilled();
        using (WriteAheadLog log = WriteAheadLog.Open(changed, Log1))
        {
            log.ContinueAfter(log.ReadFrames());
            log.AppendMark(kind, flushedSequence: 5);
        }

        return changed.AsKilled();
    }

    private static SimulatedDisk Torn(SimulatedDisk disk, long batch)
    {
        LogFrame frame;
        using (WriteAheadLog log = WriteAheadLog.Open(disk.AsKilled(), Log1))
        {
            frame = log.ReadFrames().Batches.Single(frame => frame.Sequence == batch);
        }

        return Changed(disk, Log1, bytes => bytes[frame.Offset + 3] ^= 1);
    }

    [GeneratedRegex(@"\*([^*|]+)\*")]
    private static partial Regex Italics();

    private sealed record Row(Func<SimulatedDisk> Files, int Projects, string? Error);
}
