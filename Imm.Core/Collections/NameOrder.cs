namespace Imm.Core.Collections;

/// <summary>Sorts objects in ordinal order of their names.</summary>
internal static class NameOrder
{
    private const int CharsOfKey = sizeof(ulong) / sizeof(char);

    /// <summary>The number of objects up to which comparing names costs less than making keys.</summary>
    private const int MaxCompared = 16;

    /// <summary>The number of characters up to which keys are made, so that texts of whatever kind end the recursion.</summary>
    private const int MaxKeyed = 256;

    /// <summary>Sorts objects.</summary>
    /// <remarks>
    /// Next characters that make a number are compared without a call and without reading the names again. Objects of which they are equal
    /// are sorted by those that follow.
    /// </remarks>
    public static void Sort(Span<INamed> items) => Sort(items, items.Length <= MaxCompared ? [] : new ulong[items.Length], 0);

    private static void Sort(Span<INamed> items, Span<ulong> keys, int start)
    {
        if (items.Length <= MaxCompared || start >= MaxKeyed)
        {
            items.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return;
        }

        for (int i = 0; i < items.Length; i++)
        {
            keys[i] = KeyOf(items[i].Name, start);
        }

        keys.Sort(items);
        for (int from = 0; from < keys.Length;)
        {
            int to = from + 1;
            while (to < keys.Length && keys[to] == keys[from])
            {
                to++;
            }

            if (to - from > 1)
            {
                Sort(items[from..to], keys[from..to], start + CharsOfKey);
            }

            from = to;
        }
    }

    private static ulong KeyOf(string name, int start)
    {
        ulong key = 0;
        for (int i = start; i < start + CharsOfKey; i++)
        {
            key = (key << 16) | (i < name.Length ? name[i] : '\0');
        }

        return key;
    }
}
