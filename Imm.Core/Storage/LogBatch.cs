using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The records of one batch of commits, encoded once, in the bytes that are written to the log. Reused from batch to batch. Not
/// thread-safe.
/// </summary>
internal sealed class LogBatch
{
    private const byte NewFlag = 0x80;

    private readonly PackedWriter _frame = new();

    /// <summary>True if nothing was added since <see cref="Clear"/>.</summary>
    public bool IsEmpty => _frame.Length <= RedoLog.FrameHeaderSize;

    /// <summary>The length of the frame in bytes: header and payload, without padding.</summary>
    public int Length => _frame.Length;

    /// <summary>The frame, with room for its header at the beginning.</summary>
    public PackedWriter Frame => _frame;

    /// <summary>Removes all records.</summary>
    public void Clear()
    {
        _frame.Clear();
        _frame.Take(RedoLog.FrameHeaderSize);
    }

    /// <summary>Adds the record of one change.</summary>
    /// <param name="scopeId">The number of the scope, from 1 to <see cref="RecordKey.MaxScope"/>.</param>
    /// <param name="change">The change; one without a value deletes its record.</param>
    public void Add(int scopeId, in Change change)
    {
        long key = change.Kind == ChangeKind.Scope ? scopeId : RecordKey.Of(scopeId, change.Number);
        bool isNew = change.IsNew && change.Value is not null;
        _frame.Byte((byte)((byte)change.Kind | (isNew ? NewFlag : 0)));
        _frame.Int64(key);
        if (change.Value is null)
        {
            _frame.Number(0);
            return;
        }

        // The value is encoded in its final position. Its length precedes it and takes one byte for all but long values.
        int position = _frame.Length;
        _frame.Take(1);
        RecordCodec.Write(_frame, change.Kind, key, change.Value);
        _frame.NumberAt(position, _frame.Length - position);
    }

    /// <summary>
    /// Reads the records of one or several consecutive batches. The values are slices of <paramref name="payload"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">The payload does not consist of whole records.</exception>
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
