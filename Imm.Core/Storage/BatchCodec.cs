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
        writer.Number(record.Value is { } value ? value.Length + 1L : 0);
        writer.Bytes(record.Value);
    }

    public static void Read(ReadOnlySpan<byte> payload, List<Record> records)
    {
        var reader = new PackedReader(payload);
        while (!reader.AtEnd)
        {
            byte kind = reader.Byte();
            long key = reader.Int64();
            long length = reader.Number();
            records.Add(new Record(
                (ChangeKind)(kind & ~NewFlag), key, length == 0 ? null : reader.Bytes(length - 1).ToArray(), (kind & NewFlag) != 0));
        }
    }
}
