using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace Imm.Core.Collections;

/// <summary>The bytes of an object with a name, which stand for it until it is read for the first time; or none.</summary>
/// <remarks>
/// <para>
/// A garbage collection moves each object that outlives it, in most cases twice, and stops the program meanwhile. The bytes of many objects
/// are one array to it, which is pinned, and so neither moved nor looked for where an old object refers to it. The array is small: one
/// object that is left of it keeps no more than that.
/// </para>
/// <para>
/// Whoever holds the bytes has a reference beside them: to the object, or to the unpacker that makes it. The bytes are set before an
/// unpacker is, and removed after it was replaced, so that who finds an unpacker without bytes reads the reference again.
/// </para>
/// </remarks>
internal struct PackedBytes
{
    private const int BlockLength = 2048;

    /// <summary>The length up to which an object is packed. The text of a longer one is most of its cost.</summary>
    private const int MaxLength = 512;

    // The block that a thread fills. Whose objects are in it does not matter: what was written is never overwritten.
    [ThreadStatic]
    private static byte[]? _blockOfThread;

    [ThreadStatic]
    private static int _usedOfThread;

    private byte[]? _block;
    private int _offset;

    /// <summary>The ASCII characters of the name, of which there are bytes.</summary>
    public readonly ReadOnlySpan<byte> Name => _block.AsSpan(_offset + 1, _block![_offset]);

    private readonly ReadOnlySpan<byte> Rest => _block.AsSpan(_offset + 1 + _block![_offset]);

    /// <summary>Packs an object.</summary>
    /// <param name="item">The object.</param>
    /// <param name="bytes">Its bytes; none where it cannot be packed.</param>
    /// <returns>What the holder of the bytes refers to: the unpacker, or the object where it cannot be packed.</returns>
    public static object Pack(INamed item, out PackedBytes bytes)
    {
        while (item.Name.Length <= byte.MaxValue)
        {
            byte[] block = _blockOfThread ??= GC.AllocateUninitializedArray<byte>(BlockLength, pinned: true);
            int offset = _usedOfThread;
            Span<byte> free = block.AsSpan(offset, Math.Min(MaxLength, BlockLength - offset));
            if (free.Length > item.Name.Length
                && Ascii.FromUtf16(item.Name, free[1..], out int nameLength) == OperationStatus.Done
                && item.Pack(free[(1 + nameLength)..], out int length) is { } unpacker)
            {
                free[0] = (byte)nameLength;
                _usedOfThread = offset + 1 + nameLength + length;
                bytes = new PackedBytes { _block = block, _offset = offset };
                return unpacker;
            }

            if (free.Length == MaxLength)
            {
                break;
            }

            (_blockOfThread, _usedOfThread) = (null, 0);
        }

        bytes = default;
        return item;
    }

    /// <summary>Gets the object, which is made if it is packed; null where there is none. Thread-safe.</summary>
    /// <param name="item">What the holder of the bytes refers to.</param>
    /// <param name="bytes">The bytes.</param>
    public static INamed? Read(ref object? item, ref PackedBytes bytes)
    {
        while (true)
        {
            if (!TryCopy(ref item, ref bytes, out object? one, out PackedBytes packed))
            {
                return Unsafe.As<INamed?>(one);
            }

            INamed made = Unsafe.As<IUnpacker>(one)!.Unpack(Encoding.ASCII.GetString(packed.Name), packed.Rest);
            if (Interlocked.CompareExchange(ref item, made, one) == one)
            {
                bytes.Clear();
                return made;
            }
        }
    }

    /// <summary>Copies a reference and its bytes while others may read them; false where the object is not packed.</summary>
    public static bool TryCopy(ref object? item, ref PackedBytes bytes, out object? copy, out PackedBytes packed)
    {
        while (true)
        {
            copy = Volatile.Read(ref item);
            packed = default;
            if (copy is not IUnpacker)
            {
                return false;
            }

            packed = new PackedBytes { _block = Volatile.Read(ref bytes._block), _offset = bytes._offset };
            if (packed._block is not null)
            {
                return true;
            }
        }
    }

    /// <summary>True if the object has a name; false where there is none. Makes nothing. Thread-safe.</summary>
    /// <inheritdoc cref="Read" path="/param"/>
    public static bool IsNamed(ref object? item, ref PackedBytes bytes, string name) =>
        TryCopy(ref item, ref bytes, out object? one, out PackedBytes packed)
            ? Ascii.Equals(packed.Name, name)
            : one is not null && Unsafe.As<INamed>(one).Name == name;

    /// <summary>Removes the bytes, after the reference to the unpacker was replaced.</summary>
    public void Clear() => Volatile.Write(ref _block, null);
}
