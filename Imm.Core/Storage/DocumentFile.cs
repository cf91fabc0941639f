using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Imm.Core.Model;
using LiteDB;
using LiteDB.Engine;

namespace Imm.Core.Storage;

/// <summary>
/// The records in LiteDB: a document for each scope, and buckets of up to 64 records for everything else (<see cref="RecordBucket"/>).
/// </summary>
/// <remarks>
/// <para>
/// An insert costs LiteDB several microseconds and kilobytes of garbage for each document. Neighbouring keys are created one after the
/// other and read together, so they share a document.
/// </para>
/// <para>
/// Not thread-safe. LiteDB makes the changes, and is opened by the first one: whoever only reads needs no more than the pages
/// (<see cref="CollectionReader"/>). LiteDB's own log is in memory, and a LiteDB checkpoint empties it into the page stream after each
/// transaction. So LiteDB always opens with an empty log, and its recovery, which does not verify what it reads, never runs. After an
/// exception the instance must not be used any more.
/// </para>
/// </remarks>
internal sealed class DocumentFile : IDisposable
{
    // LiteDB holds the documents and pages of a transaction in memory. Few of them are gone before the garbage collector has moved them.
    private const int MaxRecordsPerTransaction = 8192;
    private const long MaxBytesPerTransaction = 1 << 18;

    private readonly PageStream _pages;
    private readonly CollectionReader _reader;
    private readonly Dictionary<int, Scope?> _scopes;
    private readonly List<Record> _found = new(RecordBucket.MaxCount);
    private readonly List<Record> _merged = [];
    private readonly PackedWriter _changes = new();
    private readonly List<Record> _addedChanges = [];
    private LiteEngine? _engine;

    /// <param name="file">The pages.</param>
    /// <param name="scopes">The scopes that are known by their numbers; takes those that are read. Null if none are.</param>
    /// <param name="isRecycling">True if a record that was read is valid only until the next one is read, which saves memory.</param>
    public DocumentFile(IPages file, Dictionary<int, Scope?>? scopes = null, bool isRecycling = false)
    {
        _scopes = scopes ?? [];
        _pages = new PageStream(file) { Written = number => _reader!.Forget(number) };
        _reader = new CollectionReader(_pages, isRecycling);
    }

    /// <summary>Reads all scopes of a data file.</summary>
    public static List<StoredScope> ReadScopes(IPages pages)
    {
        using var documents = new DocumentFile(pages);
        return [.. documents.Read(ChangeKind.Scope).Select(static record => RecordCodec.ReadScope(record))];
    }

    private LiteEngine Engine => _engine ??= OpenEngine();

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

