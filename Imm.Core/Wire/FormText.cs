using System.Net;

namespace Imm.Core.Wire;

/// <summary>Reads the text of a query or a form: names and values, with '+' for a space and percent-encoded UTF-8.</summary>
internal static class FormText
{
    /// <summary>
    /// Adds the parameters of a text. Any text is accepted: a percent sign without two hex digits is kept, and bytes that are not UTF-8
    /// become U+FFFD.
    /// </summary>
    public static void Read(ReadOnlySpan<char> text, List<KeyValuePair<string, string>> parameters)
    {
        foreach (Range range in text.Split('&'))
        {
            ReadOnlySpan<char> pair = text[range];
            int equals = pair.IndexOf('=');
            string name = Decode(equals < 0 ? pair : pair[..equals]);
            if (name.Length > 0)
            {
                parameters.Add(new(name, equals < 0 ? "" : Decode(pair[(equals + 1)..])));
            }
        }
    }

    private static string Decode(ReadOnlySpan<char> text) => WebUtility.UrlDecode(text.ToString());
}
