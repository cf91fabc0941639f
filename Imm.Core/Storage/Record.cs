using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// An entry of the store, last value wins: a kind, a key, and the packed value, or that it is gone.
/// </summary>
/// <param name="Kind">The kind.</param>
/// <param name="Key">The key, unique in its kind.</param>
/// <param name="Value">
/// The packed value, which is never empty; empty where it is gone. It may be part of a buffer that is used again later.
/// </param>
/// <param name="IsNew">Whether it is known that there was none of the key before; LiteDB inserts faster than it looks whether to.</param>
internal readonly record struct Record(ChangeKind Kind, long Key, ReadOnlyMemory<byte> Value, bool IsNew = false)
{
    public bool IsGone => Value.IsEmpty;
}

/// <summary>
/// The keys of records: the scope's number in the high bits, so that a scope is one range, and the number within the scope in the low ones.
/// </summary>
internal static class RecordKey
{
    private const int NumberBits = 40;

    public const long MaxNumber = ScopeState.MaxNumber;
    public const int MaxScope = (1 << (63 - NumberBits)) - 1;

    public static long Of(int scope, long number)
    {
        Invariant.Holds(scope is > 0 and <= MaxScope && number is >= 0 and <= MaxNumber, "a record's key fits its bits");
        return ((long)scope << NumberBits) | number;
    }

    public static int Scope(long key) => (int)(key >> NumberBits);

    public static long Number(long key) => key & MaxNumber;
}
