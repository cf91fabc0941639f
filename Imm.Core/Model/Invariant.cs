using System.Diagnostics.CodeAnalysis;

namespace Imm.Core.Model;

/// <summary>What must be true inside the library, checked in every build: a wrong answer costs more than the check.</summary>
internal static class Invariant
{
    /// <exception cref="InvalidOperationException">The condition is false: a defect of this library, or memory gone bad.</exception>
    public static void Holds([DoesNotReturnIf(false)] bool condition, string truth)
    {
        if (!condition)
        {
            Fail(truth);
        }
    }

    [DoesNotReturn]
    private static void Fail(string truth) => throw new InvalidOperationException($"Imm.Core broke its own rule: {truth}.");
}
