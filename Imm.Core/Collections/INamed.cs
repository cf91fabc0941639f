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
