using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Imm.Core.Model;
using LiteDB;

namespace Imm.Core.Storage;

/// <summary>
/// A document that holds records with neighbouring keys. Like a leaf of a B-tree it covers the keys from its own up to that of the next
/// bucket, and is split when it is full.
/// </summary>
internal static class RecordBucket
{
    public const string Id = "_id";

    /// <summary>The greatest number of records in a bucket.</summary>
    public const int MaxCount = 64;

    /// <summary>
    /// The length in bytes that the records of a bucket may have together: about what a page holds. A longer record has a bucket of its
    /// own.
    /// </summary>
    public const int MaxLength = 7900;

    /// <summary>Reads the records of a bucket, which are slices of it.</summary>
    /// <exception cref="InvalidDataException">The document is damaged.</exception>
    public static List<Record> Read(RecordCollection collection, in StoredDocument document)
    {
        var records = new List<Record>(MaxCount);
        Read(collection, document, records);
        return records;
    }

    /// <inheritdoc cref="Read(RecordCollection, in StoredDocument)"/>
    /// <param name="collection">The collection.</param>
    /// <param name="document">The bucket.</param>
    /// <param name="records">Takes the records behind what it holds.</param>
    public static void Read(RecordCollection collection, in StoredDocument document, List<Record> records)
    {
        var fields = new BsonWalker(document.Bytes.Span);
        Expect(fields.MoveTo(Id) && fields.Type == BsonWalker.Int64, collection, document);
        Expect(
            BinaryPrimitives.ReadInt64LittleEndian(fields.Value) == document.Key && document.Key >= 0, collection, document);
        Expect(fields.MoveTo(collection.Records) && fields.Type == BsonWalker.Array, collection, document);
        int start = fields.ValueStart;
        var items = new BsonWalker(fields.Value);
        long next = document.Key;
        long last = collection.Range(document.Key).Last;
        while (items.MoveNext())
        {
            Expect(items.Type == BsonWalker.Document, collection, document);
            var item = new BsonWalker(items.Value);
            Expect(item.MoveTo(RecordFields.Number) && item.Type == BsonWalker.Int64, collection, document);
            long number = BinaryPrimitives.ReadInt64LittleEndian(item.Value);
            Expect(number >= 0 && (!collection.IsByScope || number <= RecordKey.MaxNumber), collection, document);
            long key = collection.KeyOf(document.Key, number);
            Expect(key >= next && key <= last, collection, document);
            next = key + 1;
            records.Add(new Record(
                collection.Kind ?? default, key, document.Bytes.Slice(start + items.ValueStart, items.Value.Length)));
        }
    }

    /// <summary>True if a bucket can take one more record.</summary>
    /// <param name="records">The records of the bucket.</param>
    /// <param name="more">The record.</param>
    public static bool HasRoom(List<Record> records, in Record more)
    {
        long length = more.Bytes.Length;
        foreach (Record record in records)
        {
            length += record.Bytes.Length;
        }

        return records.Count < MaxCount && length <= MaxLength;
    }

    /// <summary>Makes the buckets of records for LiteDB: one, or more if they do not fit into one.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="key">The key of the first bucket.</param>
    /// <param name="records">The records, in order, at least one.</param>
    /// <param name="scope">The scope; null where the buckets belong to none.</param>
    public static IEnumerable<BsonDocument> Make(RecordCollection collection, long key, List<Record> records, Scope? scope)
    {
        for (int next = 0; next < records.Count; key = next < records.Count ? records[next].Key : key)
        {
            int first = next;
            int length = 0;
            do
            {
                length += records[next].Bytes.Length;
                next++;
            }
            while (next < records.Count && next - first < MaxCount && length + records[next].Bytes.Length <= MaxLength);

            var document = new BsonDocument { [Id] = key };
            if (scope is not null)
            {
                document[RecordFields.AccountId] = scope.AccountId;
                document[RecordFields.RegionId] = scope.RegionId;
            }

            document[collection.Records] = BucketArray.Write(CollectionsMarshal.AsSpan(records)[first..next]);
            yield return document;
        }
    }

    /// <summary>Reads the scope that a bucket names; null where buckets belong to none.</summary>
    /// <exception cref="InvalidDataException">It names none.</exception>
    public static Scope? ScopeOf(RecordCollection collection, in StoredDocument document)
    {
        if (!collection.IsByScope)
        {
            return null;
        }

        string account = TextOf(RecordFields.AccountId, collection, document);
        string region = TextOf(RecordFields.RegionId, collection, document);
        Expect(Scope.IsAccountId(account) && Scope.IsRegionId(region), collection, document);
        return new Scope(account, region);
    }

    /// <summary>Verifies that a bucket names its scope.</summary>
    /// <exception cref="InvalidDataException">It does not.</exception>
    public static void ExpectScope(RecordCollection collection, in StoredDocument document, Scope? scope) =>
        Expect(scope is not null && ScopeOf(collection, document) == scope, collection, document);

    private static string TextOf(string name, RecordCollection collection, in StoredDocument document)
    {
        var fields = new BsonWalker(document.Bytes.Span);
        Expect(fields.MoveTo(name) && fields.Type == BsonWalker.Text, collection, document);
        return fields.ReadText();
    }

    private static void Expect(bool condition, RecordCollection collection, in StoredDocument document)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"The document {document.Key} of the collection '{collection.Name}' is damaged."));
        }
    }
}
