namespace Imm.Core.Testing;

/// <summary>What a test expected of the calls did not come true; the message says what was expected and what came. Every test framework shows it.</summary>
public sealed class ImmAssertionException : Exception
{
    internal ImmAssertionException(string message)
        : base(message)
    {
    }
}
