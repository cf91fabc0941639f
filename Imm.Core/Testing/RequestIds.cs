using System.Buffers.Binary;

namespace Imm.Core.Testing;

/// <summary>
/// A sequence of ids that a seed determines: SplitMix64, which gives the same numbers on every platform and in every version. Thread-safe.
/// </summary>
internal sealed class RequestIds(int seed)
{
    private long _count;

    /// <summary>Makes an independent sequence that continues with the same ids.</summary>
    public RequestIds Copy() => new(seed) { _count = Volatile.Read(ref _count) };

    public Guid Next()
    {
        ulong index = (ulong)Interlocked.Increment(ref _count);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Mix(index * 2));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Mix((index * 2) + 1));

        // The form of a random UUID: version 4, variant 1.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private ulong Mix(ulong index)
    {
        unchecked
        {
            ulong z = ((ulong)seed << 32) + (index * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
