using Imm.Core.Model;
using Imm.Core.Storage;
using LiteDB;
using Xunit;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>The size of a checkpoint step.</summary>
public class CheckpointTests
{
    // 8,192 deletions are about 170 KB of log, one transaction, and so one step.
    [Fact]
    public void A_checkpoint_step_that_deletes_large_records_is_bounded()
    {
        const int Count = 4096;
        using var folder = new TempDirectory();
        using DataFile data = DataFile.Create(LocalDisk.Instance, folder.File("s.db"));
        DataFileHeader header = DataFileHeader.New(Guid.NewGuid());
        var documents = new DocumentFile(data);
        data.WritePages(documents.TakePages(header));
        documents.Apply([LiteDbDocuments.NewRecord(ChangeKind.Scope, 1, new BsonDocument { ["AccountId"] = "a", ["RegionId"] = "r" })]);
        data.WritePages(documents.TakePages(header));
        var text = new string('x', 22_000);
        for (int i = 0; i < Count; i += 16)
        {
            IEnumerable<int> numbers = Enumerable.Range(i, 16);
            Record[] some = [.. numbers.Select(number => NewRecord(number, text, ChangeState.Created))];
            documents.Apply(some);
            data.WritePages(documents.TakePages(header));
            if (documents.PagesTaken > 4096)
            {
                documents.Dispose();
                documents = new DocumentFile(data);
            }
        }

        documents.Dispose();
        using var deleting = new DocumentFile(data);
        Record[] gone = [.. Enumerable.Range(0, Count).Select(number => NewRecord(number, "", ChangeState.Deleted))];

        int applied = deleting.Apply(gone, 0, 1024);

        int pages = deleting.TakePages(header).Count;
        Assert.True(pages <= 2048, $"one step deletes {applied} records and changes {pages} pages, {pages / 128} MiB");
    }

    private static Record NewRecord(int number, string text, ChangeState state) => LiteDbDocuments.NewRecord(
        ChangeKind.Project, RecordKey.Of(1, number), new BsonDocument { ["Number"] = (long)number, ["Text"] = text }, state);
}
