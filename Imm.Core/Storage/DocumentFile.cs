using Imm.Core.Model;
using LiteDB;
using LiteDB.Engine;

namespace Imm.Core.Storage;

/// <summary>
/// LiteDB over the pages of the data file: one collection per kind of record, and in it one document for each 16 keys, <c>_id</c> the keys
/// without their last four bits and <c>v</c> the records.
/// </summary>
/// <remarks>
/// <para>
/// To insert a document costs LiteDB several microseconds and kilobytes of garbage, whatever is in it. Neighbouring keys are created one
/// after the other and read together, so they share one.
/// </para>
/// <para>
/// One thread at a time. LiteDB's own log stays in memory and is emptied into the page stream at the end of each transaction, so that
/// LiteDB always opens on an empty log and its recovery, which trusts what it finds, never runs. After an exception the instance is of no
/// use any more.
/// </para>
/// </remarks>
internal sealed class DocumentFile : IDisposable
{
    private const string Id = "_id";
    private const string Value = "v";

    // A transaction's pages are in memory until they are in the page stream, one version each per transaction.
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
            // Checkpoints are ours alone.
            _engine.Pragma(Pragmas.CHECKPOINT, 0);
            _engine.Checkpoint();
        }
    }

    /// <summary>The number of pages that have been read, which LiteDB may hold in memory as long as this is open.</summary>
    public long PagesRead => _pages.PagesRead;

    /// <summary>The number of changed pages that have been taken, which LiteDB may hold as well.</summary>
    public long PagesTaken { get; private set; }

    /// <summary>
    /// Applies records that are sorted and of which no two have the same kind and key, until about as many pages have changed as are wanted
    /// at once.
    /// </summary>
    /// <param name="records">The records.</param>
    /// <param name="start">The first to apply.</param>
    /// <param name="maxPages">How many changed pages are enough.</param>
    /// <returns>The first that was not applied; the number of records where all were.</returns>
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

    /// <summary>Reads the document that a record is about to change, so that damage in it shows before anything is written.</summary>
    public void Verify(in Record record) => Find(record.Kind, RecordBucket.Of(record.Key), new RecordBucket());

    /// <summary>The pages that have changed, with their checksums, in order; the first page is always among them.</summary>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakePages(in DataFile.Header header)
    {
        IReadOnlyList<KeyValuePair<uint, byte[]>> pages = _pages.TakeWritten(header);
        PagesTaken += pages.Count;
        return pages;
    }

    /// <summary>All records of a kind with a key in a range, both ends inclusive, in order. They are read as they are asked for.</summary>
    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue)
    {
        foreach ((long bucket, byte[] packed) in ReadBuckets(kind, RecordBucket.Of(first), RecordBucket.Of(last)))
        {
            foreach (Record record in RecordBucket.Unpack(kind, bucket, packed))
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
        ChangeKind.DatasetUse => "datasetUses",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    private static void Check(bool done)
    {
        if (!done)
        {
            throw new InvalidOperationException("LiteDB did not begin or commit the transaction.");
        }
    }

    private IEnumerable<(long Bucket, byte[] Packed)> ReadBuckets(ChangeKind kind, long first, long last)
    {
        // The text is the same each time: LiteDB compiles and keeps one expression per text for ever.
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
                throw new InvalidDataException($"A document of the collection '{Collection(kind)}' is not a number with a value.");
            }

            yield return (id.AsInt64, value.AsBinary);
        }
    }

    /// <summary>Applies records of one kind until they fill a transaction; gives the first that was not applied.</summary>
    private int Apply(ChangeKind kind, IReadOnlyList<Record> records, int start, int end)
    {
        var added = new List<BsonDocument>();
        var changed = new List<BsonDocument>();
        var gone = new List<BsonValue>();
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
                byte[] packed = bucket.Pack();
                bytes += packed.Length;
                (exists ? changed : added).Add(new BsonDocument { [Id] = id, [Value] = packed });
            }
            else if (exists)
            {
                gone.Add(id);
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
            Invariant.Holds(_engine.Update(collection, changed) == changed.Count, "what is updated was there");
        }

        if (gone.Count > 0)
        {
            _engine.Delete(collection, gone);
        }

        return i;
    }

    /// <summary>Reads a bucket; gives the bytes that it takes, 0 where there is none.</summary>
    private long Find(ChangeKind kind, long id, RecordBucket bucket)
    {
        foreach ((long found, byte[] packed) in ReadBuckets(kind, id, id))
        {
            foreach (Record record in RecordBucket.Unpack(kind, found, packed))
            {
                bucket.Set(record);
            }

            return packed.Length;
        }

        return 0;
    }
}
