using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The records of one batch as the payload of a log frame.</summary>
internal static class BatchCodec
{
    private const byte NewFlag = 0x80;

    public static void Write(PackedWriter writer, in Record record)
    {
        writer.Byte((byte)((byte)record.Kind | (record.IsNew ? NewFlag : 0)));
        writer.Int64(record.Key);
        writer.Number(record.IsGone ? 0 : record.Value.Length + 1L);
        writer.Bytes(record.Value.Span);
    }

    /// <summary>Reads the records of one batch, or of several one behind the other; their values are parts of the payload.</summary>
    public static void Read(ReadOnlyMemory<byte> payload, List<Record> records)
    {
        var reader = new PackedReader(payload.Span);
        while (!reader.AtEnd)
        {
            byte kind = reader.Byte();
            long key = reader.Int64();
            long length = reader.Number();
            ReadOnlyMemory<byte> value = length == 0 ? default : payload.Slice(payload.Length - reader.Left, reader.Bytes(length - 1).Length);
            if (length == 1)
            {
                throw new InvalidDataException("a value is empty.");
            }

            records.Add(new Record((ChangeKind)(kind & ~NewFlag), key, value, (kind & NewFlag) != 0));
        }
    }
}
