using Imm.Core.Model;
using LiteDB;
using LiteDB.Engine;

namespace Imm.Core.Storage;

/// <summary>
/// LiteDB over the pages of the data file: one collection per kind of record, and in it one document for each 16 keys, <c>_id</c> the keys without
/// their last four bits and <c>v</c> the records.
/// </summary>
/// <remarks>
/// <para>
/// To insert a document costs LiteDB several microseconds and kilobytes of garbage, whatever is in it. Neighbouring keys are created one after the
/// other and read together, so they share one.
/// </para>
/// <para>
/// One thread at a time. LiteDB's own log stays in memory and is emptied into the page stream at the end of each transaction, so that LiteDB always
/// opens on an empty log and its recovery, which trusts what it finds, never runs. After an exception the instance is of no use any more.
/// </para>
/// </remarks>
internal sealed class DocumentFile : IDisposable
{
    private const string Id = "_id";
    private const string Value = "v";

    // A transaction's pages are in memory until they are in the page stream, one version each per transaction.
    private const int MaxRecordsPerTransaction = 8192;

    private readonly PageStream _pages;
    private readonly LiteEngine _engine;

    public DocumentFile(DataFile file)
    {
        _pages = new PageStream(file);
        _engine = new LiteEngine(new EngineSettings { DataStream = _pages, LogStream = new MemoryStream(), Collation = Collation.Binary });
        if (file.PageCount == 0)
        {
            // Checkpoints are ours alone.
            _engine.Pragma(Pragmas.CHECKPOINT, 0);
            _engine.Checkpoint();
        }
    }

    /// <summary>How many pages have been read, which LiteDB may hold in memory as long as this is open.</summary>
    public long PagesRead => _pages.PagesRead;

    /// <summary>Applies records that are sorted and of which no two have the same kind and key.</summary>
    public void Apply(IReadOnlyList<Record> records)
    {
        for (int start = 0; start < records.Count; start += MaxRecordsPerTransaction)
        {
            Check(_engine.BeginTrans());
            int end = Math.Min(start + MaxRecordsPerTransaction, records.Count);
            for (int i = start; i < end;)
            {
                int next = i;
                while (next < end && records[next].Kind == records[i].Kind)
                {
                    next++;
                }

                Apply(records[i].Kind, records, i, next);
                i = next;
            }

            Check(_engine.Commit());
            _engine.Checkpoint();
        }
    }

    /// <summary>The pages that have changed, sealed.</summary>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakePages(in DataFile.Stamp stamp) => _pages.TakeWritten(stamp);

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
            if (document.Count != 2 || !document.TryGetValue(Id, out BsonValue id) || !id.IsInt64 || !document.TryGetValue(Value, out BsonValue value) || !value.IsBinary)
            {
                throw new InvalidDataException($"A document of the collection '{Collection(kind)}' is not a number with a value.");
            }

            yield return (id.AsInt64, value.AsBinary);
        }
    }

    private void Apply(ChangeKind kind, IReadOnlyList<Record> records, int start, int end)
    {
        var added = new List<BsonDocument>();
        var changed = new List<BsonDocument>();
        var gone = new List<BsonValue>();
        var bucket = new RecordBucket();
        for (int i = start; i < end;)
        {
            long id = RecordBucket.Of(records[i].Key);
            bool exists = !RecordBucket.IsFirst(records[i]) && Find(kind, id, bucket);
            for (; i < end && RecordBucket.Of(records[i].Key) == id; i++)
            {
                bucket.Set(records[i]);
            }

            if (!bucket.IsEmpty)
            {
                (exists ? changed : added).Add(new BsonDocument { [Id] = id, [Value] = bucket.Pack() });
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
    }

    private bool Find(ChangeKind kind, long id, RecordBucket bucket)
    {
        foreach ((long found, byte[] packed) in ReadBuckets(kind, id, id))
        {
            foreach (Record record in RecordBucket.Unpack(kind, found, packed))
            {
                bucket.Set(record);
            }

            return true;
        }

        return false;
    }
}
