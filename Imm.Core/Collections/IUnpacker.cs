namespace Imm.Core.Collections;

/// <summary>Makes objects of their bytes. Shared by many objects, with what they have in common.</summary>
internal interface IUnpacker
{
    /// <summary>Makes an object.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="bytes">The bytes that <see cref="INamed.Pack"/> has written, and others behind them.</param>
    INamed Unpack(string name, ReadOnlySpan<byte> bytes);
}
