using System.Globalization;
using Imm.Core.Model;
using Imm.Core.Storage;
using LiteDB;
using Xunit;
using Record = Imm.Core.Storage.Record;

namespace Imm.Core.Tests.Storage;

/// <summary>The buckets of the data file: docs/storage.md, section 2.4.</summary>
public sealed class RecordBucketTests : IDisposable
{
    private static readonly int[] ScopeIds = [1, 2, 9];

    private readonly DataFile _data = DataFile.Create(new SimulatedDisk(), StoreOnDisk.DataPath);
    private readonly DataFileHeader _header = DataFileHeader.New(Guid.NewGuid());
    private readonly SortedDictionary<long, string> _expected = [];
    private readonly Dictionary<int, long> _lastNumbers = ScopeIds.ToDictionary(id => id, _ => 0L);
    private DocumentFile _documents;

    public RecordBucketTests()
    {
        _documents = new DocumentFile(_data);
        _documents.Apply([.. ScopeIds.Select(id => LiteDbDocuments.NewRecord(
            ChangeKind.Scope, id, new BsonDocument { ["AccountId"] = Account(id), ["RegionId"] = "r" }))]);
        Write();
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
    [InlineData(4)]
    public void Records_that_come_change_and_go_at_random_are_found_and_buckets_keep_their_bounds(int seed)
    {
        var random = new Random(seed);
        for (int round = 0; round < 60; round++)
        {
            var batch = new SortedDictionary<long, Record>();
            foreach (int id in ScopeIds)
            {
                Change(random, id, batch);
            }

            _documents.Apply([.. batch.Values]);
            if (random.Next(4) == 0)
            {
                // A checkpoint that was cut short is applied again, and then no record is known to be new.
                _documents.Apply([.. batch.Values.Select(record => record with { State = Again(record.State) })]);
            }

            foreach (Record record in batch.Values)
            {
                _expected.Remove(record.Key);
                if (!record.IsDeleted)
                {
                    _expected.Add(record.Key, record.Document()["Text"].AsString);
                }
            }

            Write();
            AssertHolds(random);
        }
    }

    [Fact]
    public void Records_with_rising_keys_fill_buckets_of_64()
    {
        _documents.Apply([.. Enumerable.Range(1, 100).Select(i => New(1, i, "", ChangeState.Created))]);
        Write();
        for (int i = 101; i <= 200; i++)
        {
            _documents.Apply([New(1, i, "", ChangeState.Created)]);
            Write();
        }

        Assert.Equal([64, 64, 64, 8], Buckets().Select(bucket => bucket["Projects"].AsArray.Count));
    }

    [Fact]
    public void A_bucket_that_is_full_by_its_length_is_not_written_again_for_a_record_behind_it()
    {
        _documents.Apply([.. Enumerable.Range(1, 8).Select(i => New(1, i, new('x', 900), ChangeState.Created))]);
        Write();

        _documents.Apply([New(1, 9, new('y', 900), ChangeState.Created)]);

        IReadOnlyList<KeyValuePair<uint, byte[]>> pages = _documents.TakePages(_header);
        Assert.Contains(pages, page => page.Value.AsSpan().IndexOf("yyyyyyyy"u8) >= 0);
        Assert.DoesNotContain(pages, page => page.Value.AsSpan().IndexOf("xxxxxxxx"u8) >= 0);
    }

    [Fact]
    public void A_record_that_is_longer_than_a_bucket_has_one_of_its_own()
    {
        string huge = new('x', 22_000);
        _documents.Apply([.. Enumerable.Range(1, 5).Select(i => New(1, i, i == 3 ? huge : "", ChangeState.Created))]);
        Write();

        Assert.Equal([2, 1, 2], Buckets().Select(bucket => bucket["Projects"].AsArray.Count));
    }

    [Fact]
    public void A_bucket_that_names_another_scope_is_detected_when_its_scope_is_read()
    {
        _documents.Apply([New(1, 1, "", ChangeState.Created), New(2, 1, "", ChangeState.Created)]);
        BsonDocument other = new() { ["AccountId"] = "other", ["RegionId"] = "r" };
        _documents.Apply([LiteDbDocuments.NewRecord(ChangeKind.Scope, 2, other)]);
        Write();

        (long first, long last) = RecordKey.OfScope(2);
        var error = Assert.Throws<InvalidDataException>(() => _documents.Read(ChangeKind.Project, first, last).ToList());
        Assert.Contains("of the collection 'projects' is damaged", error.Message, StringComparison.Ordinal);
    }

    private static ChangeState Again(ChangeState state) => state == ChangeState.Created ? ChangeState.Updated : state;

    private static string Account(int id) => string.Create(CultureInfo.InvariantCulture, $"a{id}");

    private static Record New(int id, long number, string text, ChangeState state) => LiteDbDocuments.NewRecord(
        ChangeKind.Project, RecordKey.Of(id, number), new BsonDocument { ["Number"] = number, ["Text"] = text }, state);

    private void Change(Random random, int id, SortedDictionary<long, Record> batch)
    {
        for (int i = random.Next(40); i > 0; i--)
        {
            string text = new('t', random.Next(12) == 0 ? random.Next(20_000) : random.Next(200));
            long number = random.Next(1, (int)_lastNumbers[id] + 1);
            Record record = random.Next(5) switch
            {
                0 or 1 => New(id, ++_lastNumbers[id], text, ChangeState.Created),
                2 => New(id, number, text, ChangeState.Updated),
                _ => New(id, number, "", ChangeState.Deleted),
            };
            if (!batch.TryGetValue(record.Key, out Record earlier) || !earlier.IsNew)
            {
                batch[record.Key] = record;
            }
        }
    }

    private void Write()
    {
        _data.WritePages(_documents.TakePages(_header));
        _documents.Dispose();
        _documents = new DocumentFile(_data);
    }

    private List<BsonDocument> Buckets()
    {
        using var tool = new LiteDatabase(new PageStream(_data), logStream: new MemoryStream());
        return [.. tool.GetCollection("projects").FindAll()];
    }

    private void AssertHolds(Random random)
    {
        Assert.Equal(_expected, _documents.Read(ChangeKind.Project).ToDictionary(record => record.Key, Text));
        long from = RecordKey.Of(ScopeIds[random.Next(3)], random.Next(1, 200));
        long to = RecordKey.Of(ScopeIds[random.Next(3)], random.Next(1, 200));
        Assert.Equal(
            _expected.Where(each => each.Key >= from && each.Key <= to),
            _documents.Read(ChangeKind.Project, from, to).ToDictionary(record => record.Key, Text));
        foreach (BsonDocument bucket in Buckets())
        {
            BsonArray records = bucket["Projects"].AsArray;
            int length = records.Sum(record => BsonSerializer.Serialize(record.AsDocument).Length);
            Assert.InRange(records.Count, 1, RecordBucket.MaxCount);
            Assert.True(length <= RecordBucket.MaxLength || records.Count == 1, $"{records.Count} records of {length} bytes");
            Assert.Equal(Account(RecordKey.Scope(bucket["_id"].AsInt64)), bucket["AccountId"].AsString);
        }

        static string Text(Record record) => record.Document()["Text"].AsString;
    }
}
