using System.Diagnostics.CodeAnalysis;
using Imm.Core.Model;

namespace Imm.Core.Commit;

/// <summary>The result of an operation as a value: an answer or a refusal.</summary>
internal readonly struct Outcome<TAnswer>
{
    private readonly TAnswer? _answer;

    public Outcome(TAnswer answer) => _answer = answer;

    public Outcome(Refusal refusal) => Refusal = refusal;

    /// <summary>The reason why there is no answer; null where there is one.</summary>
    public Refusal? Refusal { get; }

    /// <summary>Gives the answer or the refusal.</summary>
    public bool TryGetAnswer([MaybeNullWhen(false)] out TAnswer answer, [NotNullWhen(false)] out Refusal? refusal)
    {
        (answer, refusal) = (_answer, Refusal);
        return refusal is null;
    }

    /// <summary>Gives the answer, or throws the refusal.</summary>
    public TAnswer OrThrow() => Refusal is null ? _answer! : throw Refusal.ToException();
}
