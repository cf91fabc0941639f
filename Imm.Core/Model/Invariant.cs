using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Model;

/// <summary>Asserts invariants of the library in every build: a wrong answer costs more than the check.</summary>
internal static class Invariant
{
    /// <summary>Asserts a condition.</summary>
    /// <exception cref="InvalidOperationException">The condition is false: a defect of the library, or damaged memory.</exception>
    public static void Holds([DoesNotReturnIf(false)] bool condition, string truth)
    {
        if (!condition)
        {
            Fail(truth);
        }
    }

    [DoesNotReturn]
    private static void Fail(string truth) => throw new InvalidOperationException($"An invariant of Imm.Core is violated: {truth}.");
}
