using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Storage;
using LiteDB;
using Xunit;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>The array of a bucket, which LiteDB is given as bytes.</summary>
public sealed class BucketArrayTests : IDisposable
{
    private readonly DataFile _data = DataFile.Create(new SimulatedDisk(), StoreOnDisk.DataPath);
    private readonly DocumentFile _documents;

    public BucketArrayTests()
    {
        _documents = new DocumentFile(_data);
        _documents.Apply([LiteDbDocuments.NewRecord(ChangeKind.Scope, 1, new BsonDocument { ["AccountId"] = "a", ["RegionId"] = "r" })]);
    }

    public void Dispose()
    {
        _documents.Dispose();
        _data.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_bucket_is_byte_for_byte_the_one_that_LiteDB_writes_of_an_array(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 20; round++)
        {
            // Some are longer than a page. Updates make buckets longer, so that they go on in another page.
            IEnumerable<int> numbers = Enumerable.Range(1, 200).Where(_ => random.Next(3) == 0);
            _documents.Apply([.. numbers.Select(number => NewRecord(number, random.Next(random.Next(20) == 0 ? 20_000 : 300)))]);
            _data.WritePages(_documents.TakePages(DataFileHeader.New(Guid.NewGuid())));
            var pages = new CollectionReader(_data);
            foreach (StoredDocument bucket in pages.Read("projects", 0, long.MaxValue))
            {
                var array = new BsonArray(RecordBucket.Read(RecordCollection.Projects, bucket).Select(record => record.Document()));
                byte[] expected = BsonSerializer.Serialize(new BsonDocument
                {
                    ["_id"] = bucket.Key,
                    ["AccountId"] = "a",
                    ["RegionId"] = "r",
                    ["Projects"] = array,
                });

                Assert.Equal(expected, bucket.Bytes.ToArray());
            }
        }
    }

    [Fact]
    public void A_binary_value_of_another_field_stays_as_it_is()
    {
        byte[] value = BucketArray.Write([NewRecord(1, 10)]);
        BsonDocument scope = new() { ["AccountId"] = "b", ["RegionId"] = "r", ["Later"] = value, ["Projects"] = new byte[] { 1, 2 } };
        _documents.Apply([LiteDbDocuments.NewRecord(ChangeKind.Scope, 2, scope)]);

        BsonDocument read = _documents.Read(ChangeKind.Scope, 2, 2).Single().Document();

        Assert.Equal(value, read["Later"].AsBinary);
        Assert.Equal([1, 2], read["Projects"].AsBinary);
    }

    [Fact]
    public void Applying_new_records_allocates_at_most_1_150_bytes_each()
    {
        const int Count = 20_000;
        Record[] records =
        [
            .. Enumerable.Range(1, Count).Select(number => LiteDbDocuments.NewRecord(
                ChangeKind.Project, RecordKey.Of(1, number), Named(number, 100), ChangeState.Created)),
        ];
        _documents.Apply(records, 0, 100);
        long before = GC.GetAllocatedBytesForCurrentThread();

        _documents.Apply(records, Count / 2);

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / (Count / 2), 1, 1_150);
    }

    private static Record NewRecord(int number, int length) =>
        LiteDbDocuments.NewRecord(ChangeKind.Project, RecordKey.Of(1, number), Named(number, length));

    private static BsonDocument Named(int number, int length) => new()
    {
        ["Number"] = (long)number,
        ["ProjectName"] = number.ToString(CultureInfo.InvariantCulture),
        ["Description"] = new string('d', length),
        ["Tags"] = new BsonArray { new BsonDocument { ["Key"] = "k", ["Value"] = "v" } },
    };
}
