using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Imm.Core.Tests.Storage;

/// <summary>
/// An immutable endless row of bytes, zero where nothing was written. A changed copy shares every chunk it did not change, and the
/// hash follows each change, so a copy costs what was changed and not what is held.
/// </summary>
internal sealed class SparseBytes
{
    private const int ChunkSize = 4096;

    // A chunk of zeros is never held, so that equal bytes are always held, and hashed, alike.
    private readonly ImmutableDictionary<long, Chunk> _chunks;

    // No chunk at or after this index is held: what Cut need not look at.
    private readonly long _end;

    private SparseBytes(ImmutableDictionary<long, Chunk> chunks, long end, ulong hash)
    {
        _chunks = chunks;
        _end = end;
        Hash = hash;
    }

    public static SparseBytes Empty { get; } = new(ImmutableDictionary<long, Chunk>.Empty, 0, 0);

    public ulong Hash { get; }

    public void Read(long offset, Span<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            (long index, int at, int count) = Place(offset, buffer.Length);
            if (_chunks.TryGetValue(index, out Chunk? chunk))
            {
                chunk.Bytes.AsSpan(at, count).CopyTo(buffer);
            }
            else
            {
                buffer[..count].Clear();
            }

            buffer = buffer[count..];
            offset += count;
        }
    }

    public SparseBytes Write(long offset, ReadOnlySpan<byte> data)
    {
        var edit = new Edit(this);
        while (data.Length > 0)
        {
            (long index, int at, int count) = Place(offset, data.Length);
            byte[] bytes = edit.Copy(index);
            data[..count].CopyTo(bytes.AsSpan(at));
            edit.Put(index, Chunk.Of(bytes));
            data = data[count..];
            offset += count;
        }

        return edit.Done();
    }

    /// <summary>Takes the bytes from <paramref name="start"/> to before <paramref name="end"/> as they are in the source.</summary>
    public SparseBytes Take(SparseBytes source, long start, long end)
    {
        var edit = new Edit(this);
        while (start < end)
        {
            (long index, int at, int count) = Place(start, end - start);
            Chunk? chunk = source._chunks.GetValueOrDefault(index);
            if (count < ChunkSize)
            {
                byte[] bytes = edit.Copy(index);
                source.Read(start, bytes.AsSpan(at, count));
                chunk = Chunk.Of(bytes);
            }

            edit.Put(index, chunk);
            start += count;
        }

        return edit.Done();
    }

    /// <summary>Makes everything from an offset on zero.</summary>
    public SparseBytes Cut(long length) =>
        length == 0 ? Empty : Take(Empty, length, Math.Max(length, _end * ChunkSize));

    private static (long Index, int At, int Count) Place(long offset, long length)
    {
        (long index, long at) = Math.DivRem(offset, ChunkSize);
        return (index, (int)at, (int)Math.Min(length, ChunkSize - at));
    }

    private sealed class Chunk
    {
        private Chunk(byte[] bytes)
        {
            Bytes = bytes;
            ulong hash = 0;
            foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
            {
                hash = unchecked((BitOperations.RotateLeft(hash, 29) ^ word) * 0x9E3779B97F4A7C15);
            }

            Hash = hash;
        }

        public byte[] Bytes { get; }

        public ulong Hash { get; }

        public static Chunk? Of(byte[] bytes) => bytes.AsSpan().ContainsAnyExcept((byte)0) ? new(bytes) : null;
    }

    private sealed class Edit(SparseBytes from)
    {
        private readonly ImmutableDictionary<long, Chunk>.Builder _chunks = from._chunks.ToBuilder();
        private ulong _hash = from.Hash;
        private long _end = from._end;

        public byte[] Copy(long index) =>
            _chunks.TryGetValue(index, out Chunk? chunk) ? (byte[])chunk.Bytes.Clone() : new byte[ChunkSize];

        public void Put(long index, Chunk? chunk)
        {
            unchecked
            {
                _hash += Hash(index, chunk) - Hash(index, _chunks.GetValueOrDefault(index));
            }

            if (chunk is null)
            {
                _chunks.Remove(index);
            }
            else
            {
                _chunks[index] = chunk;
                _end = Math.Max(_end, index + 1);
            }
        }

        public SparseBytes Done() => new(_chunks.ToImmutable(), _end, _hash);

        // The hashes of the chunks are summed up, so each must depend on its place and be well spread.
        private static ulong Hash(long index, Chunk? chunk)
        {
            if (chunk is null)
            {
                return 0;
            }

            unchecked
            {
                ulong hash = chunk.Hash + (((ulong)index + 1) * 0xD6E8FEB86659FD93);
                hash = (hash ^ (hash >> 32)) * 0xBF58476D1CE4E5B9;
                hash = (hash ^ (hash >> 29)) * 0x94D049BB133111EB;
                return hash ^ (hash >> 32);
            }
        }
    }
}
