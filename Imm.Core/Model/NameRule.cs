using System.Buffers;
using System.Globalization;

namespace Imm.Core.Model;

/// <summary>The rule for the names of projects and datasets.</summary>
internal static class NameRule
{
    public const int MaxLength = 128;

    private static readonly SearchValues<char> Allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    /// <summary>True if a text is a name.</summary>
    public static bool Holds(ReadOnlySpan<char> text) =>
        text.Length is >= 1 and <= MaxLength
        && (char.IsAsciiLetter(text[0]) || text[0] == '_')
        && !text.ContainsAnyExcept(Allowed);

    /// <summary>Checks the names of a project and of a dataset in it.</summary>
    public static ImmRefusal? CheckNames(string? projectName, string? datasetName) =>
        Check("ProjectName", projectName) ?? Check("DatasetName", datasetName);

    /// <summary>Checks a parameter that is a name.</summary>
    public static ImmRefusal? Check(string parameter, string? text) =>
        string.IsNullOrEmpty(text) ? ImmRefusal.Missing(parameter)
        : Holds(text) ? null
        : ImmRefusal.Invalid(parameter, Describe(text));

    /// <summary>Describes the part of the rule that a text breaks, as the rest of a sentence.</summary>
    public static string Describe(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return "it is empty; a name has 1 to 128 characters.";
        }

        if (text.Length > MaxLength)
        {
            return string.Create(CultureInfo.InvariantCulture, $"it has {text.Length} characters; a name has 1 to 128.");
        }

        int bad = text.IndexOfAnyExcept(Allowed);
        return bad >= 0
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"the character U+{(int)text[bad]:X4} at position {bad} is not an ASCII letter, a digit, '-' or '_'.")
            : $"it starts with '{text[0]}'; a name starts with an ASCII letter or '_'.";
    }
}
