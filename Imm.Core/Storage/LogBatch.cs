using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The records of one batch of commits as the frame that is written to the log. Each record is encoded once, in its final position. Reused
/// for every batch. Not thread-safe.
/// </summary>
internal sealed class LogBatch
{
    private const byte NewFlag = 0x80;

    private readonly PackedWriter _frame = new();

    /// <summary>True if nothing was added since <see cref="Clear"/>.</summary>
    public bool IsEmpty => _frame.Length <= FrameHeader.Length;

    /// <summary>The length of the frame in bytes: header and payload.</summary>
    public int Length => _frame.Length;

    /// <summary>Removes all records.</summary>
    public void Clear()
    {
        _frame.Clear();
        _frame.Extend(FrameHeader.Length);
    }

    /// <summary>Pads the frame with zeros to whole sectors and returns it. The bytes of its header are still to be written.</summary>
    public Span<byte> Pad()
    {
        _frame.Extend(-_frame.Length & (Disk.SectorSize - 1));
        return _frame.Written;
    }

    /// <summary>Adds the record of one change.</summary>
    /// <param name="scopeId">The number of the scope, from 1 to <see cref="RecordKey.MaxScope"/>.</param>
    /// <param name="change">The change; one without a value deletes its record.</param>
    public void Add(int scopeId, in Change change)
    {
        long key = change.Kind == ChangeKind.Scope ? scopeId : RecordKey.Of(scopeId, change.Number);
        _frame.Byte((byte)((byte)change.Kind | (change.State == ChangeState.Created ? NewFlag : 0)));
        _frame.Int64(key);
        if (change.State == ChangeState.Deleted)
        {
            _frame.Number(0);
            return;
        }

        // The length of the value is not known yet. It takes one byte unless the value is long, which is then moved.
        int position = _frame.Length;
        _frame.Extend(1);
        RecordCodec.Write(_frame, change.Kind, key, change.Value);
        _frame.NumberAt(position, _frame.Length - position);
    }

    /// <summary>
    /// Reads the records of one batch, or of several payloads one after the other. The values are slices of <paramref name="payload"/>.
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
            ReadOnlyMemory<byte> value = length == 0
                ? default
                : payload.Slice(payload.Length - reader.Left, reader.Bytes(length - 1).Length);
            if (length == 1)
            {
                throw new InvalidDataException("a value is empty.");
            }

            records.Add(new Record((ChangeKind)(kind & ~NewFlag), key, value, (kind & NewFlag) != 0));
        }
    }
}
