using System.Buffers;
using System.Text;

namespace Imm.Core.Model;

/// <summary>Counts texts as the service does: in Unicode scalar values, of which a lone surrogate is not one.</summary>
internal static class UnicodeText
{
    /// <summary>Counts the scalar values of a text; false where it holds a lone surrogate.</summary>
    public static bool TryCount(ReadOnlySpan<char> text, out int count)
    {
        if (Ascii.IsValid(text))
        {
            count = text.Length;
            return true;
        }

        count = 0;
        while (!text.IsEmpty)
        {
            if (Rune.DecodeFromUtf16(text, out _, out int consumed) != OperationStatus.Done)
            {
                return false;
            }

            text = text[consumed..];
            count++;
        }

        return true;
    }

    /// <summary>Checks that a text has no lone surrogate and at most so many scalar values.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="what">What the text is, which is formatted only where the text is refused.</param>
    /// <param name="text">The text.</param>
    /// <param name="maximum">The number of scalar values that there may be.</param>
    public static ImmRefusal? Check<T>(string parameter, T what, ReadOnlySpan<char> text, int maximum) =>
        !TryCount(text, out int count)
            ? ImmRefusal.Invalid(parameter, $"{what} holds a surrogate without its partner, which is no character.")
        : count > maximum ? ImmRefusal.Invalid(parameter, $"{what} has {count} characters; at most {maximum} are allowed.")
        : null;
}
