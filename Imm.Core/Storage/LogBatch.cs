using System.Buffers.Binary;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The records of one batch of commits as the frame that is written to the log. Each record is encoded once, in its final position. Reused
/// for every batch. Not thread-safe.
/// </summary>
internal sealed class LogBatch
{
    private const int StateShift = 6;
    private const byte KindMask = (1 << StateShift) - 1;
    private const int HeaderLength = 9;

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
    /// <param name="change">The change.</param>
    public void Add(int scopeId, in Change change)
    {
        _frame.Byte((byte)((byte)change.Kind | ((byte)change.State << StateShift)));
        _frame.Int64(change.Kind == ChangeKind.Scope ? scopeId : RecordKey.Of(scopeId, change.Number));
        RecordCodec.Write(_frame, change.Kind, change.Value);
    }

    /// <summary>
    /// Reads the records of one batch, or of several payloads one after the other. The values are slices of <paramref name="payload"/>.
    /// </summary>
    /// <exception cref="InvalidDataException">The payload does not consist of whole records.</exception>
    public static void Read(ReadOnlyMemory<byte> payload, List<Record> records)
    {
        for (int offset = 0; offset < payload.Length;)
        {
            ReadOnlySpan<byte> rest = payload.Span[offset..];
            int length = rest.Length < HeaderLength + 4 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(rest[HeaderLength..]);
            if (length < BsonWalker.MinLength || length > rest.Length - HeaderLength)
            {
                throw new InvalidDataException("a record ends before it is complete.");
            }

            var kind = (ChangeKind)(rest[0] & KindMask);
            var state = (ChangeState)(rest[0] >> StateShift);
            if (!Enum.IsDefined(kind) || !Enum.IsDefined(state))
            {
                throw new InvalidDataException($"a record is of the kind {rest[0]}, which this version does not know.");
            }

            long key = BinaryPrimitives.ReadInt64LittleEndian(rest[1..]);
            records.Add(new Record(kind, key, payload.Slice(offset + HeaderLength, length), state));
            offset += HeaderLength + length;
        }
    }
}
