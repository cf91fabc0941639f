using Imm.Core.Storage;
using LiteDB;
using LiteDB.Engine;
using Xunit;

namespace Imm.Core.Tests.Storage;

/// <summary>The reader of documents beside LiteDB, which wrote them.</summary>
public class CollectionReaderTests
{
    private const string Collection = "documents";

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    public void Documents_at_random_are_found_as_LiteDB_finds_them(int seed, bool isRecycling)
    {
        var random = new Random(seed);
        using var file = new MemoryStream();
        using var engine = new LiteEngine(new EngineSettings { DataStream = file, LogStream = new MemoryStream() });
        for (int round = 0; round < 12; round++)
        {
            Change(engine, random);
            SortedDictionary<long, byte[]> expected = Documents(engine);
            var pages = new MemoryPages(file.ToArray());
            var reader = new CollectionReader(pages, isRecycling);

            AssertFound(expected, reader, 0, long.MaxValue);
            for (int i = 0; i < 200; i++)
            {
                long first = random.Next(2_100) - 50;
                AssertFound(expected, reader, first, first + random.Next(300));
            }

            Assert.Empty(reader.Read("others", 0, long.MaxValue));
            Assert.Null(reader.ReadLast("others", 0, long.MaxValue));
        }
    }

    [Fact]
    public void A_file_without_pages_or_collections_has_no_documents()
    {
        using var file = new MemoryStream();
        Assert.Empty(new CollectionReader(new MemoryPages([])).Read(Collection, 0, long.MaxValue));
        using (new LiteEngine(new EngineSettings { DataStream = file, LogStream = new MemoryStream() }))
        {
        }

        Assert.Empty(new CollectionReader(new MemoryPages(file.ToArray())).Read(Collection, 0, long.MaxValue));
        Assert.Null(new CollectionReader(new MemoryPages(file.ToArray())).FirstKey(Collection, 0, long.MaxValue));
    }

    [Fact]
    public void A_page_that_was_changed_is_read_again()
    {
        using var file = new MemoryStream();
        using var engine = new LiteEngine(new EngineSettings { DataStream = file, LogStream = new MemoryStream() });
        engine.Insert(Collection, [new BsonDocument { ["_id"] = 1L, ["Text"] = "before" }], BsonAutoId.Int64);
        engine.Checkpoint();
        var pages = new MemoryPages(file.ToArray());
        var reader = new CollectionReader(pages);
        ReadOnlyMemory<byte> before = reader.Read(Collection, 1, 1).Single().Bytes;
        byte[] kept = before.ToArray();
        engine.Update(Collection, [new BsonDocument { ["_id"] = 1L, ["Text"] = "later!" }]);
        engine.Checkpoint();

        pages.Bytes = file.ToArray();
        for (uint i = 0; i < pages.PageCount; i++)
        {
            reader.Forget(i);
        }

        Assert.Equal("later!", BsonSerializer.Deserialize(reader.Read(Collection, 1, 1).Single().Bytes.ToArray())["Text"].AsString);
        Assert.Equal(kept, before.ToArray());
    }

    [Fact]
    public void Links_that_are_damaged_are_reported_and_no_read_is_endless()
    {
        var random = new Random(7);
        using var file = new MemoryStream();
        using var engine = new LiteEngine(new EngineSettings { DataStream = file, LogStream = new MemoryStream() });
        for (int round = 0; round < 6; round++)
        {
            Change(engine, random);
        }

        byte[] whole = file.ToArray();
        int reported = 0;
        for (int i = 0; i < 3_000; i++)
        {
            byte[] damaged = [.. whole];
            for (int flips = random.Next(1, 40); flips > 0; flips--)
            {
                // Where links are: the collections in page 0, all of the pages of collections and indexes, slots and blocks of documents.
                int page = random.Next(whole.Length / DataPage.Size) * DataPage.Size;
                int at = page == 0 ? random.Next(192, 260)
                    : whole[page + 4] == 4 ? (random.Next(2) == 0 ? random.Next(32, 48) : random.Next(DataPage.Size - 64, DataPage.Size))
                    : whole[page + 4] == 2 ? random.Next(96, 140)
                    : random.Next(DataPage.Size);
                damaged[page + at] ^= (byte)random.Next(1, 256);
            }

            try
            {
                var reader = new CollectionReader(new MemoryPages(damaged), isRecycling: i % 2 == 0);
                reader.ReadLast(Collection, 0, random.Next(2_000));
                reader.FirstKey(Collection, random.Next(2_000), long.MaxValue);
                long previous = long.MinValue;
                foreach (StoredDocument document in reader.Read(Collection, random.Next(2_000), long.MaxValue))
                {
                    Assert.True(document.Key > previous);
                    previous = document.Key;
                }
            }
            catch (InvalidDataException)
            {
                reported++;
            }
        }

        Assert.InRange(reported, 1_000, 3_000);
    }

    private static void AssertFound(SortedDictionary<long, byte[]> expected, CollectionReader reader, long first, long last)
    {
        KeyValuePair<long, byte[]>[] inRange = [.. expected.Where(each => each.Key >= first && each.Key <= last)];
        KeyValuePair<long, byte[]>[] read =
            [.. reader.Read(Collection, first, last).Select(document => KeyValuePair.Create(document.Key, document.Bytes.ToArray()))];
        Assert.Equal(inRange, read);
        StoredDocument? greatest = reader.ReadLast(Collection, first, last);
        Assert.Equal(inRange.Length == 0 ? null : inRange[^1].Key, greatest?.Key);
        Assert.Equal(inRange.Length == 0 ? null : inRange[^1].Value, greatest?.Bytes.ToArray());
        Assert.Equal(inRange.Length == 0 ? null : inRange[0].Key, reader.FirstKey(Collection, first, last));
    }

    /// <summary>Adds, changes and deletes documents, of which some are longer than a page.</summary>
    private static void Change(LiteEngine engine, Random random)
    {
        long[] keys = [.. Enumerable.Range(0, 120).Select(_ => (long)random.Next(2_000)).Distinct()];
        engine.Upsert(Collection, keys.Select(key => NewDocument(key, random)), BsonAutoId.Int64);
        engine.Delete(Collection, keys.Where(_ => random.Next(3) == 0).Select(static key => new BsonValue(key)));
        engine.Upsert(Collection, keys.Where(_ => random.Next(4) == 0).Select(key => NewDocument(key, random)), BsonAutoId.Int64);
        engine.Checkpoint();
    }

    private static BsonDocument NewDocument(long key, Random random) => new()
    {
        ["_id"] = key,
        ["Text"] = new string('t', random.Next(10) == 0 ? random.Next(40_000) : random.Next(600)) + random.Next(),
    };

    private static SortedDictionary<long, byte[]> Documents(LiteEngine engine)
    {
        var found = new SortedDictionary<long, byte[]>();
        using IBsonDataReader reader = engine.Query(Collection, new Query());
        while (reader.Read())
        {
            found.Add(reader.Current["_id"].AsInt64, BsonSerializer.Serialize(reader.Current.AsDocument));
        }

        return found;
    }

    private sealed class MemoryPages(byte[] bytes) : IPages
    {
        public byte[] Bytes { get; set; } = bytes;

        public string Name => "memory";

        public UnixFileMode? Mode => null;

        public long PageCount => Bytes.Length / DataPage.Size;

        public void ReadPage(uint number, Span<byte> page) => Bytes.AsSpan((int)number * DataPage.Size, DataPage.Size).CopyTo(page);

        public void Dispose()
        {
        }
    }
}
