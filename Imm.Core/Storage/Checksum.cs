using System.Numerics;
using System.Runtime.InteropServices;

namespace Imm.Core.Storage;

/// <summary>CRC-32C (Castagnoli), the checksum of everything that a store keeps.</summary>
internal static class Checksum
{
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
