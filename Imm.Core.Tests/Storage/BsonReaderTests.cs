using System.Globalization;
using Imm.Core.Storage;
using LiteDB;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The reader of documents beside that of LiteDB.</summary>
public class BsonReaderTests
{
    [Fact]
    public void Documents_at_random_are_read_as_LiteDB_reads_them()
    {
        var random = new Random(5);
        var pool = new BsonPool();
        for (int i = 0; i < 3_000; i++)
        {
            byte[] bytes = BsonSerializer.Serialize(NewDocument(random, depth: 0));

            // Documents that were used before have none of the fields that they had.
            BsonDocument? read = BsonReader.Read(bytes, i % 2 == 0 ? pool : null);

            Assert.NotNull(read);
            Assert.Equal(bytes, BsonSerializer.Serialize(read));
            BsonDocument byLiteDb = BsonSerializer.Deserialize(bytes, utcDate: true);
            Assert.Equal(JsonSerializer.Serialize(byLiteDb), JsonSerializer.Serialize(read));
            pool.ReturnAll();
        }
    }

    [Fact]
    public void A_document_with_a_field_of_another_type_is_read_by_LiteDB()
    {
        var document = new BsonDocument { ["Number"] = 1L, ["Later"] = new BsonArray { 1.5 } };
        byte[] bytes = BsonSerializer.Serialize(document);

        Assert.Null(BsonReader.Read(bytes, pool: null));
        Assert.Equal(bytes, BsonSerializer.Serialize(Bson.Read(bytes)));
    }

    [Fact]
    public void Bytes_that_are_cut_or_flipped_are_a_document_or_are_refused()
    {
        var random = new Random(6);
        byte[] whole = BsonSerializer.Serialize(NewDocument(random, depth: 0));
        int refused = 0;
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Bson.Read(whole.AsMemory(0, length)));
        }

        for (int bit = 0; bit < 8 * whole.Length; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                Bson.Read(flipped);
            }
            catch (InvalidDataException)
            {
                refused++;
            }
        }

        Assert.NotEqual(0, refused);
    }

    private static BsonDocument NewDocument(Random random, int depth)
    {
        var document = new BsonDocument();
        int count = random.Next(depth == 0 ? 1 : 0, 12);
        for (int i = 0; i < count; i++)
        {
            // Many names, so that some have the same hash; one that is too long to be kept, and one without characters.
            string name = random.Next(20) switch
            {
                0 => "",
                1 => new string('n', 40),
                2 => "夏の写真",
                _ => random.Next(5_000).ToString(CultureInfo.InvariantCulture),
            };
            document[name] = NewValue(random, depth);
        }

        return document;
    }

    private static BsonValue NewValue(Random random, int depth) => random.Next(depth < 3 ? 5 : 3) switch
    {
        0 => new BsonValue(random.Next(3) == 0 ? "" : "text 夏 " + random.Next()),
        1 => new BsonValue(random.NextInt64(long.MinValue, long.MaxValue)),
        2 => new BsonValue(DateTime.UnixEpoch.AddMilliseconds(random.NextInt64(-60_000_000_000_000, 2_000_000_000_000))),
        3 => NewDocument(random, depth + 1),
        _ => new BsonArray(Enumerable.Range(0, random.Next(13)).Select(_ => NewValue(random, depth + 1))),
    };
}
