using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The content of one document: the records of one kind whose keys differ only in the last four bits.</summary>
internal sealed class RecordBucket
{
    private const int SlotBits = 4;
    private const int SlotCount = 1 << SlotBits;

    private readonly ReadOnlyMemory<byte>[] _values = new ReadOnlyMemory<byte>[SlotCount];
    private readonly PackedWriter _writer = new();

    public bool IsEmpty => Array.TrueForAll(_values, value => value.IsEmpty);

    /// <summary>Returns the number of the bucket of a key.</summary>
    public static long Of(long key) => key >> SlotBits;

    /// <summary>Returns the lowest key of a bucket.</summary>
    public static long FirstKey(long bucket) => bucket << SlotBits;

    /// <summary>
    /// True if a record shows that its bucket does not exist yet: numbers of new records rise, so before the first slot is filled no other
    /// one is.
    /// </summary>
    public static bool IsFirst(in Record record) => record.IsNew && Slot(record.Key) == 0;

    /// <summary>Decodes a document.</summary>
    /// <exception cref="InvalidDataException">The document is damaged.</exception>
    public static IEnumerable<Record> Decode(ChangeKind kind, long bucket, byte[] bytes)
    {
        var reader = new PackedReader(bytes);
        var records = new List<Record>(SlotCount);
        while (!reader.AtEnd)
        {
            byte slot = reader.Byte();
            long length = reader.Number();
            if (slot >= SlotCount || length == 0 || (records.Count > 0 && Slot(records[^1].Key) >= slot))
            {
                throw new InvalidDataException($"The {kind} document {bucket} is damaged.");
            }

            records.Add(
                new Record(kind, FirstKey(bucket) | slot, bytes.AsMemory(bytes.Length - reader.Left, reader.Bytes(length).Length)));
        }

        return records;
    }

    public void Clear() => Array.Clear(_values);

    /// <summary>Replaces the record with the same key, or deletes it.</summary>
    public void Set(in Record record) => _values[Slot(record.Key)] = record.Value;

    /// <summary>Encodes the document.</summary>
    public byte[] Encode()
    {
        _writer.Clear();
        for (int slot = 0; slot < SlotCount; slot++)
        {
            if (_values[slot] is { IsEmpty: false } value)
            {
                _writer.Byte((byte)slot);
                _writer.Number(value.Length);
                _writer.Bytes(value.Span);
            }
        }

        return _writer.Written.ToArray();
    }

    private static int Slot(long key) => (int)(key & (SlotCount - 1));
}
