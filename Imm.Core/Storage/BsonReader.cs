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

    /// <summary>Texts are stored without a lone surrogate, so bytes that are no UTF-8 are damage.</summary>
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Names by a hash of their bytes; those of records do not collide. A name takes the place of another one.</summary>
    private static readonly string?[] Names = new string?[256];

    /// <summary>Reads a document; null if it has a field of a type that records do not have.</summary>
    /// <param name="bytes">The document in BSON.</param>
    /// <param name="pool">The pool from which the document and those in it are taken; null for none.</param>
    /// <exception cref="InvalidDataException">The bytes are no document.</exception>
    public static BsonDocument? Read(ReadOnlySpan<byte> bytes, BsonPool? pool)
    {
        int offset = 0;
        return ReadDocument(bytes, ref offset, pool);
    }

    private static BsonDocument? ReadDocument(ReadOnlySpan<byte> bytes, ref int offset, BsonPool? pool)
    {
        if (Content(bytes, ref offset, out int end) is not { } count)
        {
            return null;
        }

        BsonDocument document = pool?.RentDocument() ?? [];
        var fields = (Dictionary<string, BsonValue>)document.RawValue;
        fields.EnsureCapacity(count);
        while (offset < end)
        {
            byte type = bytes[offset++];
            string name = Name(bytes, ref offset);
            if (ReadValue(type, bytes, ref offset, pool) is not { } value)
            {
                return null;
            }

            fields[name] = value;
        }

        offset++;
        return document;
    }

    private static BsonArray? ReadArray(ReadOnlySpan<byte> bytes, ref int offset, BsonPool? pool)
    {
        if (Content(bytes, ref offset, out int end) is null)
        {
            return null;
        }

        BsonArray array = pool?.RentArray() ?? [];
        while (offset < end)
        {
            byte type = bytes[offset++];
            SkipName(bytes, ref offset);
            if (ReadValue(type, bytes, ref offset, pool) is not { } value)
            {
                return null;
            }

            array.Add(value);
        }

        offset++;
        return array;
    }

    private static BsonValue? ReadValue(byte type, ReadOnlySpan<byte> bytes, ref int offset, BsonPool? pool)
    {
        switch (type)
        {
            case 0x02:
                int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);
                string text = Strict.GetString(bytes.Slice(offset + 4, length - 1));
                offset += 4 + length;
                return new BsonValue(text);
            case 0x03:
                return ReadDocument(bytes, ref offset, pool);
            case 0x04:
                return ReadArray(bytes, ref offset, pool);
            case 0x09:
                return new BsonValue(DateTime.UnixEpoch.AddMilliseconds(ReadInt64(bytes, ref offset)));
            case 0x12:
                return new BsonValue(ReadInt64(bytes, ref offset));
            default:
                return null;
        }
    }

    /// <summary>Finds the end of the document or array that begins at an offset, and the number of its fields.</summary>
    /// <returns>The number; null if a field is of another type.</returns>
    private static int? Content(ReadOnlySpan<byte> bytes, ref int offset, out int end)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);
        end = offset + length - 1;
        Expect(length >= BsonWalker.MinLength && length <= bytes.Length - offset && bytes[end] == 0);
        offset += 4;
        int count = 0;
        int next = offset;
        while (next < end)
        {
            byte type = bytes[next++];
            SkipName(bytes, ref next);
            int more;
            switch (type)
            {
                case 0x02:
                    more = 4 + BinaryPrimitives.ReadInt32LittleEndian(bytes[next..]);
                    Expect(more > 4);
                    break;
                case 0x03 or 0x04:
                    more = BinaryPrimitives.ReadInt32LittleEndian(bytes[next..]);
                    Expect(more >= BsonWalker.MinLength);
                    break;
                case 0x09 or 0x12:
                    more = 8;
                    break;
                default:
                    return null;
            }

            Expect(more <= end - next);
            next += more;
            count++;
        }

        return count;
    }

    private static long ReadInt64(ReadOnlySpan<byte> bytes, ref int offset)
    {
        long value = BinaryPrimitives.ReadInt64LittleEndian(bytes[offset..]);
        offset += 8;
        return value;
    }

    private static void SkipName(ReadOnlySpan<byte> bytes, ref int offset)
    {
        int length = bytes[offset..].IndexOf((byte)0);
        Expect(length >= 0);
        offset += length + 1;
    }

    private static string Name(ReadOnlySpan<byte> bytes, ref int offset)
    {
        int start = offset;
        SkipName(bytes, ref offset);
        ReadOnlySpan<byte> name = bytes[start..(offset - 1)];
        if (name.Length > MaxNameLength)
        {
            return Strict.GetString(name);
        }

        int hash = 0;
        foreach (byte b in name)
        {
            hash = ((hash * 11) + b) % Names.Length;
        }

        // Racing threads replace one another's strings, which costs no more than another string.
        ref string? known = ref Names[hash];
        return known is { } found && Ascii.Equals(name, found) ? found : known = Strict.GetString(name);
    }

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new InvalidDataException("a value is no document.");
        }
    }
}
