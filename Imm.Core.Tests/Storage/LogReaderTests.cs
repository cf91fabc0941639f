using System.Buffers.Binary;
using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;
using ModelChange = Imm.Core.Model.Change;

namespace Imm.Core.Tests.Storage;

/// <summary>Reading the frames of a log that is whole, torn, damaged, or holds frames of other generations.</summary>
public class LogReaderTests
{
    private const string Path = "/store/log";
    private const int First = WriteAheadLog.FramesOffset;
    private const int Sector = Disk.SectorSize;
    private const long Generation = 7;

    private static readonly Guid StoreId = new("11111111-2222-3333-4444-555555555555");

    /// <summary>
    /// A log of five batches of one sector each, numbers 11 to 15, of which 14 were flushed when the last was written, and changes of it.
    /// </summary>
    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["whole"] = new(bytes => { }, Batches: "11 12 13 14 15", Flushed: 14, End: First + (5 * Sector)),
        ["no batch"] = new(bytes => bytes.AsSpan(First).Clear(), Batches: "", Flushed: 0, End: First),
        ["last frame torn"] = new(bytes => bytes[Frame(5) + 50] ^= 1, Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["last frame missing"] = new(bytes => Clear(bytes, 5), Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["checksum of the last frame wrong"] = new(bytes => bytes[Frame(5)] ^= 1, Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["middle frame torn"] = new(bytes => bytes[Frame(3) + 50] ^= 1, Batches: "11 12", Flushed: 14, End: Frame(3)),
        ["first frame torn"] = new(bytes => bytes[Frame(1) + 50] ^= 1, Batches: "", Flushed: 14, End: First),
        ["padding damaged"] = new(bytes => bytes[Frame(3) + 500] ^= 1, Batches: "11 12 13 14 15", Flushed: 14, End: First + (5 * Sector)),
        ["length negative"] = new(bytes => SetLength(bytes, 5, -1), Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["length beyond the file"] = new(bytes => SetLength(bytes, 5, int.MaxValue), Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["gap in the numbers"] = new(
            bytes => Write(bytes, 4, Header(FrameKind.Records, 99, 13)), Batches: "11 12 13", Flushed: 14, End: Frame(4)),
        ["stale generation at the end"] = new(
            bytes => Write(bytes, 5, Header(FrameKind.Records, 15, 14) with { Generation = Generation - 1 }),
            Batches: "11 12 13 14",
            Flushed: 13,
            End: Frame(5)),
        ["stale generation in the middle"] = new(
            bytes => Write(bytes, 3, Header(FrameKind.Records, 13, 12) with { Generation = Generation - 2 }),
            Batches: "11 12",
            Flushed: 14,
            End: Frame(3)),
        ["frame of another store"] = new(
            bytes => Write(bytes, 5, Header(FrameKind.Records, 15, 14), Guid.Empty), Batches: "11 12 13 14", Flushed: 13, End: Frame(5)),
        ["idle mark"] = new(
            bytes => Write(bytes, 6, Header(FrameKind.IdleMark, 0, 15)), Batches: "11 12 13 14 15", Flushed: 15, End: First + (6 * Sector)),
        ["end mark"] = new(
            bytes => Write(bytes, 6, Header(FrameKind.EndMark, 0, 15)),
            Batches: "11 12 13 14 15",
            Flushed: 15,
            End: First + (6 * Sector),
            IsEnded: true),
        ["idle mark behind a torn frame"] = new(
            bytes =>
            {
                bytes[Frame(5) + 50] ^= 1;
                Write(bytes, 6, Header(FrameKind.IdleMark, 0, 15));
            },
            Batches: "11 12 13 14",
            Flushed: 15,
            End: Frame(5)),
        ["pages behind the batches"] = new(
            bytes => Write(bytes, 6, Header(FrameKind.Pages, 0, 0)),
            Batches: "11 12 13 14 15",
            Flushed: 14,
            End: First + (5 * Sector),
            PagesAt: Frame(6)),
        ["pages behind a torn frame"] = new(
            bytes =>
            {
                Clear(bytes, 5);
                Write(bytes, 6, Header(FrameKind.Pages, 0, 0));
            },
            Batches: "11 12 13 14",
            Flushed: 13,
            End: Frame(5),
            PagesAt: Frame(6)),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Frames_are_read_up_to_the_first_that_is_not_whole(string name)
    {
        Case expected = Cases[name];

        LogContent content = Read(expected.Change);

        Assert.Equal(expected.Batches, string.Join(' ', content.Batches.Select(batch => batch.Sequence)));
        Assert.Equal(expected.Flushed, content.FlushedSequence);
        Assert.Equal(expected.End, content.End);
        Assert.Equal(expected.IsEnded, content.IsEnded);
        Assert.Equal(expected.PagesAt, content.Pages is { } pages ? (int)pages.Offset - FrameHeader.Length : null);
    }

    // The header of a log is flushed before any frame of its generation.
    [Fact]
    public void A_frame_of_a_later_generation_is_damage()
    {
        var error = Assert.Throws<DamagedFileException>(
            () => Read(bytes => Write(bytes, 3, Header(FrameKind.Records, 13, 12) with { Generation = Generation + 1 })));

        Assert.Contains("generation 8", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((1 << 16) - FrameHeader.Length)]
    [InlineData(1 << 16)]
    [InlineData((1 << 16) + 1)]
    [InlineData(1_000_000)]
    public void A_frame_longer_than_the_read_buffer_is_whole_or_not(int descriptionLength)
    {
        byte[] bytes = NewLog(descriptionLength);
        LogContent content = Read(bytes);
        Assert.Equal([11, 12, 13, 14, 15], content.Batches.Select(batch => batch.Sequence));

        LogFrame last = content.Batches[^1];
        foreach (long at in (long[])[last.Offset, last.Offset + (last.Length / 2), last.Offset + last.Length - 1])
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 1;
            Assert.Equal(4, Read(damaged).Batches.Count);
        }
    }

    [Fact]
    public void A_log_is_read_in_large_pieces()
    {
        var disk = new SimulatedDisk();
        byte[] bytes = NewLog();
        disk.Put(Path, bytes);
        var counting = new FaultyDisk(disk.AsKilled());
        using WriteAheadLog log = WriteAheadLog.Open(counting, Path);
        long before = counting.Count(FaultKinds.Read);

        Assert.Equal(5, log.ReadFrames().Batches.Count);

        Assert.InRange(counting.Count(FaultKinds.Read) - before, 1, (bytes.Length / (1 << 16)) + 2);
    }

    private static LogContent Read(Action<byte[]> change)
    {
        byte[] bytes = NewLog();
        change(bytes);
        return Read(bytes);
    }

    private static LogContent Read(byte[] bytes)
    {
        var disk = new SimulatedDisk();
        disk.Put(Path, bytes);
        using WriteAheadLog log = WriteAheadLog.Open(disk, Path);
        return log.ReadFrames();
    }

    private static byte[] NewLog(int descriptionLength = 0)
    {
        var disk = new SimulatedDisk();
        var batch = new LogBatch();
        using (WriteAheadLog log = WriteAheadLog.Create(disk, Path))
        {
            log.BeginGeneration(StoreId, Generation, baseSequence: 10);
            for (long sequence = 11; sequence <= 15; sequence++)
            {
                batch.Clear();
                batch.Add(1, new ModelChange(ChangeKind.Project, sequence, LoggedProject.New(sequence, descriptionLength)));
                log.Reserve(batch.Length);
                log.Append(batch, sequence, sequence - 1);
            }
        }

        return disk.Read(Path);
    }

    private static int Frame(int number) => First + ((number - 1) * Sector);

    private static FrameHeader Header(FrameKind kind, long sequence, long flushed) => new(kind, 0, Generation, sequence, flushed);

    private static void Clear(byte[] bytes, int frame) => bytes.AsSpan(Frame(frame), Sector).Clear();

    private static void SetLength(byte[] bytes, int frame, int length) =>
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Frame(frame) + 4), length);

    /// <summary>Writes a frame without payload whose checksum is right.</summary>
    private static void Write(byte[] bytes, int frame, FrameHeader header, Guid? storeId = null)
    {
        Clear(bytes, frame);
        Span<byte> sector = bytes.AsSpan(Frame(frame), Sector);
        header.Write(sector);
        FrameHeader.WriteChecksum(sector, FrameHeader.ChecksumOf(sector, FrameHeader.ChecksumOf(storeId ?? StoreId)));
    }

    private sealed record Case(Action<byte[]> Change, string Batches, long Flushed, int End, bool IsEnded = false, int? PagesAt = null);
}
