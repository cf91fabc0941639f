using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Imm.Core.Json;

/// <summary>
/// Reads JSON from a stream, token by token or a value at a time. It holds the token or value that is being read, and not the text.
/// </summary>
/// <param name="stream">The stream, UTF-8 with or without a byte order mark.</param>
/// <param name="subject">The noun for the document in messages.</param>
internal sealed class JsonStreamReader(Stream stream, string subject)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _isAtEnd;
    private bool _hasBegun;
    private JsonReaderState _state;

    private delegate bool Reading<T>(ref Utf8JsonReader reader, [MaybeNullWhen(false)] out T value);

    /// <summary>Reads the next token; null at the end of the text.</summary>
    /// <exception cref="FormatException">The text is not JSON.</exception>
    public JsonTokenType? Next() => TryRead(
        static (ref reader, out type) =>
        {
            bool isRead = reader.Read();
            type = reader.TokenType;
            return isRead;
        },
        "",
        out JsonTokenType token) ? token : null;

    /// <summary>Reads the name of the next field of an object; null at its end.</summary>
    /// <param name="place">The place of the object.</param>
    /// <exception cref="FormatException">The text is not JSON.</exception>
    public string? NextField(DocumentPlace place)
    {
        string? name = null;
        Require(TryRead(
            static (ref reader, out text) =>
            {
                text = null;
                if (!reader.Read())
                {
                    return false;
                }

                text = reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
                return true;
            },
            place.Path,
            out name));
        return name;
    }

    /// <summary>Reads the next value as a whole; null for null, and at the end of an array.</summary>
    /// <param name="type">The type of the value.</param>
    /// <param name="path">The JSON path of the value.</param>
    /// <param name="isEnd">True if an array ended where a value could have been.</param>
    /// <exception cref="FormatException">The text is not JSON, or not such a value.</exception>
    public T? NextValue<T>(JsonTypeInfo<T> type, string path, out bool isEnd)
    {
        Require(TryRead(
            (ref reader, out read) =>
            {
                read = default;
                if (!reader.Read())
                {
                    return false;
                }

                if (reader.TokenType == JsonTokenType.EndArray)
                {
                    read = (default, true);
                    return true;
                }

                Utf8JsonReader value = reader;
                if (!reader.TrySkip())
                {
                    return false;
                }

                read = (JsonSerializer.Deserialize(ref value, type), false);
                return true;
            },
            path,
            out (T? Value, bool IsEnd) found));
        isEnd = found.IsEnd;
        return found.Value;
    }

    /// <summary>Makes the exception for a text that is JSON, but not of the right form.</summary>
    public FormatException Wrong(string problem) => new($"The text is not the JSON of a {subject}. {problem}");

    private void Require(bool isRead)
    {
        if (!isRead)
        {
            throw Wrong("It ends too early.");
        }
    }

    /// <summary>Reads something from the buffer, after reading on where it is not there as a whole; false at the end of the text.</summary>
    private bool TryRead<T>(Reading<T> reading, string path, [MaybeNullWhen(false)] out T value)
    {
        while (true)
        {
            if (_hasBegun || Begin())
            {
                var reader = new Utf8JsonReader(_buffer.AsSpan(_start, _end - _start), _isAtEnd, _state);
                try
                {
                    if (reading(ref reader, out value))
                    {
                        _start += (int)reader.BytesConsumed;
                        _state = reader.CurrentState;
                        return true;
                    }
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException)
                {
                    // The operation is invalid where a text is not UTF-8, or holds a lone surrogate.
                    throw new FormatException(
                        $"The text is not the JSON of a {subject}. {(path.Length > 0 ? $"At {path}: " : "")}{e.Message}", e);
                }
            }

            if (_isAtEnd)
            {
                value = default;
                return false;
            }

            Fill();
        }
    }

    /// <summary>Skips a byte order mark, once it can be told.</summary>
    private bool Begin()
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (_end < mark.Length && !_isAtEnd)
        {
            return false;
        }

        _start = _buffer.AsSpan(0, _end).StartsWith(mark) ? mark.Length : 0;
        return _hasBegun = true;
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, checked(2 * _buffer.Length));
        }

        // Whole buffers: what is not there as a whole is read again from its beginning, and a stream may give little at once.
        _end += stream.ReadAtLeast(_buffer.AsSpan(_end), _buffer.Length - _end, throwOnEndOfStream: false);
        _isAtEnd = _end < _buffer.Length;
    }
}
