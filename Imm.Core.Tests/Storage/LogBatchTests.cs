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
        ScopeState scope = ScopeState.Empty(new Scope("a", "r"), Defaults);
        batch.Add(2, new ModelChange(ChangeKind.Scope, 0, scope, ChangeState.Created));
        batch.Add(2, new ModelChange(ChangeKind.Project, 5, LoggedProject.New(5, 0), ChangeState.Deleted));

        byte[] payload = Payload(batch);

        // Kind 1 and state 1, key 2; a document of 38 bytes with two texts. Then a deletion of kind 2.
        Assert.Equal([0x41, 2, 0, 0, 0, 0, 0, 0, 0, 38, 0, 0, 0, 2, .. "AccountId"u8, 0, 2, 0, 0, 0, (byte)'a', 0], payload[..30]);
        Assert.Equal([2, .. "RegionId"u8, 0, 2, 0, 0, 0, (byte)'r', 0, 0], payload[30..47]);
        Assert.Equal([0x82, 5, 0, 0, 0, 0, 2, 0, 0], payload[47..56]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(16_384)]
    [InlineData(3_000_000)]
    public void Records_are_read_as_they_were_added_whatever_the_length_of_their_values(int length)
    {
        var batch = new LogBatch();
        batch.Clear();
        Project[] projects = [LoggedProject.New(1, length), LoggedProject.New(2, 0), LoggedProject.New(3, length)];
        foreach (Project project in projects)
        {
            batch.Add(9, new ModelChange(ChangeKind.Project, project.Number, project, (ChangeState)(project.Number - 1)));
        }

        var records = new List<Record>();
        LogBatch.Read(Payload(batch), records);

        Assert.Equal([ChangeState.Updated, ChangeState.Created, ChangeState.Deleted], records.Select(record => record.State));
        var codec = new RecordCodec(Defaults);
        Assert.Equal(
            projects.Select(project => (project.Number, project.Description.Length, RecordKey.Of(9, project.Number))),
            records.Select(record => (record, project: codec.ReadProject(record)))
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
        batch.Add(1, new ModelChange(ChangeKind.Project, 2, LoggedProject.New(2, 0)));
        Assert.False(batch.IsEmpty);
        int length = batch.Length;
        Span<byte> frame = batch.Pad();
        Assert.Equal(Disk.SectorSize, frame.Length);
        Assert.False(frame[length..].ContainsAnyExcept((byte)0));
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
        { "ends before it is complete", [2, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0] },
        { "ends before it is complete", [2, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0] },
        { "ends before it is complete", [2, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0] },
        { "does not know", [9, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0] },
        { "does not know", [0xC2, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0] },
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
