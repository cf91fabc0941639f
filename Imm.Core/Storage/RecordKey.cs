using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// The keys of records: the number of the scope in the high bits, so that a scope is one range of keys, and a number within the scope in
/// the low 40 bits.
/// </summary>
internal static class RecordKey
{
    /// <summary>The greatest number within a scope.</summary>
    public const long MaxNumber = ScopeState.MaxNumber;

    /// <summary>The greatest number of a scope.</summary>
    public const int MaxScope = (1 << (63 - NumberBits)) - 1;

    private const int NumberBits = 40;

    public static long Of(int scope, long number)
    {
        Invariant.Holds(scope is > 0 and <= MaxScope && number is >= 0 and <= MaxNumber, "a record's key fits its bits");
        return ((long)scope << NumberBits) | number;
    }

    /// <summary>Returns the first and the last key that records of a scope can have.</summary>
    public static (long First, long Last) OfScope(int scope) => (Of(scope, 0), Of(scope, MaxNumber));

    public static int Scope(long key) => (int)(key >> NumberBits);

    public static long Number(long key) => key & MaxNumber;
}
