using System.Runtime.CompilerServices;
using System.Text;

namespace Imm.Core.Collections;

/// <summary>
/// An object with a name, which may be packed; or none. Others may read it in place, and so make an object that is packed.
/// </summary>
internal struct NamedItem
{
    private object? _item;
    private PackedBytes _bytes;

    public NamedItem(INamed? item) => _item = item;

    /// <summary>True if there is an object.</summary>
    public bool IsSet => Volatile.Read(ref _item) is not null;

    /// <summary>True if there is an object, and it is packed.</summary>
    public bool IsPacked => Volatile.Read(ref _item) is IUnpacker;

    /// <summary>Packs an object, if it can be.</summary>
    public static NamedItem Pack(INamed item)
    {
        NamedItem packed = default;
        packed._item = PackedBytes.Pack(item, out packed._bytes);
        return packed;
    }

    /// <summary>Gets the object, which is made if it is packed; null where there is none.</summary>
    public INamed? Read() => PackedBytes.Read(ref _item, ref _bytes);

    /// <summary>Copies what the item refers to, and its bytes; false where it is not packed.</summary>
    public bool TryCopy(out object? item, out PackedBytes bytes) => PackedBytes.TryCopy(ref _item, ref _bytes, out item, out bytes);

    public NamedItem Copy()
    {
        NamedItem copy = default;
        TryCopy(out copy._item, out copy._bytes);
        return copy;
    }

    /// <summary>True if the object has a name; false where there is none.</summary>
    public bool IsNamed(string name) => PackedBytes.IsNamed(ref _item, ref _bytes, name);

    /// <summary>Gets the name of the object, of which there is one.</summary>
    public string Name() =>
        TryCopy(out object? item, out PackedBytes bytes) ? Encoding.ASCII.GetString(bytes.Name) : Unsafe.As<INamed>(item)!.Name;

    /// <summary>Makes the key of the name of the object, of which there is one.</summary>
    public NameKey KeyOf(uint hash) => TryCopy(out object? item, out PackedBytes bytes)
        ? new NameKey(bytes.Name, hash)
        : new NameKey(Unsafe.As<INamed>(item)!.Name, hash);
}
