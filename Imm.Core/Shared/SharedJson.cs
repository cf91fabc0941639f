using System.Diagnostics;
using System.Text.Json;
using Imm.Core.Json;
using Imm.Core.Storage;

namespace Imm.Core.Shared;

/// <summary>Reads JSON in one pass, without objects for its parts. A field that is read into no value must be skipped.</summary>
/// <remarks>Its methods throw a <see cref="JsonException"/> where the JSON is malformed or of another shape.</remarks>
/// <param name="json">The JSON, in UTF-8.</param>
internal ref struct SharedJson(ReadOnlySpan<byte> json)
{
    /// <summary>The number that <see cref="Ticks"/> gives for a text that is not a time.</summary>
    public const long NotATime = -1;

    /// <summary>A character takes at most so many bytes when it is escaped.</summary>
    private const int MaxTimeLength = 6 * WireTime.Length;

    private readonly ReadOnlySpan<byte> _json = json;
    private Utf8JsonReader _reader = new(json);

    /// <summary>Enters the object or array that comes next; false where there is null instead.</summary>
    public bool Enter(JsonTokenType start)
    {
        Debug.Assert(start is JsonTokenType.StartObject or JsonTokenType.StartArray);
        Read();
        if (_reader.TokenType != JsonTokenType.Null)
        {
            Expect(start);
            return true;
        }

        return false;
    }

    /// <summary>Goes on to the next field of the object; false where the object ends.</summary>
    public bool NextField()
    {
        Read();
        return _reader.TokenType == JsonTokenType.PropertyName;
    }

    /// <summary>Enters the next object of the array; false where the array ends.</summary>
    /// <param name="isNull">True if the entry is null instead of an object.</param>
    public bool NextEntry(out bool isNull)
    {
        Read();
        isNull = _reader.TokenType == JsonTokenType.Null;
        if (!isNull && _reader.TokenType != JsonTokenType.EndArray)
        {
            Expect(JsonTokenType.StartObject);
            return true;
        }

        return isNull;
    }

    /// <summary>Checks that nothing follows.</summary>
    public void End() => _reader.Read();

    /// <summary>True if the field has a name.</summary>
    public readonly bool Is(ReadOnlySpan<byte> name) => _reader.ValueTextEquals(name);

    /// <inheritdoc cref="Is(ReadOnlySpan{byte})"/>
    public readonly bool Is(string name) => _reader.ValueTextEquals(name);

    /// <summary>Skips the value that comes next.</summary>
    public void Skip()
    {
        Read();
        _reader.Skip();
    }

    /// <summary>Skips the value that comes next, and gives its JSON.</summary>
    public ReadOnlySpan<byte> Raw()
    {
        Read();
        int start = (int)_reader.TokenStartIndex;
        _reader.Skip();
        return _json[start..(int)_reader.BytesConsumed];
    }

    /// <summary>Reads a text; null for null.</summary>
    /// <param name="shared">The texts that were read before, of which equal ones are one object; null for none.</param>
    public string? Text(SharedValues<string>? shared = null)
    {
        if (!TryRead(JsonTokenType.String))
        {
            return null;
        }

        if (shared is null)
        {
            return Text();
        }

        ref string? known = ref shared.Slot(_reader.ValueSpan);
        return known ??= SharedRecords.Unescape(Text());
    }

    /// <summary>Reads a text that holds a time, in ticks of UTC; null for null.</summary>
    public long? Ticks()
    {
        if (!TryRead(JsonTokenType.String))
        {
            return null;
        }

        Span<char> text = stackalloc char[MaxTimeLength];
        try
        {
            return _reader.ValueSpan.Length <= text.Length && WireTime.TryRead(text[.._reader.CopyString(text)], out long ticks)
                ? ticks : NotATime;
        }
        catch (InvalidOperationException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>Reads a whole number; null for null.</summary>
    public long? Number() =>
        !TryRead(JsonTokenType.Number) ? null
        : _reader.TryGetInt64(out long number) ? number
        : throw new JsonException("A number is not whole, or too great.");

    /// <summary>Reads a flag; null for null.</summary>
    public bool? Flag()
    {
        Read();
        return _reader.TokenType switch
        {
            JsonTokenType.Null => null,
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => throw Unexpected("true or false"),
        };
    }

    private readonly string Text()
    {
        try
        {
            return _reader.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            // Half of a surrogate pair, or bytes that are not UTF-8.
            throw new JsonException(e.Message, e);
        }
    }

    private bool TryRead(JsonTokenType type)
    {
        Read();
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return false;
        }

        Expect(type);
        return true;
    }

    private void Read() => _reader.Read();

    private readonly void Expect(JsonTokenType type)
    {
        if (_reader.TokenType != type)
        {
            throw Unexpected(type.ToString());
        }
    }

    private readonly JsonException Unexpected(string expected) =>
        new($"There is a {_reader.TokenType} instead of {expected} at byte {_reader.TokenStartIndex}.");
}
