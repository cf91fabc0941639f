using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json.Serialization;
using Imm.Core.Model;

namespace Imm.Core;

/// <summary>
/// The name of a project: 1 to 128 (both inclusive) of the ASCII letters, digits, hyphen and underscore. The first is a letter or an
/// underscore.
/// </summary>
/// <remarks>
/// Equality and order are ordinal: <c>Abc</c> and <c>abc</c> are two names. A name is equal to the text that it is, from either side, and
/// has its hash code; where it is compared as an <see cref="object"/>, it is equal to names only. Immutable and thread-safe. The rule is
/// the vendor's, of the parameter ProjectName of CreateProject.
/// </remarks>
[JsonConverter(typeof(ImmJsonConverter))]
public sealed class ProjectName : IEquatable<ProjectName>, IEquatable<string>, IComparable<ProjectName>, ISpanParsable<ProjectName>
{
    /// <summary>The greatest number of characters in a name: 128.</summary>
    public const int MaxLength = NameRule.MaxLength;

    private ProjectName(string value) => Value = value;

    /// <summary>The name as text.</summary>
    public string Value { get; }

    /// <summary>Parses a name.</summary>
    /// <param name="value">The text; it is taken as it is, without trimming.</param>
    /// <exception cref="ArgumentNullException"><paramref name="value"/> is null.</exception>
    /// <exception cref="FormatException"><paramref name="value"/> is not a name.</exception>
    public static ProjectName Parse(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return TryParse(value, out ProjectName? name) ? name : throw NotAName(value);
    }

    /// <summary>Parses a name.</summary>
    /// <param name="value">The text; it is taken as it is, without trimming.</param>
    /// <exception cref="FormatException"><paramref name="value"/> is not a name.</exception>
    public static ProjectName Parse(ReadOnlySpan<char> value) =>
        TryParse(value, out ProjectName? name) ? name : throw NotAName(value);

    /// <summary>Parses a name. A failure allocates nothing.</summary>
    /// <param name="value">The text; it is taken as it is, without trimming.</param>
    /// <param name="name">The name; null where the text is not one.</param>
    /// <returns>True if the text is a name.</returns>
    public static bool TryParse(ReadOnlySpan<char> value, [NotNullWhen(true)] out ProjectName? name)
    {
        name = NameRule.Holds(value) ? new ProjectName(value.ToString()) : null;
        return name is not null;
    }

    /// <inheritdoc cref="TryParse(ReadOnlySpan{char}, out ProjectName?)"/>
    public static bool TryParse([NotNullWhen(true)] string? value, [NotNullWhen(true)] out ProjectName? name)
    {
        name = NameRule.Holds(value) ? new ProjectName(value!) : null;
        return name is not null;
    }

    /// <summary>Makes the name of a text that is known to be one.</summary>
    internal static ProjectName Trusted(string value)
    {
        Debug.Assert(NameRule.Holds(value));
        return new ProjectName(value);
    }

    /// <summary>Gives the name as text; null for null. No text converts to a name: that takes <see cref="Parse(string)"/>.</summary>
    /// <param name="name">The name.</param>
    [return: NotNullIfNotNull(nameof(name))]
    public static implicit operator string?(ProjectName? name) => name?.Value;

    /// <summary>True if two names are equal, character for character.</summary>
    public static bool operator ==(ProjectName? left, ProjectName? right) => left is null ? right is null : left.Equals(right);

    /// <summary>True if two names differ.</summary>
    public static bool operator !=(ProjectName? left, ProjectName? right) => !(left == right);

    /// <summary>True if the left name comes before the right one in ordinal order; null comes first.</summary>
    public static bool operator <(ProjectName? left, ProjectName? right) => Compare(left, right) < 0;

    /// <summary>True if the left name comes before the right one in ordinal order, or is equal; null comes first.</summary>
    public static bool operator <=(ProjectName? left, ProjectName? right) => Compare(left, right) <= 0;

    /// <summary>True if the left name comes after the right one in ordinal order; null comes first.</summary>
    public static bool operator >(ProjectName? left, ProjectName? right) => Compare(left, right) > 0;

    /// <summary>True if the left name comes after the right one in ordinal order, or is equal; null comes first.</summary>
    public static bool operator >=(ProjectName? left, ProjectName? right) => Compare(left, right) >= 0;

    /// <inheritdoc/>
    [OverloadResolutionPriority(1)] // So that Equals(null) means one of the two overloads.
    public bool Equals([NotNullWhen(true)] ProjectName? other) =>
        other is not null && string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <summary>True if the name is the text, character for character.</summary>
    /// <param name="other">The text; null is no name.</param>
    public bool Equals([NotNullWhen(true)] string? other) => string.Equals(Value, other, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => Equals(obj as ProjectName);

    /// <inheritdoc/>
    public override int GetHashCode() => string.GetHashCode(Value, StringComparison.Ordinal);

    /// <summary>Compares in ordinal order; null comes first.</summary>
    public int CompareTo(ProjectName? other) => string.CompareOrdinal(Value, other?.Value);

    /// <summary>The name as text.</summary>
    public override string ToString() => Value;

    static ProjectName IParsable<ProjectName>.Parse(string s, IFormatProvider? provider) => Parse(s);

    static ProjectName ISpanParsable<ProjectName>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s);

    static bool IParsable<ProjectName>.TryParse(
        [NotNullWhen(true)] string? s, IFormatProvider? provider, [MaybeNullWhen(false)] out ProjectName result) =>
        TryParse(s, out result);

    static bool ISpanParsable<ProjectName>.TryParse(
        ReadOnlySpan<char> s, IFormatProvider? provider, [MaybeNullWhen(false)] out ProjectName result) =>
        TryParse(s, out result);

    private static FormatException NotAName(ReadOnlySpan<char> value) => new($"The text is not a project name: {NameRule.Describe(value)}");

    private static int Compare(ProjectName? left, ProjectName? right) => string.CompareOrdinal(left?.Value, right?.Value);
}
