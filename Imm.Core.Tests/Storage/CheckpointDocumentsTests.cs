using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Storage;
using LiteDB;
using Xunit;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>LiteDB as it stays open between the steps of checkpoints.</summary>
public sealed class CheckpointDocumentsTests : IDisposable
{
    private readonly DataFile _data = DataFile.Create(new SimulatedDisk(), StoreOnDisk.DataPath);
    private readonly DataFileHeader _header = DataFileHeader.New(Guid.NewGuid());
    private readonly CheckpointDocuments _documents;

    public CheckpointDocumentsTests()
    {
        using (var documents = new DocumentFile(_data))
        {
            _data.WritePages(documents.TakePages(_header));
        }

        _documents = new CheckpointDocuments(_data);
        Apply(LiteDbDocuments.NewRecord(ChangeKind.Scope, 1, new BsonDocument { ["AccountId"] = "a", ["RegionId"] = "r" }));
    }

    public void Dispose()
    {
        _documents.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void LiteDB_stays_open_and_every_step_reads_what_those_before_it_have_written()
    {
        DocumentFile opened = _documents.Open();
        for (int step = 0; step < 40; step++)
        {
            int first = 1 + (step * 100);
            Apply([.. Enumerable.Range(first, 100).Select(number => NewRecord(number, ChangeState.Created))]);
            IEnumerable<int> gone = Enumerable.Range(first, 100).Where(number => number % 3 == 0);
            Apply([.. gone.Select(number => NewRecord(number, ChangeState.Deleted))]);
        }

        Assert.Same(opened, _documents.Open());
        Assert.Equal(Enumerable.Range(1, 4_000).Where(number => number % 3 != 0).Select(number => (long)number), Stored());
    }

    [Fact]
    public void LiteDB_is_closed_once_it_was_not_used_for_a_time_and_opens_again()
    {
        DocumentFile opened = _documents.Open();

        for (int i = 0; i < CheckpointDocuments.MaxUnusedCalls; i++)
        {
            Assert.False(_documents.CloseIfUnused());
        }

        Assert.Same(opened, _documents.Open());
        for (int i = 0; i < CheckpointDocuments.MaxUnusedCalls; i++)
        {
            Assert.False(_documents.CloseIfUnused());
        }

        Assert.True(_documents.CloseIfUnused());
        Assert.False(_documents.CloseIfUnused());
        Assert.NotSame(opened, _documents.Open());
    }

    [Fact]
    public void LiteDB_reads_no_page_for_whoever_only_reads()
    {
        Apply([.. Enumerable.Range(1, 100).Select(number => NewRecord(number, ChangeState.Created))]);
        using var documents = new DocumentFile(_data);

        Assert.Equal(100, documents.Read(ChangeKind.Project).Count());
        documents.Verify(NewRecord(50, ChangeState.Updated));
        Assert.Empty(documents.ReadChanges());

        Assert.Equal(0, documents.PagesRead);
    }

    [Fact]
    public void Changes_that_were_not_written_are_gone_after_a_close()
    {
        _documents.Open().Apply([NewRecord(1, ChangeState.Created)]);

        _documents.Dispose();

        Apply(NewRecord(2, ChangeState.Created));
        Assert.Equal([2], Stored());
    }

    private static Record NewRecord(int number, ChangeState state) => LiteDbDocuments.NewRecord(
        ChangeKind.Project,
        RecordKey.Of(1, number),
        new BsonDocument { ["Number"] = (long)number, ["ProjectName"] = number.ToString(CultureInfo.InvariantCulture) },
        state);

    private void Apply(params Record[] records)
    {
        DocumentFile documents = _documents.Open();
        documents.Apply(records);
        IReadOnlyList<KeyValuePair<uint, byte[]>> pages = documents.TakePages(_header);
        _data.WritePages(pages);
        _documents.Recycle(pages);
    }

    private List<long> Stored()
    {
        using var documents = new DocumentFile(_data);
        return [.. documents.Read(ChangeKind.Project).Select(record => RecordKey.Number(record.Key))];
    }
}
