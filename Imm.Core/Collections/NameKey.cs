using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Text;

namespace Imm.Core.Collections;

/// <summary>
/// The key of a name in a table: its hash and, where the name is short, all its characters. Names that are not whole in their keys can
/// differ although their keys are equal.
/// </summary>
internal readonly struct NameKey : IEquatable<NameKey>
{
    /// <summary>The length of the longest name that is whole in its key. With its length and hash it takes 48 bytes.</summary>
    public const int MaxWholeLength = Size - 1;

    private const int Size = FirstSize + sizeof(ulong) + sizeof(uint);
    private const int FirstSize = 32;
    private const byte NotWhole = byte.MaxValue;

    private readonly Vector256<byte> _first;
    private readonly ulong _second;
    private readonly uint _third;

    /// <param name="name">Any text: a search can be for a text that is not a name.</param>
    /// <param name="hash">Its hash.</param>
    public NameKey(string name, uint hash)
    {
        Hash = hash;
        Span<byte> text = stackalloc byte[Size];
        if (name.Length <= MaxWholeLength && Ascii.FromUtf16(name, text, out _) == OperationStatus.Done)
        {
            // The length tells a text that ends with a null character from the name without it.
            text[MaxWholeLength] = (byte)name.Length;
        }
        else
        {
            text.Clear();
            text[MaxWholeLength] = NotWhole;
        }

        _first = Vector256.Create((ReadOnlySpan<byte>)text);
        _second = BinaryPrimitives.ReadUInt64LittleEndian(text[FirstSize..]);
        _third = BinaryPrimitives.ReadUInt32LittleEndian(text[(FirstSize + sizeof(ulong))..]);
    }

    public uint Hash { get; }

    /// <summary>True if equal keys mean equal names.</summary>
    public bool IsWhole => _third >> 24 != NotWhole;

    public bool Equals(NameKey other) => Hash == other.Hash && _first == other._first && _second == other._second && _third == other._third;

    public override bool Equals(object? obj) => obj is NameKey other && Equals(other);

    public override int GetHashCode() => unchecked((int)Hash);
}
