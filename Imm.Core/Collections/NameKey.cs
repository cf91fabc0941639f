using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Imm.Core.Collections;

/// <summary>
/// The key of a name in a table: its hash and, where the name is short, all its characters. Names that are not whole in their keys can
/// differ although their keys are equal.
/// </summary>
/// <remarks>Not aligned: an entry of a key and a number is to have no gap.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = sizeof(uint))]
internal readonly struct NameKey : IEquatable<NameKey>
{
    /// <summary>The length of the longest name that is whole in its key.</summary>
    public const int MaxWholeLength = Size - 1;

    private const int Size = 5 * sizeof(ulong);
    private const byte NotWhole = byte.MaxValue;

    private readonly uint _hash;
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly ulong _third;
    private readonly ulong _fourth;
    private readonly ulong _last;

    /// <param name="name">Any text: a search can be for a text that is not a name.</param>
    /// <param name="hash">Its hash.</param>
    public NameKey(string name, uint hash)
    {
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

        this = new NameKey(hash, text);
    }

    /// <param name="name">The ASCII characters of a name.</param>
    /// <param name="hash">Its hash.</param>
    public NameKey(ReadOnlySpan<byte> name, uint hash)
    {
        Span<byte> text = stackalloc byte[Size];
        bool isWhole = name.Length <= MaxWholeLength;
        if (isWhole)
        {
            name.CopyTo(text);
        }

        text[MaxWholeLength] = isWhole ? (byte)name.Length : NotWhole;
        this = new NameKey(hash, text);
    }

    private NameKey(uint hash, ReadOnlySpan<byte> text)
    {
        _hash = hash;
        _first = BinaryPrimitives.ReadUInt64LittleEndian(text);
        _second = BinaryPrimitives.ReadUInt64LittleEndian(text[sizeof(ulong)..]);
        _third = BinaryPrimitives.ReadUInt64LittleEndian(text[(2 * sizeof(ulong))..]);
        _fourth = BinaryPrimitives.ReadUInt64LittleEndian(text[(3 * sizeof(ulong))..]);
        _last = BinaryPrimitives.ReadUInt64LittleEndian(text[(4 * sizeof(ulong))..]);
    }

    public uint Hash => _hash;

    /// <summary>True if equal keys mean equal names.</summary>
    public bool IsWhole => _last >> 56 != NotWhole;

    public bool Equals(NameKey other) => _hash == other._hash
        && ((_first ^ other._first) | (_second ^ other._second) | (_third ^ other._third) | (_fourth ^ other._fourth)
            | (_last ^ other._last)) == 0;

    public override bool Equals(object? obj) => obj is NameKey other && Equals(other);

    public override int GetHashCode() => unchecked((int)_hash);
}
