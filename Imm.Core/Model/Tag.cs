using System.Text.Json.Serialization;

namespace Imm.Core;

/// <summary>A tag: a key and a value that a user attaches to a project.</summary>
/// <remarks>
/// Equality is ordinal on both parts. Immutable and thread-safe. A tag holds any text. The rules for tags (a key of 1 to 128 characters, a
/// value of 0 to 128, reserved prefixes) are checked when a request with the tag is used, in their place among the other rules.
/// </remarks>
[JsonConverter(typeof(ImmJsonConverter))]
public sealed record Tag
{
    /// <summary>Makes a tag.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value; null is the empty value.</param>
    /// <exception cref="ArgumentNullException"><paramref name="key"/> is null.</exception>
    public Tag(string key, string? value = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        Key = key;
        Value = value ?? "";
    }

    /// <summary>The key.</summary>
    public string Key { get; }

    /// <summary>The value, never null.</summary>
    public string Value { get; }

    /// <summary>The tag as <c>key=value</c>.</summary>
    public override string ToString() => $"{Key}={Value}";
}
