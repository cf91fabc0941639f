using Imm.Core.Collections;

namespace Imm.Core.Tests.Model;

/// <summary>An object of which half can be packed.</summary>
internal sealed class Thing(string name) : INamed
{
    public string Name { get; } = name;

    public IUnpacker? Pack(Span<byte> bytes, out int length)
    {
        length = 1;
        return Name.Length > 0 && Name[^1] % 2 == 0 && !bytes.IsEmpty ? Things.Pack(this, out bytes[0]) : null;
    }

    /// <summary>Packs things as their numbers, so that what is unpacked is the same object.</summary>
    private sealed class Things : IUnpacker
    {
        [ThreadStatic]
        private static Things? _ofThread;

        private readonly List<Thing> _packed = [];

        public static Things Pack(Thing thing, out byte number)
        {
            if (_ofThread is null or { _packed.Count: 64 })
            {
                _ofThread = new Things();
            }

            number = (byte)_ofThread._packed.Count;
            _ofThread._packed.Add(thing);
            return _ofThread;
        }

        public INamed Unpack(string name, ReadOnlySpan<byte> bytes)
        {
            Thing thing = _packed[bytes[0]];
            return thing.Name == name ? thing : throw new InvalidOperationException("The bytes are those of another thing.");
        }
    }
}
