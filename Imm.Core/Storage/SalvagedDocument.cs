using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>The fields of a document in BSON that a salvage needs, as far as they stand in front of a place where the bytes end.</summary>
/// <param name="Id">The key; null if it is missing.</param>
/// <param name="Account">The account; null if it is missing.</param>
/// <param name="Region">The region; null if it is missing.</param>
/// <param name="Array">The name of the first array; null for none.</param>
/// <param name="Items">The documents of that array that are there as a whole.</param>
/// <param name="IsWhole">True if nothing is missing at the end.</param>
internal sealed record SalvagedDocument(
    long? Id, string? Account, string? Region, string? Array, List<ReadOnlyMemory<byte>> Items, bool IsWhole)
{
    public static SalvagedDocument Read(ReadOnlyMemory<byte> bytes)
    {
        (long? id, string? account, string? region, string? array) = (null, null, null, null);
        List<ReadOnlyMemory<byte>> items = [];
        bool isWhole = Walk(bytes, (type, name, value) =>
        {
            switch (type, name)
            {
                case (BsonWalker.Int64, RecordBucket.Id):
                    id = BinaryPrimitives.ReadInt64LittleEndian(value.Span);
                    break;
                case (BsonWalker.Text, RecordFields.AccountId):
                    account = TextOf(value);
                    break;
                case (BsonWalker.Text, RecordFields.RegionId):
                    region = TextOf(value);
                    break;
                case (BsonWalker.Array, _) when array is null:
                    array = name;
                    Walk(value, (itemType, _, item) =>
                    {
                        if (itemType == BsonWalker.Document && IsComplete(item))
                        {
                            items.Add(item);
                        }
                    });
                    break;
            }
        });
        return new SalvagedDocument(id, account, region, array, items, isWhole);
    }

    /// <summary>Reads the number of a record; null if it is missing.</summary>
    public static long? Number(ReadOnlyMemory<byte> document) => Find(document, RecordFields.Number);

    /// <summary>Reads the revision of a record; 0 if it is missing.</summary>
    public static long Revision(ReadOnlyMemory<byte> document) => Find(document, nameof(Project.Revision)) ?? 0;

    /// <summary>Reads the name of the project of a record; null if it is missing.</summary>
    public static string? ProjectName(ReadOnlyMemory<byte> document)
    {
        string? found = null;
        Walk(document, (type, name, value) =>
            found = type == BsonWalker.Text && name == nameof(Project.ProjectName) ? TextOf(value) : found);
        return found;
    }

    private static long? Find(ReadOnlyMemory<byte> document, string field)
    {
        long? found = null;
        Walk(document, (type, name, value) =>
        {
            if (type == BsonWalker.Int64 && name == field)
            {
                found = BinaryPrimitives.ReadInt64LittleEndian(value.Span);
            }
        });
        return found;
    }

    private static string TextOf(ReadOnlyMemory<byte> value) => Encoding.UTF8.GetString(value.Span[4..^1]);

    private static bool IsComplete(ReadOnlyMemory<byte> document) =>
        document.Length >= BsonWalker.MinLength && BinaryPrimitives.ReadInt32LittleEndian(document.Span) == document.Length;

    /// <summary>
    /// Walks the fields of a document. An array or document at the end may be cut; every other value is there as a whole. True if the
    /// document is whole.
    /// </summary>
    private static bool Walk(ReadOnlyMemory<byte> bytes, Action<byte, string, ReadOnlyMemory<byte>> field)
    {
        ReadOnlySpan<byte> span = bytes.Span;
        if (span.Length < BsonWalker.MinLength)
        {
            return false;
        }

        for (int at = 4; at < span.Length;)
        {
            byte type = span[at++];
            if (type == 0)
            {
                return at == span.Length && IsComplete(bytes);
            }

            int nameLength = span[at..].IndexOf((byte)0);
            if (nameLength < 0)
            {
                return false;
            }

            string name = Encoding.UTF8.GetString(span.Slice(at, nameLength));
            at += nameLength + 1;
            long length = BsonWalker.LengthOf(type, span[at..]);
            if (length < 0)
            {
                return false;
            }

            bool isCut = length > span.Length - at;
            if (isCut && type is not (BsonWalker.Array or BsonWalker.Document))
            {
                return false;
            }

            field(type, name, bytes.Slice(at, (int)Math.Min(length, span.Length - at)));
            if (isCut)
            {
                return false;
            }

            at += (int)length;
        }

        return false;
    }
}
