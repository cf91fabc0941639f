namespace Imm.Core.Storage;

/// <summary>
/// Values that were decoded last, by their bytes, so that equal ones are one object: most records of a scope have the same few texts and
/// tags. Not thread-safe.
/// </summary>
internal sealed class SharedValues<T> where T : class
{
    private const int Size = 256;

    /// <summary>The length in bytes up to which a value is kept. Longer ones are seldom equal.</summary>
    private const int MaxLength = 256;

    private readonly Entry[] _entries = new Entry[Size];
    private T? _notKept;

    /// <summary>Finds the place of the value of some bytes. It holds null if the value is not known, and takes it then.</summary>
    public ref T? Slot(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxLength)
        {
            _notKept = null;
            return ref _notKept;
        }

        ref Entry entry = ref _entries[Checksum.Of(bytes) % Size];
        if (!entry.Bytes.AsSpan(0, entry.Length).SequenceEqual(bytes))
        {
            entry.Value = null;
            entry.Length = bytes.Length;
            if (entry.Bytes is null || entry.Bytes.Length < bytes.Length)
            {
                entry.Bytes = new byte[bytes.Length];
            }

            bytes.CopyTo(entry.Bytes);
        }

        return ref entry.Value;
    }

    private struct Entry
    {
        public byte[]? Bytes;
        public int Length;
        public T? Value;
    }
}
