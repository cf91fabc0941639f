using System.Globalization;
using System.Text;

namespace Imm.Core.Access;

/// <summary>Texts of others in messages: in quotes, at most 64 characters, on one line.</summary>
internal static class RamText
{
    private const int MaxShown = 64;

    /// <summary>Names a statement of a policy.</summary>
    public static string At(string? policyName, int? statementIndex)
    {
        string policy = policyName is null ? "an unnamed policy" : $"the policy {Quote(policyName)}";
        return string.Create(CultureInfo.InvariantCulture, $"Statement {statementIndex} of {policy}");
    }

    public static string Quote(string text)
    {
        var shown = new StringBuilder("\"");
        int count = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (count++ == MaxShown)
            {
                shown.Append('…');
                break;
            }

            if (Rune.IsControl(rune))
            {
                shown.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:X4}");
            }
            else
            {
                shown.Append(rune);
            }
        }

        return shown.Append('"').ToString();
    }
}
