using System.Buffers.Binary;
using System.Text;
using LiteDB;

namespace Imm.Core.Storage;

/// <summary>
/// Reads documents of the types that records have. LiteDB's own reader copies the bytes, makes a string of each name, and enlarges each
/// document in steps.
/// </summary>
internal static class BsonReader
{
    private const int MaxNameLength = 32;

    /// <summary>Names by a hash of their bytes; those of records do not collide. A name takes the place of another one.</summary>
    private static readonly string?[] Names = new string?[256];

    /// <summary>Reads a document; null if it has a field of a type that records do not have.</summary>
    /// <param name="bytes">The document in BSON.</param>
    /// <param name="pool">The pool from which the document and those in it are taken; null for none.</param>
    /// <exception cref="InvalidDataException">The bytes are no document.</exception>
    public static BsonDocument? Read(ReadOnlySpan<byte> bytes, BsonPool? pool)
    {
        if (Count(bytes) is not { } count)
        {
            return null;
        }

        BsonDocument document = pool?.RentDocument() ?? [];
        var values = (Dictionary<string, BsonValue>)document.RawValue;
        values.EnsureCapacity(count);
        var fields = new BsonWalker(bytes);
        while (fields.MoveNext())
        {
            if (Read(fields, pool) is not { } value)
            {
                return null;
            }

            values[NameOf(fields)] = value;
        }

        return document;
    }

    private static BsonArray? ReadArray(ReadOnlySpan<byte> bytes, BsonPool? pool)
    {
        BsonArray array = pool?.RentArray() ?? [];
        var items = new BsonWalker(bytes);
        while (items.MoveNext())
        {
            if (Read(items, pool) is not { } value)
            {
                return null;
            }

            array.Add(value);
        }

        return array;
    }

    private static BsonValue? Read(in BsonWalker field, BsonPool? pool) => field.Type switch
    {
        BsonWalker.Text => new BsonValue(field.ReadText()),
        BsonWalker.Document => Read(field.Value, pool),
        BsonWalker.Array => ReadArray(field.Value, pool),
        BsonWalker.Date => new BsonValue(DateTime.UnixEpoch.AddMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(field.Value))),
        BsonWalker.Int64 => new BsonValue(BinaryPrimitives.ReadInt64LittleEndian(field.Value)),
        _ => null,
    };

    /// <summary>Counts the fields of a document; null if one is of a type that records do not have.</summary>
    private static int? Count(ReadOnlySpan<byte> bytes)
    {
        int count = 0;
        var fields = new BsonWalker(bytes);
        while (fields.MoveNext())
        {
            if (fields.Type is not (BsonWalker.Text or BsonWalker.Document or BsonWalker.Array or BsonWalker.Date or BsonWalker.Int64))
            {
                return null;
            }

            count++;
        }

        return count;
    }

    private static string NameOf(in BsonWalker field)
    {
        ReadOnlySpan<byte> name = field.Name;
        if (name.Length > MaxNameLength)
        {
            return field.ReadName();
        }

        int hash = 0;
        foreach (byte b in name)
        {
            hash = ((hash * 11) + b) % Names.Length;
        }

        // Racing threads replace one another's strings, which costs no more than another string.
        ref string? known = ref Names[hash];
        return known is { } found && Ascii.Equals(name, found) ? found : known = field.ReadName();
    }
}
