using Imm.Core.Model;
using LiteDB;
using LiteDB.Engine;

namespace Imm.Core.Storage;

/// <summary>
/// The records in LiteDB: one collection for each kind, and one document for each bucket of 16 keys. <c>_id</c> is the number of the
/// bucket,
/// <c>v</c> its content.
/// </summary>
/// <remarks>
/// <para>
/// An insert costs LiteDB several microseconds and kilobytes of garbage for each document, of whatever size. Neighbouring keys are created
/// one after the other and read together, so they share a document.
/// </para>
/// <para>
/// Not thread-safe. LiteDB's own log is in memory, and a LiteDB checkpoint empties it into the page stream after each transaction. So
/// LiteDB always opens with an empty log, and its recovery, which does not verify what it reads, never runs. After an exception the
/// instance must not be used any more.
/// </para>
/// </remarks>
internal sealed class DocumentFile : IDisposable
{
    private const string Id = "_id";
    private const string Value = "v";

    // LiteDB holds the pages of a transaction in memory until they are in the page stream.
    private const int MaxRecordsPerTransaction = 8192;
    private const long MaxBytesPerTransaction = 1 << 20;

    private readonly PageStream _pages;
    private readonly LiteEngine _engine;

    public DocumentFile(IPages file)
    {
        _pages = new PageStream(file);
        bool isNew = file.PageCount == 0;
        _engine = new LiteEngine(new EngineSettings { DataStream = _pages, LogStream = new MemoryStream(), Collation = Collation.Binary });
        if (isNew)
        {
            // Checkpoints happen only where this class asks for one.
            _engine.Pragma(Pragmas.CHECKPOINT, 0);
            _engine.Checkpoint();
        }
    }

    /// <summary>The number of pages that LiteDB has read, which it may hold in memory until it is disposed.</summary>
    public long PagesRead => _pages.PagesRead;

    /// <summary>The number of changed pages that were taken, which LiteDB may hold too.</summary>
    public long PagesTaken { get; private set; }

    /// <summary>
    /// Applies records, sorted by kind and key and without duplicates, until a number of pages has changed.
    /// </summary>
    /// <param name="records">The records.</param>
    /// <param name="start">The index of the first record to apply.</param>
    /// <param name="maxPages">The number of changed pages after which no further transaction begins.</param>
    /// <returns>The index of the first record that was not applied; the number of records if all were.</returns>
    public int Apply(IReadOnlyList<Record> records, int start = 0, int maxPages = int.MaxValue)
    {
        while (start < records.Count && _pages.PagesWritten < maxPages)
        {
            ChangeKind kind = records[start].Kind;
            int end = start;
            while (end < records.Count && end - start < MaxRecordsPerTransaction && records[end].Kind == kind)
            {
                end++;
            }

            Check(_engine.BeginTrans());
            start = Apply(kind, records, start, end);
            Check(_engine.Commit());
            _engine.Checkpoint();
        }

        return start;
    }

    /// <summary>Reads the document that a record will change, so that damage in it is found before anything is written.</summary>
    public void Verify(in Record record) => Find(record.Kind, RecordBucket.Of(record.Key), new RecordBucket());

    /// <inheritdoc cref="PageStream.TakeWritten"/>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakePages(in DataFileHeader header)
    {
        IReadOnlyList<KeyValuePair<uint, byte[]>> pages = _pages.TakeWritten(header);
        PagesTaken += pages.Count;
        return pages;
    }

    /// <summary>Reads the records of a kind with keys in a range, both ends inclusive, in order, as they are enumerated.</summary>
    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue)
    {
        foreach ((long bucket, byte[] content) in ReadBuckets(kind, RecordBucket.Of(first), RecordBucket.Of(last)))
        {
            foreach (Record record in RecordBucket.Decode(kind, bucket, content))
            {
                if (record.Key >= first && record.Key <= last)
                {
                    yield return record;
                }
            }
        }
    }

    public void Dispose() => _engine.Dispose();

    private static string Collection(ChangeKind kind) => kind switch
    {
        ChangeKind.Scope => "scopes",
        ChangeKind.Project => "projects",
        ChangeKind.Dataset => "datasets",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static void Check(bool done)
    {
        if (!done)
        {
            throw new InvalidOperationException("LiteDB did not begin or commit the transaction.");
        }
    }

    private IEnumerable<(long Bucket, byte[] Content)> ReadBuckets(ChangeKind kind, long first, long last)
    {
        // The text must be constant: LiteDB compiles each text and keeps the expression for ever.
        var query = new Query();
        query.Where.Add(BsonExpression.Create("$._id BETWEEN @0 AND @1", new BsonValue(first), new BsonValue(last)));
        using IBsonDataReader reader = _engine.Query(Collection(kind), query);
        while (reader.Read())
        {
            BsonDocument document = reader.Current.AsDocument;
            if (document.Count != 2
                || !document.TryGetValue(Id, out BsonValue id)
                || !id.IsInt64
                || !document.TryGetValue(Value, out BsonValue value)
                || !value.IsBinary)
            {
                throw new InvalidDataException($"A document of the collection '{Collection(kind)}' is damaged.");
            }

            yield return (id.AsInt64, value.AsBinary);
        }
    }

    /// <summary>Applies records of one kind until they fill a transaction. Returns the index of the first that was not applied.</summary>
    private int Apply(ChangeKind kind, IReadOnlyList<Record> records, int start, int end)
    {
        var added = new List<BsonDocument>();
        var changed = new List<BsonDocument>();
        var deleted = new List<BsonValue>();
        var bucket = new RecordBucket();
        long bytes = 0;
        int i = start;
        while (i < end && bytes < MaxBytesPerTransaction)
        {
            long id = RecordBucket.Of(records[i].Key);
            long found = RecordBucket.IsFirst(records[i]) ? 0 : Find(kind, id, bucket);
            bool exists = found > 0;
            bytes += found;
            for (; i < end && RecordBucket.Of(records[i].Key) == id; i++)
            {
                bucket.Set(records[i]);
            }

            if (!bucket.IsEmpty)
            {
                byte[] content = bucket.Encode();
                bytes += content.Length;
                (exists ? changed : added).Add(new BsonDocument { [Id] = id, [Value] = content });
            }
            else if (exists)
            {
                deleted.Add(id);
            }

            bucket.Clear();
        }

        string collection = Collection(kind);
        if (added.Count > 0)
        {
            _engine.Insert(collection, added, BsonAutoId.Int64);
        }

        if (changed.Count > 0)
        {
            Invariant.Holds(_engine.Update(collection, changed) == changed.Count, "an updated document exists");
        }

        if (deleted.Count > 0)
        {
            _engine.Delete(collection, deleted);
        }

        return i;
    }

    /// <summary>Reads a document into a bucket. Returns its length in bytes; 0 if there is none.</summary>
    private long Find(ChangeKind kind, long id, RecordBucket bucket)
    {
        foreach ((long found, byte[] content) in ReadBuckets(kind, id, id))
        {
            foreach (Record record in RecordBucket.Decode(kind, found, content))
            {
                bucket.Set(record);
            }

            return content.Length;
        }

        return 0;
    }
}
