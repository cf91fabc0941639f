using System.Diagnostics.CodeAnalysis;

namespace Imm.Core;

/// <summary>The result of an operation whose refusal is a value: an answer, or an <see cref="ImmRefusal"/>.</summary>
/// <typeparam name="TAnswer">The type of the answer.</typeparam>
/// <remarks>Immutable and thread-safe. The default value is not a result: it has neither an answer nor a refusal.</remarks>
public readonly struct ImmOutcome<TAnswer>
{
    private readonly TAnswer? _answer;

    internal ImmOutcome(TAnswer answer) => _answer = answer;

    internal ImmOutcome(ImmRefusal refusal) => Refusal = refusal;

    /// <summary>The reason why there is no answer; null where there is one.</summary>
    public ImmRefusal? Refusal { get; }

    /// <summary>Gets the answer or the refusal.</summary>
    /// <param name="answer">The answer; the default value where the operation was refused.</param>
    /// <param name="refusal">The refusal; null where there is an answer.</param>
    /// <returns>True if there is an answer.</returns>
    public bool TryGetAnswer([MaybeNullWhen(false)] out TAnswer answer, [NotNullWhen(false)] out ImmRefusal? refusal)
    {
        (answer, refusal) = (_answer, Refusal);
        return refusal is null;
    }

    /// <summary>Gets the answer, or throws the refusal.</summary>
    /// <exception cref="ImmException">The operation was refused.</exception>
    public TAnswer OrThrow() => Refusal is null ? _answer! : throw Refusal.ToException();
}
