using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Collections;

/// <summary>
/// What a table knows a name by: its hash and, where it is short, the whole name. Of two names that are not whole here, equal keys say no more
/// than that they may be the same.
/// </summary>
internal readonly struct NameKey : IEquatable<NameKey>
{
    /// <summary>The length of the longest name that is whole in its key; with its length and the hash it takes 24 bytes.</summary>
    public const int MaxWholeLength = Size - 1;

    private const int Size = (2 * sizeof(ulong)) + sizeof(uint);
    private const byte NotWhole = byte.MaxValue;

    private readonly ulong _first;
    private readonly ulong _second;
    private readonly uint _third;

    /// <param name="name">Any text: what is asked for need not be a name.</param>
    /// <param name="hash">Its hash.</param>
    public NameKey(string name, uint hash)
    {
        Hash = hash;
        Span<byte> text = stackalloc byte[Size];
        if (name.Length <= MaxWholeLength && Ascii.FromUtf16(name, text, out _) == OperationStatus.Done)
        {
            // With its length, text that has a null character is not taken for the name before it.
            text[MaxWholeLength] = (byte)name.Length;
        }
        else
        {
            text.Clear();
            text[MaxWholeLength] = NotWhole;
        }

        _first = BinaryPrimitives.ReadUInt64LittleEndian(text);
        _second = BinaryPrimitives.ReadUInt64LittleEndian(text[sizeof(ulong)..]);
        _third = BinaryPrimitives.ReadUInt32LittleEndian(text[(2 * sizeof(ulong))..]);
    }

    public uint Hash { get; }

    /// <summary>Whether two equal keys are those of one name.</summary>
    public bool IsWhole => _third >> 24 != NotWhole;

    public bool Equals(NameKey other) => Hash == other.Hash && _first == other._first && _second == other._second && _third == other._third;

    public override bool Equals(object? obj) => obj is NameKey other && Equals(other);

    public override int GetHashCode() => unchecked((int)Hash);
}
