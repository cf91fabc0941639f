using System.Buffers.Binary;

namespace Imm.Core.Testing;

/// <summary>
/// Ids that follow from a seed and their place in the order of asking: SplitMix64, which is the same on every platform and in every version.
/// Thread-safe.
/// </summary>
internal sealed class RequestIds(int seed)
{
    private long _asked;

    /// <summary>The same ids from here on.</summary>
    public RequestIds Copy() => new(seed) { _asked = Volatile.Read(ref _asked) };

    public Guid Next()
    {
        ulong place = (ulong)Interlocked.Increment(ref _asked);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Mix(place * 2));
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Mix((place * 2) + 1));

        // A random UUID by its looks: version 4, variant 1.
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x40);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private ulong Mix(ulong place)
    {
        unchecked
        {
            ulong z = ((ulong)seed << 32) + (place * 0x9E3779B97F4A7C15);
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
