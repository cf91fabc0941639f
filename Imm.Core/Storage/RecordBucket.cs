using System.Globalization;
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
    public const int MaxCount = 32;

    /// <summary>
    /// The length in bytes that the records of a bucket may have together: about what a page holds. A longer record has a bucket of its
    /// own.
    /// </summary>
    public const int MaxLength = 7800;

    /// <summary>Reads the key of a bucket.</summary>
    /// <exception cref="InvalidDataException">The document is damaged.</exception>
    public static long KeyOf(RecordCollection collection, BsonDocument document)
    {
        Expect(document.TryGetValue(Id, out BsonValue id) && id.IsInt64 && id.AsInt64 >= 0, collection, document);
        return document[Id].AsInt64;
    }

    /// <summary>Reads the records of a bucket.</summary>
    /// <exception cref="InvalidDataException">The document is damaged.</exception>
    public static List<Record> Read(RecordCollection collection, BsonDocument document)
    {
        long bucket = KeyOf(collection, document);
        Expect(document.TryGetValue(collection.Records, out BsonValue array) && array.IsArray, collection, document);
        var records = new List<Record>(array.AsArray.Count);
        long last = collection.Range(bucket).Last;
        foreach (BsonValue item in array.AsArray)
        {
            Expect(
                item.IsDocument && item.AsDocument.TryGetValue(RecordFields.Number, out BsonValue number) && number.IsInt64
                && number.AsInt64 >= 0 && (!collection.IsByScope || number.AsInt64 <= RecordKey.MaxNumber),
                collection,
                document);
            long key = collection.KeyOf(bucket, item.AsDocument[RecordFields.Number].AsInt64);
            Expect(key >= (records.Count == 0 ? bucket : records[^1].Key + 1) && key <= last, collection, document);
            records.Add(new Record(collection.Kind ?? default, key, item.AsDocument));
        }

        return records;
    }

    /// <summary>Makes the buckets of records: one, or more if they do not fit into one.</summary>
    /// <param name="collection">The collection.</param>
    /// <param name="key">The key of the first bucket.</param>
    /// <param name="records">The records, in order, at least one.</param>
    /// <param name="scope">The scope; null where the buckets belong to none.</param>
    /// <param name="pool">The pool for the documents of the records.</param>
    public static IEnumerable<BsonDocument> Make(
        RecordCollection collection, long key, List<Record> records, Scope? scope, BsonPool? pool = null)
    {
        var array = new BsonArray();
        int length = 0;
        foreach (Record record in records)
        {
            int more = record.Length;
            if (array.Count == MaxCount || (array.Count > 0 && length + more > MaxLength))
            {
                yield return Document();
                (array, length, key) = ([], 0, record.Key);
            }

            array.Add(record.ReadDocument(pool));
            length += more;
        }

        yield return Document();

        BsonDocument Document()
        {
            var document = new BsonDocument { [Id] = key };
            if (scope is not null)
            {
                document[RecordFields.AccountId] = scope.AccountId;
                document[RecordFields.RegionId] = scope.RegionId;
            }

            document[collection.Records] = array;
            return document;
        }
    }

    /// <summary>Reads the scope that a bucket names; null where buckets belong to none.</summary>
    /// <exception cref="InvalidDataException">It names none.</exception>
    public static Scope? ScopeOf(RecordCollection collection, BsonDocument document)
    {
        if (!collection.IsByScope)
        {
            return null;
        }

        Expect(
            document.TryGetValue(RecordFields.AccountId, out BsonValue account) && account.IsString && Scope.IsAccountId(account.AsString)
            && document.TryGetValue(RecordFields.RegionId, out BsonValue region) && region.IsString && Scope.IsRegionId(region.AsString),
            collection,
            document);
        return new Scope(document[RecordFields.AccountId].AsString, document[RecordFields.RegionId].AsString);
    }

    /// <summary>Verifies that a bucket names its scope.</summary>
    /// <exception cref="InvalidDataException">It does not.</exception>
    public static void ExpectScope(RecordCollection collection, BsonDocument document, Scope? scope) =>
        Expect(scope is not null && ScopeOf(collection, document) == scope, collection, document);

    private static void Expect(bool condition, RecordCollection collection, BsonDocument document)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(
                CultureInfo.InvariantCulture, $"The document {document[Id]} of the collection '{collection.Name}' is damaged."));
        }
    }
}
