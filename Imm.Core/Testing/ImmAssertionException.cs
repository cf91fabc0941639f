namespace Imm.Core.Testing;

/// <summary>
/// An assertion about the calls of a fixture that failed. Every test framework shows its message: what was expected and what came.
/// </summary>
public sealed class ImmAssertionException : Exception
{
    internal ImmAssertionException(string message)
        : base(message)
    {
    }
}
