using System.Numerics;
using System.Runtime.InteropServices;

namespace Imm.Core.Storage;

/// <summary>CRC-32C (Castagnoli), the checksum of pages, headers, frames and records.</summary>
internal static class Checksum
{
    /// <summary>Computes the checksum of bytes that follow those of which <paramref name="seed"/> is the checksum.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes, uint seed = 0)
    {
        uint crc = ~seed;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (byte b in bytes[(bytes.Length & ~7)..])
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return ~crc;
    }
}