            start = kind == ChangeKind.Scope
                ? ApplyScopes(records, start, end)
                : ApplyBuckets(RecordCollection.Of(kind), records, start, end);
        }

        return start;
    }

    /// <summary>Appends changes to those that are kept, and removes the oldest of these.</summary>
    /// <param name="changes">The records of projects in the order in which they were logged.</param>
    public void AppendChanges(IReadOnlyList<Record> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        RecordCollection collection = RecordCollection.Changes;
        long key = LastChange();
        PackedWriter documents = _changes;
        documents.Clear();
        List<Record> added = _addedChanges;
        added.Clear();
        foreach (Record change in changes)
        {
            key += StoredChanges.WeightOf(change);
            int start = documents.Length;
            StoredChanges.Write(documents, key, ScopeOf(RecordKey.Scope(change.Key)), change);

            // A slice remains as it is when the buffer grows.
            added.Add(new Record(default, key, documents.Memory[start..], ChangeState.Created));
        }

        CopyChanges(added);
        if (_reader.ReadLast(collection.Name, 0, key - StoredChanges.MaxWeight) is { } oldest)
        {
            // The one with the key may hold changes above it.
            // The text of an expression must be constant: LiteDB compiles each text and keeps it for ever.
            Transact(() => Engine.DeleteMany(collection.Name, BsonExpression.Create("$._id < @0", oldest.Key)));
        }
    }

    /// <summary>Adds changes that <see cref="ReadChanges"/> has read from another file.</summary>
    public void CopyChanges(IReadOnlyList<Record> changes)
    {
        for (int next = 0; next < changes.Count;)
        {
            next = ApplyBuckets(RecordCollection.Changes, changes, next, changes.Count);
        }
    }

    /// <summary>Reads the changes that are kept, in order.</summary>
    public IEnumerable<Record> ReadChanges()
    {
        long oldest = LastChange() - StoredChanges.MaxWeight;
        return _reader.Read(RecordCollection.Changes.Name, 0, long.MaxValue)
            .SelectMany(static document => RecordBucket.Read(RecordCollection.Changes, document))
            .Where(change => change.Key > oldest);
    }

    /// <summary>
    /// Reads a record of the log and the document that it will change, so that damage in them is found before anything is written.
    /// </summary>
    public void Verify(in Record record)
    {
        BsonWalker.Verify(record.Bytes.Span);
        if (record.Kind == ChangeKind.Scope)
        {
            _ = _reader.ReadLast(RecordCollection.Scopes, record.Key, record.Key);
            return;
        }

        RecordCollection collection = RecordCollection.Of(record.Kind);
        if (_reader.ReadLast(collection.Name, collection.Range(record.Key).First, record.Key) is { } bucket)
        {
            RecordBucket.Read(collection, bucket);
        }
    }

    /// <inheritdoc cref="PageStream.TakeWritten"/>
    public IReadOnlyList<KeyValuePair<uint, byte[]>> TakePages(in DataFileHeader header)
    {
        if (_pages.PageCount == 0)
        {
            // LiteDB writes page 0 of a new file.
            _ = Engine;
        }

        IReadOnlyList<KeyValuePair<uint, byte[]>> pages = _pages.TakeWritten(header);
        PagesTaken += pages.Count;
        return pages;
    }

    /// <inheritdoc cref="PageStream.Recycle"/>
    public void Recycle(IReadOnlyList<KeyValuePair<uint, byte[]>> pages) => _pages.Recycle(pages);

    /// <summary>Reads the records of a kind with keys in a range, both ends inclusive, in order, as they are enumerated.</summary>
    public IEnumerable<Record> Read(ChangeKind kind, long first = 0, long last = long.MaxValue) =>
        kind == ChangeKind.Scope ? ReadScopes(first, last) : ReadBuckets(RecordCollection.Of(kind), first, last);

    public void Dispose()
    {
        _engine?.Dispose();
        _pages.Dispose();
    }

    private LiteEngine OpenEngine()
    {
        bool isNew = _pages.PageCount == 0;
        var engine = new LiteEngine(
            new EngineSettings { DataStream = _pages, LogStream = new MemoryStream(), Collation = Collation.Binary });
        if (isNew)
        {
            // Checkpoints happen only where this class asks for one. Dates are shown as they are stored, in UTC.
            engine.Pragma(Pragmas.CHECKPOINT, 0);
            engine.Pragma(Pragmas.UTC_DATE, true);
            engine.Checkpoint();
        }

        return engine;
    }

    private IEnumerable<Record> ReadScopes(long first, long last)
    {
        foreach (StoredDocument document in _reader.Read(RecordCollection.Scopes, first, last))
        {
            yield return new Record(ChangeKind.Scope, document.Key, WithoutKey(document));
        }
    }

    /// <summary>Copies the document of a scope without its key, which the document of a log does not have either.</summary>
    private static byte[] WithoutKey(in StoredDocument document)
    {
        ReadOnlySpan<byte> bytes = document.Bytes.Span;
        var fields = new BsonWalker(bytes);
        if (!fields.MoveTo(RecordBucket.Id) || fields.Type != BsonWalker.Int64
            || BinaryPrimitives.ReadInt64LittleEndian(fields.Value) != document.Key)
        {
            throw new InvalidDataException($"A document of the collection '{RecordCollection.Scopes}' is damaged.");
        }

        byte[] others = [.. bytes[..(fields.NameStart - 1)], .. bytes[(fields.ValueStart + fields.Value.Length)..]];
        BinaryPrimitives.WriteInt32LittleEndian(others, others.Length);
        return others;
    }

    private IEnumerable<Record> ReadBuckets(RecordCollection collection, long first, long last)
    {
        bool isOneScope = RecordKey.Scope(first) == RecordKey.Scope(last);
        Scope? scope = isOneScope ? FindScope(RecordKey.Scope(first)) : null;
        long start = RecordKey.Number(first) == 0
            ? first
            : _reader.ReadLast(collection.Name, collection.Range(first).First, first)?.Key ?? first;
        long previous = -1;
        var records = new List<Record>();
        foreach (StoredDocument document in _reader.Read(collection.Name, start, last))
        {
            if (isOneScope)
            {
                RecordBucket.ExpectScope(collection, document, scope);
            }

            records.Clear();
            RecordBucket.Read(collection, document, records);
            foreach (Record record in records)
            {
                if (record.Key <= previous)
                {
                    throw new InvalidDataException($"The records of the collection '{collection.Name}' are not in order.");
                }

                previous = record.Key;
                if (record.Key >= first && record.Key <= last)
                {
                    yield return record;
                }
            }
        }
    }

    /// <summary>Returns a scope of which records are stored: it is stored before them.</summary>
    private Scope ScopeOf(int id) =>
        FindScope(id) ?? throw new InvalidDataException($"There are records of the scope {id}, which does not exist.");

    private Scope? FindScope(int id)
    {
        if (!_scopes.TryGetValue(id, out Scope? scope))
        {
            scope = ReadScopes(id, id).Select(static record => RecordCodec.ReadScope(record).Scope).FirstOrDefault();
            _scopes.Add(id, scope);
        }

        return scope;
    }

    /// <summary>Returns the key of the last change that is kept; 0 if there is none.</summary>
    private long LastChange()
    {
        RecordCollection collection = RecordCollection.Changes;
        return _reader.ReadLast(collection.Name, 0, long.MaxValue) is { } newest ? RecordBucket.Read(collection, newest)[^1].Key : 0;
    }

    private void Transact(Action change)
    {
        Check(Engine.BeginTrans());
        change();
        Check(Engine.Commit());
        Engine.Checkpoint();

        static void Check(bool done)
        {
            if (!done)
            {
                throw new InvalidOperationException("LiteDB did not begin or commit the transaction.");
            }
        }
    }

    private int ApplyScopes(IReadOnlyList<Record> records, int start, int end)
    {
        var documents = new List<BsonDocument>(end - start);
        for (int i = start; i < end; i++)
        {
            Record record = records[i];
            StoredScope scope = RecordCodec.ReadScope(record);
            BsonDocument document = BsonSerializer.Deserialize(record.Bytes.ToArray(), utcDate: true);
            document[RecordBucket.Id] = record.Key;
            documents.Add(document);
            _scopes[scope.Id] = scope.Scope;
        }

        Transact(() => Engine.Upsert(RecordCollection.Scopes, documents, BsonAutoId.Int64));
        return end;
    }

    /// <summary>Applies records of one kind until they fill a transaction. Returns the index of the first that was not applied.</summary>
    private int ApplyBuckets(RecordCollection collection, IReadOnlyList<Record> records, int start, int end)
    {
        int i = start;
        Transact(() =>
        {
            var changes = new BucketChanges();
            long bytes = 0;
            while (i < end && bytes < MaxBytesPerTransaction)
            {
                i = ApplyBucket(collection, records, i, end, changes, ref bytes);
            }

            changes.Apply(Engine, collection.Name);
        });
        return i;
    }

    /// <summary>Applies the records that belong into the bucket of the first one. Returns the index of the first that does not.</summary>
    private int ApplyBucket(
        RecordCollection collection, IReadOnlyList<Record> records, int start, int end, BucketChanges changes, ref long bytes)
    {
        Record first = records[start];
        (long low, long high) = collection.Range(first.Key);

        // Before the bucket is read: another read may take the memory of its page.
        bool mayHoldMore = start + 1 < end && records[start + 1].Key <= high;
        if (!first.IsNew && mayHoldMore && _reader.FirstKey(collection.Name, first.Key + 1, high) is { } next)
        {
            high = next - 1;
        }

        // The numbers of a scope begin with 1, so before its first record there is no bucket. They rise, so behind the bucket of a new
        // record there is none, and those that fill half a bucket begin one of their own: LiteDB need not read and write the one before.
        bool beginsBucket = first.IsNew && (first.Key == low + 1 || HoldsAt(start + (RecordBucket.MaxCount / 2) - 1));
        StoredDocument? bucket = beginsBucket ? null : _reader.ReadLast(collection.Name, low, first.Key);
        List<Record> found = _found;
        found.Clear();
        Scope? scope = null;
        if (bucket is { } read)
        {
            RecordBucket.Read(collection, read, found);
            scope = RecordBucket.ScopeOf(collection, read);
        }

        if (first.IsNew && !RecordBucket.HasRoom(found, first))
        {
            // A full bucket need not be written again for a record behind it.
            bucket = null;
            found.Clear();
        }

        List<Record> merged = _merged;
        merged.Clear();
        int old = 0;
        int i = start;
        for (; i < end && records[i].Key <= high && bytes < MaxBytesPerTransaction; i++)
        {
            Record record = records[i];
            for (; old < found.Count && found[old].Key < record.Key; old++)
            {
                merged.Add(found[old]);
            }

            old += old < found.Count && found[old].Key == record.Key ? 1 : 0;
            if (!record.IsDeleted)
            {
                merged.Add(record);
                bytes += record.Bytes.Length;
            }
        }

        merged.AddRange(CollectionsMarshal.AsSpan(found)[old..]);
        foreach (Record record in found)
        {
            bytes += record.Bytes.Length;
        }

        long? key = bucket?.Key;
        if (merged.Count > 0)
        {
            scope ??= collection.IsByScope ? ScopeOf(RecordKey.Scope(first.Key)) : null;
            changes.Put(key, RecordBucket.Make(collection, key ?? merged[0].Key, merged, scope));
        }
        else if (key is { } emptied)
        {
            changes.Deleted.Add(emptied);
        }

        return i;

        bool HoldsAt(int index) => index < end && records[index].Key <= high;
    }

    /// <summary>The documents that a transaction writes, which LiteDB takes together.</summary>
    private sealed class BucketChanges
    {
        private readonly List<BsonDocument> _added = [];
        private readonly List<BsonDocument> _changed = [];

        public List<BsonValue> Deleted { get; } = [];

        /// <summary>Adds buckets, of which the first replaces one if it has a key already.</summary>
        public void Put(long? key, IEnumerable<BsonDocument> buckets)
        {
            foreach (BsonDocument bucket in buckets)
            {
                (key is not null ? _changed : _added).Add(bucket);
                key = null;
            }
        }

        public void Apply(LiteEngine engine, string collection)
        {
            if (_added.Count > 0)
            {
                engine.Insert(collection, _added, BsonAutoId.Int64);
            }

            if (_changed.Count > 0)
            {
                Invariant.Holds(engine.Update(collection, _changed) == _changed.Count, "an updated document exists");
            }

            if (Deleted.Count > 0)
            {
                engine.Delete(collection, Deleted);
            }
        }
    }
}
