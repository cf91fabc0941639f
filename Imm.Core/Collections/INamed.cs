namespace Imm.Core.Collections;

/// <summary>An object that a collection finds by its name. The name of an object never changes.</summary>
internal interface INamed
{
    string Name { get; }

    /// <summary>
    /// Writes what the object has beside its name, and does not share with many others, so that the unpacker makes an equal object of it.
    /// </summary>
    /// <param name="bytes">Takes the bytes.</param>
    /// <param name="length">The number of bytes written.</param>
    /// <returns>The unpacker; null where the object has more than fits, or is to be kept as it is.</returns>
    IUnpacker? Pack(Span<byte> bytes, out int length)
    {
        length = 0;
        return null;
    }
}

/// <summary>Makes objects of their bytes. Shared by many objects, with what they have in common.</summary>
internal interface IUnpacker
{
    /// <summary>Makes an object.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">The bytes that <see cref="INamed.Pack"/> has written, and others behind them.</param>
    INamed Unpack(string name, ReadOnlySpan<byte> bytes);
}
