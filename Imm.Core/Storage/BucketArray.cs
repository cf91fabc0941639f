using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The array of the records of a bucket, as LiteDB is given it: a binary value.</summary>
/// <remarks>
/// For an array LiteDB would need an object for each field of each record, about 1.5 KB a record. The binary value has the length of the
/// array, and its bytes but for three: the type of the field, the stated length, and the byte behind that, which is a subtype in the one
/// and the type of the first item in the other. They are set in every page that LiteDB writes, so no file ever holds the binary value. The
/// pages in LiteDB's memory do, which makes no difference to it: it does not look into the documents.
/// </remarks>
internal static class BucketArray
{
    /// <summary>The length of a binary value is stated without itself and the subtype; that of an array is the whole one.</summary>
    private const int NotCounted = sizeof(int) + 1;

    /// <summary>The beginning of the first item of an array: its type, and its name, which is its index.</summary>
    private static ReadOnlySpan<byte> FirstItem => [BsonWalker.Document, (byte)'0', 0];

    /// <summary>Makes the binary value of records.</summary>
    /// <param name="records">The records, at least one.</param>
    public static byte[] Write(ReadOnlySpan<Record> records)
    {
        // The type of the first item is left out, and the zero behind the last one is not.
        int length = 0;
        for (int i = 0; i < records.Length; i++)
        {
            length += 2 + Digits(i) + records[i].Bytes.Length;
        }

        byte[] value = GC.AllocateUninitializedArray<byte>(length);
        int at = 0;
        for (int i = 0; i < records.Length; i++)
        {
            i.TryFormat(value.AsSpan(at), out int digits, default, CultureInfo.InvariantCulture);
            at += digits;
            value[at++] = 0;
            records[i].Bytes.Span.CopyTo(value.AsSpan(at));
            at += records[i].Bytes.Length;
            value[at++] = i + 1 < records.Length ? BsonWalker.Document : (byte)0;
        }

        Invariant.Holds(at == length, "an array has the length that was computed");
        return value;
    }

    /// <summary>Makes arrays of the binary values in a page that LiteDB has written.</summary>
    public static void Restore(Span<byte> page)
    {
        if (page[CollectionReader.PageType] != CollectionReader.DocumentPage || page[CollectionReader.HighestSlot] == byte.MaxValue)
        {
            return;
        }

        for (int slot = page[CollectionReader.HighestSlot]; slot >= 0; slot--)
        {
            // A slot that is free has no length. The field is always in the first block: an update never makes that shorter than the
            // document or than it was.
            if (CollectionReader.TryGetSegment(page, slot, out int position, out int length)
                && length > CollectionReader.BlockHeaderLength && page[position] == CollectionReader.FirstBlock)
            {
                RestoreIn(page.Slice(position, length)[CollectionReader.BlockHeaderLength..]);
            }
        }
    }

    private static void RestoreIn(Span<byte> document)
    {
        int at = sizeof(int);
        while (at < document.Length && document[at] is not 0 and byte type)
        {
            int nameLength = document[(at + 1)..].IndexOf((byte)0);
            if (nameLength < 0)
            {
                return;
            }

            Span<byte> value = document[(at + nameLength + 2)..];
            if (type == BsonWalker.Binary && IsOfBucket(document.Slice(at + 1, nameLength), value))
            {
                document[at] = BsonWalker.Array;
                BinaryPrimitives.WriteInt32LittleEndian(value, BinaryPrimitives.ReadInt32LittleEndian(value) + NotCounted);
                FirstItem.CopyTo(value[sizeof(int)..]);
                return;
            }

            long length = BsonWalker.LengthOf(type, value);
            if (length < 0 || length > value.Length)
            {
                return;
            }

            at += nameLength + 2 + (int)length;
        }
    }

    /// <summary>True if a binary field is the array of a bucket: by its name, and by the name of the first item.</summary>
    private static bool IsOfBucket(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (value.Length < sizeof(int) + FirstItem.Length || !value[NotCounted..].StartsWith(FirstItem[1..]))
        {
            return false;
        }

        foreach (RecordCollection collection in RecordCollection.All)
        {
            if (Ascii.Equals(name, collection.Records))
            {
                return true;
            }
        }

        return false;
    }

    private static int Digits(int index) => index < 10 ? 1 : 2;
}
