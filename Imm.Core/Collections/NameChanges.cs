namespace Imm.Core.Collections;

/// <summary>
/// Changes of names that follow each other, shared by those who know the first of them and those who know more. What was written is never
/// overwritten: whoever adds another change after the same ones gets a copy.
/// </summary>
internal sealed class NameChanges(int capacity)
{
    /// <summary>
    /// The most changes. A search compares the hashes of all of them, which vector instructions do in about ten nanoseconds; the more there
    /// are, the fewer arrays grow old.
    /// </summary>
    public const int Max = 128;

    public static readonly NameChanges None = new(0);

    private const int MinCapacity = 4;

    private readonly uint[] _hashes = new uint[capacity];
    private readonly NameChange[] _changes = new NameChange[capacity];
    private int _count;
    private bool _isRead;

    /// <summary>True if an index with some of the changes was read in order.</summary>
    public bool IsRead => Volatile.Read(ref _isRead);

    public void MarkAsRead()
    {
        // All empty indexes share one.
        if (this != None)
        {
            Volatile.Write(ref _isRead, true);
        }
    }

    /// <summary>The first changes. They may be read, and made by reading, but not set.</summary>
    public Span<NameChange> First(int count) => _changes.AsSpan(0, count);

    public uint HashOf(int index) => _hashes[index];

    /// <summary>Finds the object of a name after the first changes; false where none of them is of the name.</summary>
    public bool TryFindAfter(string name, uint hash, int count, out INamed? after)
    {
        for (int at = count; (at = _hashes.AsSpan(0, at).LastIndexOf(hash)) >= 0;)
        {
            if (_changes[at].IsOf(name))
            {
                after = _changes[at].After.Read();
                return true;
            }
        }

        after = null;
        return false;
    }

    /// <summary>Finds the object of a name before the first changes; false where none of them is of the name.</summary>
    public bool TryFindBefore(string name, uint hash, int count, out INamed? before)
    {
        for (int from = 0, at; (at = _hashes.AsSpan(from, count - from).IndexOf(hash)) >= 0; from += at + 1)
        {
            if (_changes[from + at].IsOf(name))
            {
                before = _changes[from + at].Before;
                return true;
            }
        }

        before = null;
        return false;
    }

    /// <summary>Adds a change after the first ones.</summary>
    public NameChanges With(int count, in NameChange change, uint hash)
    {
        NameChanges to = this;
        if (count == _hashes.Length || Interlocked.CompareExchange(ref _count, count + 1, count) != count)
        {
            to = new NameChanges(Math.Min(Max, Math.Max(MinCapacity, 2 * count))) { _count = count + 1, _isRead = IsRead };
            Array.Copy(_hashes, to._hashes, count);
            for (int i = 0; i < count; i++)
            {
                to._changes[i] = _changes[i].Copy();
            }
        }

        to._hashes[count] = hash;
        to._changes[count] = change;
        return to;
    }
}
