using Imm.Core.Collections;

namespace Imm.Core.Tests.Model;

/// <summary>An object that can be packed.</summary>
internal sealed class Packable(string name, IUnpacker? unpacker) : INamed
{
    public string Name => name;

    public IUnpacker? Pack(Span<byte> bytes, out int length)
    {
        length = 0;
        return unpacker;
    }

    /// <summary>Makes new objects, and does something when it has made the first one.</summary>
    internal sealed class Maker : IUnpacker
    {
        public Action? WhenMade { get; set; }

        public INamed Unpack(string name, ReadOnlySpan<byte> bytes)
        {
            Action? action = WhenMade;
            WhenMade = null;
            action?.Invoke();
            return new Packable(name, this);
        }
    }
}
