using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The records of one kind whose keys differ in their last four bits only: what one document holds.</summary>
internal sealed class RecordBucket
{
    private const int KeyBits = 4;
    private const int Size = 1 << KeyBits;

    private readonly ReadOnlyMemory<byte>[] _values = new ReadOnlyMemory<byte>[Size];
    private readonly PackedWriter _writer = new();

    public bool IsEmpty => Array.TrueForAll(_values, value => value.IsEmpty);

    /// <summary>The bucket of a key.</summary>
    public static long Of(long key) => key >> KeyBits;

    /// <summary>The lowest key that belongs into a bucket.</summary>
    public static long FirstKey(long bucket) => bucket << KeyBits;

    /// <summary>
    /// True if a record shows by itself that there was no bucket before it: the numbers of new records rise, so nothing came before the
    /// lowest of a bucket, and nothing beyond it.
    /// </summary>
    public static bool IsFirst(in Record record) => record.IsNew && Place(record.Key) == 0;

    public static IEnumerable<Record> Unpack(ChangeKind kind, long bucket, byte[] packed)
    {
        var reader = new PackedReader(packed);
        var records = new List<Record>(Size);
        while (!reader.AtEnd)
        {
            byte place = reader.Byte();
            long length = reader.Number();
            if (place >= Size || length == 0 || (records.Count > 0 && Place(records[^1].Key) >= place))
            {
                throw new InvalidDataException($"The {kind} document {bucket} holds what does not belong into it.");
            }

            records.Add(
                new Record(kind, (bucket << KeyBits) | place, packed.AsMemory(packed.Length - reader.Left, reader.Bytes(length).Length)));
        }

        return records;
    }

    public void Clear() => Array.Clear(_values);

    /// <summary>Puts a record in, in the place of the one with its key; one without a value takes that away.</summary>
    public void Set(in Record record) => _values[Place(record.Key)] = record.Value;

    public byte[] Pack()
    {
        _writer.Clear();
        for (int place = 0; place < Size; place++)
        {
            if (_values[place] is { IsEmpty: false } value)
            {
                _writer.Byte((byte)place);
                _writer.Number(value.Length);
                _writer.Bytes(value.Span);
            }
        }

        return _writer.Written.ToArray();
    }

    private static int Place(long key) => (int)(key & (Size - 1));
}
