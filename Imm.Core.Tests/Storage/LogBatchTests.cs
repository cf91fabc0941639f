using Imm.Core.Model;
using Imm.Core.Storage;
using Xunit;
using ModelChange = Imm.Core.Model.Change;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>The records of a batch: docs/storage.md, section 2.3, "A records payload".</summary>
public class LogBatchTests
{
    private static readonly ServiceDefaults Defaults = new(100, 200, 300);

    [Fact]
    public void The_payload_has_the_documented_bytes()
    {
        var batch = new LogBatch();
        batch.Clear();
        batch.Add(2, new ModelChange(ChangeKind.Scope, 0, ScopeState.Empty(new Scope("a", "r"), Defaults), ChangeState.Created));
        batch.Add(2, new ModelChange(ChangeKind.Project, 5, LoggedProject.New(5, 0), ChangeState.Deleted));

        byte[] payload = Payload(batch);

        // Kind 1 with bit 7 for a new key, key 2, length 11 + 1; layout, texts, quota, revision, checksum. Then a deletion of kind 2.
        Assert.Equal([0x81, 2, 0, 0, 0, 0, 0, 0, 0, 12, 1, 1, (byte)'a', 1, (byte)'r', 0, 0], payload[..17]);
        Assert.Equal([2, 5, 0, 0, 0, 0, 2, 0, 0, 0], payload[21..]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(110)]
    [InlineData(111)]
    [InlineData(112)]
    [InlineData(113)]
    [InlineData(114)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(16_364)]
    [InlineData(16_366)]
    [InlineData(16_368)]
    [InlineData(16_370)]
    [InlineData(16_384)]
    [InlineData(3_000_000)]
    public void Records_are_read_as_they_were_added_whatever_the_length_of_their_values(int length)
    {
        var batch = new LogBatch();
        batch.Clear();
        Project[] projects = [LoggedProject.New(1, length), LoggedProject.New(2, 0), LoggedProject.New(3, length)];
        foreach (Project project in projects)
        {
            ChangeState state = project.Number > 1 ? ChangeState.Created : ChangeState.Updated;
            batch.Add(9, new ModelChange(ChangeKind.Project, project.Number, project, state));
        }

        var records = new List<Record>();
        LogBatch.Read(Payload(batch), records);

        Assert.Equal([false, true, true], records.Select(record => record.IsNew));
        var codec = new RecordCodec(Defaults);
        Assert.Equal(
            projects.Select(project => (project.Number, project.Description.Length, RecordKey.Of(9, project.Number))),
            records.Select(record => (record, project: codec.ReadProject(record.Key, record.Value.Span)))
                .Select(read => (read.project.Number, read.project.Description.Length, read.record.Key)));
    }

    [Fact]
    public void A_batch_that_was_cleared_holds_nothing_of_the_one_before()
    {
        var batch = new LogBatch();
        batch.Clear();
        batch.Add(1, new ModelChange(ChangeKind.Project, 1, LoggedProject.New(1, 400)));
        batch.Pad();

        batch.Clear();

        Assert.True(batch.IsEmpty);
        batch.Add(1, new ModelChange(ChangeKind.Project, 2, LoggedProject.New(2, 0), ChangeState.Deleted));
        Assert.False(batch.IsEmpty);
        Span<byte> frame = batch.Pad();
        Assert.Equal(Disk.SectorSize, frame.Length);
        Assert.False(frame[(FrameHeader.Length + 10)..].ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void A_payload_that_is_cut_within_a_record_is_rejected()
    {
        var batch = new LogBatch();
        batch.Clear();
        batch.Add(1, new ModelChange(ChangeKind.Project, 1, LoggedProject.New(1, 200)));
        byte[] payload = Payload(batch);
        for (int length = 1; length < payload.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => LogBatch.Read(payload.AsMemory(0, length), []));
        }
    }

    public static TheoryData<string, byte[]> MalformedPayloads => new()
    {
        { "a value is empty", [1, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
        { "ends before it is complete", [1, 0, 0, 0, 0, 0, 0, 0, 0, 3, 1] },
        { "longer than 63 bits", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1] },
    };

    [Theory]
    [MemberData(nameof(MalformedPayloads))]
    public void A_malformed_payload_is_rejected(string problem, byte[] payload)
    {
        var error = Assert.Throws<InvalidDataException>(() => LogBatch.Read(payload, []));

        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }

    private static byte[] Payload(LogBatch batch)
    {
        int length = batch.Length;
        return batch.Pad()[FrameHeader.Length..length].ToArray();
    }
}
