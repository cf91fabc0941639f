using FsCheck;
using FsCheck.Fluent;

namespace Imm.Core.Tests.Model;

/// <summary>Random texts, many of them just inside or just outside the rules.</summary>
internal static class Generators
{
    private const string NameCharacters = "abzABZ019-_";

    private static readonly string[] Strangers =
    [
        "", ".", " ", "\0", "\t", "/", ":", "@", "[", "`", "{", "\u00e4", "\u0430", "\u017f", "\u212a", "\uff21", "\u0660", "\u200d",
        "\U0001F4F7", "\ud83d", "\udcf7",
    ];

    /// <summary>Characters of one and of two UTF-16 units, of every sort that a check could take for something else.</summary>
    private static readonly string[] Scalars =
    [
        "a", "Z", "0", " ", "\0", "\n", "\u0085", "\u00a0", "\u00e4", "\u0301", "\u200b", "\u2028", "\ud7ff", "\ue000", "\ufeff",
        "\ufffd", "\uffff", "\U00010000", "\U0001F4F7", "\U0010FFFF",
    ];

    /// <summary>Well-formed names, of few letters so that they collide.</summary>
    public static Gen<string> ProjectName { get; } =
        from first in Gen.Elements("abAB_".ToCharArray())
        from rest in Gen.Resize(Gen.ListOf(Gen.Elements(NameCharacters.ToCharArray())), 4)
        select first + string.Concat(rest);

    /// <summary>Texts that are names, or nearly.</summary>
    public static Gen<string> NameLike { get; } =
        from length in Gen.Frequency((6, Gen.Choose(0, 4)), (1, Gen.Choose(126, 130)))
        from characters in Gen.ArrayOf(Gen.Elements(NameCharacters.ToCharArray()), length)
        from stranger in Gen.Frequency((2, Gen.Constant("")), (1, Gen.Elements(Strangers)))
        from at in Gen.Choose(0, length)
        select new string(characters).Insert(at, stranger);

    /// <summary>Texts without lone surrogates whose length in characters is small or about a maximum.</summary>
    public static Gen<string> Text(int maximum) =>
        from length in Gen.Frequency((2, Gen.Choose(0, 3)), (3, Gen.Choose(maximum - 1, maximum + 1)))
        from characters in Gen.OneOf(
            Gen.ArrayOf(Gen.Elements(Scalars), length),
            Gen.Elements(Scalars).Select(one => Enumerable.Repeat(one, length).ToArray()))
        select string.Concat(characters);

    /// <summary>Texts of which some hold a surrogate without its partner.</summary>
    public static Gen<string> Utf16(int maximum) =>
        from text in Text(maximum)
        from stranger in Gen.Frequency((3, Gen.Constant("")), (1, Gen.Elements("\ud83d", "\udcf7", "\udcf7\ud83d", "\ud83da")))
        from at in Gen.Choose(0, text.Length)
        select text.Insert(at, stranger);
}
