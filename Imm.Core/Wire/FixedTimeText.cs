using System.Security.Cryptography;
using System.Text;

namespace Imm.Core.Wire;

/// <summary>
/// A text that a caller must not learn, such as the right signature. It can only be compared in a time that does not depend on where the
/// texts differ: a ref struct without operators has no other comparison.
/// </summary>
internal readonly ref struct FixedTimeText(string text)
{
    private readonly string _text = text;

    public bool Matches(string given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(_text), Encoding.UTF8.GetBytes(given));
}
