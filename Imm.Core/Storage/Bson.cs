using System.Text;
using LiteDB;

namespace Imm.Core.Storage;

/// <summary>Documents in BSON, as LiteDB stores them.</summary>
internal static class Bson
{
    /// <summary>Reads a document.</summary>
    /// <param name="bytes">The document in BSON.</param>
    /// <param name="pool">The pool from which the document and those in it are taken; null for none.</param>
    /// <exception cref="InvalidDataException">The bytes are no document.</exception>
    public static BsonDocument Read(ReadOnlyMemory<byte> bytes, BsonPool? pool = null)
    {
        try
        {
            return BsonReader.Read(bytes.Span, pool) ?? BsonSerializer.Deserialize(bytes.ToArray(), utcDate: true);
        }
#pragma warning disable CA1031 // LiteDB answers bytes that are no BSON with exceptions of many kinds.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            throw new InvalidDataException("a value is no document.", e);
        }
    }

    /// <summary>Writes a document that LiteDB has read.</summary>
    public static byte[] Write(BsonDocument document) => BsonSerializer.Serialize(document);

    /// <summary>Computes the length of a document or array in bytes.</summary>
    public static int LengthOf(BsonValue value) => value switch
    {
        BsonDocument document => 5 + document.Sum(static field => 2 + Encoding.UTF8.GetByteCount(field.Key) + LengthOf(field.Value)),
        BsonArray array => 5 + array.Select(static (item, i) => 2 + Digits(i) + LengthOf(item)).Sum(),
        _ => value.Type switch
        {
            BsonType.String => 5 + Encoding.UTF8.GetByteCount(value.AsString),
            BsonType.Binary => 5 + value.AsBinary.Length,
            BsonType.Int32 => 4,
            BsonType.Boolean => 1,
            BsonType.Null or BsonType.MinValue or BsonType.MaxValue => 0,
            BsonType.ObjectId => 12,
            BsonType.Decimal => 16,
            BsonType.Guid => 5 + 16,
            _ => 8,
        },
    };

    private static int Digits(int number) => number < 10 ? 1 : number < 100 ? 2 : 3;
}
