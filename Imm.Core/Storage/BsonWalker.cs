using System.Buffers.Binary;
using System.Text;

namespace Imm.Core.Storage;

/// <summary>
/// Walks the fields of a document or array in BSON without a copy of anything. A document that is damaged is an
/// <see cref="InvalidDataException"/>.
/// </summary>
internal ref struct BsonWalker
{
    /// <summary>The length of the empty document in bytes.</summary>
    public const int MinLength = 5;

    public const byte Double = 0x01;
    public const byte Text = 0x02;
    public const byte Document = 0x03;
    public const byte Array = 0x04;
    public const byte Binary = 0x05;
    public const byte ObjectId = 0x07;
    public const byte Boolean = 0x08;
    public const byte Date = 0x09;
    public const byte Null = 0x0A;
    public const byte Int32 = 0x10;
    public const byte Timestamp = 0x11;
    public const byte Int64 = 0x12;
    public const byte Decimal = 0x13;
    public const byte MaxKey = 0x7F;
    public const byte MinKey = 0xFF;

    /// <summary>Texts are stored without a lone surrogate, so bytes that are no UTF-8 are damage.</summary>
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private int _next;

    /// <param name="document">The document, as a whole and nothing else.</param>
    /// <exception cref="InvalidDataException">The bytes are no document.</exception>
    public BsonWalker(ReadOnlySpan<byte> document)
    {
        Expect(document.Length >= MinLength && BinaryPrimitives.ReadInt32LittleEndian(document) == document.Length && document[^1] == 0);
        _bytes = document;
        _next = sizeof(int);
    }

    /// <summary>Verifies a document with everything in it.</summary>
    /// <exception cref="InvalidDataException">The bytes are no document, or a field is damaged.</exception>
    public static void Verify(ReadOnlySpan<byte> document)
    {
        var fields = new BsonWalker(document);
        while (fields.MoveNext())
        {
            _ = fields.ReadName();
            switch (fields.Type)
            {
                case Text:
                    _ = fields.ReadText();
                    break;
                case Document or Array:
                    Verify(fields.Value);
                    break;
            }
        }
    }

    public byte Type { get; private set; }

    /// <summary>The offset of the name in the document.</summary>
    public int NameStart { get; private set; }

    public int NameLength { get; private set; }

    /// <summary>The offset of the value in the document.</summary>
    public readonly int ValueStart => NameStart + NameLength + 1;

    public readonly ReadOnlySpan<byte> Name => _bytes.Slice(NameStart, NameLength);

    public readonly ReadOnlySpan<byte> Value => _bytes[ValueStart.._next];

    /// <summary>Goes to the next field; false behind the last one.</summary>
    /// <exception cref="InvalidDataException">The field is damaged.</exception>
    public bool MoveNext()
    {
        int end = _bytes.Length - 1;
        if (_next == end)
        {
            return false;
        }

        Type = _bytes[_next];
        NameStart = _next + 1;
        NameLength = _bytes[NameStart..].IndexOf((byte)0);
        Expect(NameLength >= 0);
        long length = LengthOf(Type, _bytes[ValueStart..]);
        Expect(length >= 0 && length <= end - ValueStart);
        _next = ValueStart + (int)length;
        return true;
    }

    /// <summary>Goes to the next field of a name, which is ASCII; false if there is none.</summary>
    /// <exception cref="InvalidDataException">A field in front of it is damaged.</exception>
    public bool MoveTo(string name)
    {
        while (MoveNext())
        {
            if (IsNamed(name))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>True if the field has a name, which is ASCII.</summary>
    public readonly bool IsNamed(string name) => Ascii.Equals(Name, name);

    /// <summary>Reads a value that is a text.</summary>
    /// <exception cref="InvalidDataException">It is no UTF-8.</exception>
    public readonly string ReadText() => ReadText(Value);

    /// <summary>Reads the name.</summary>
    /// <inheritdoc cref="ReadText()" path="/exception"/>
    public readonly string ReadName() => Decode(Name);

    /// <inheritdoc cref="ReadText()"/>
    /// <param name="value">The value, with the length in front and the zero at the end.</param>
    public static string ReadText(ReadOnlySpan<byte> value) => Decode(value[sizeof(int)..^1]);

    private static string Decode(ReadOnlySpan<byte> text)
    {
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("a text is no UTF-8.", e);
        }
    }

    /// <summary>Returns the length of a value in bytes; −1 if it is damaged or of an unknown type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="value">The bytes from the value on; the value may be longer.</param>
    public static long LengthOf(byte type, ReadOnlySpan<byte> value)
    {
        switch (type)
        {
            case Double or Date or Int64 or Timestamp:
                return 8;
            case Int32:
                return 4;
            case Boolean:
                return 1;
            case Null or MaxKey or MinKey:
                return 0;
            case ObjectId:
                return 12;
            case Decimal:
                return 16;
            case Text or Binary or Document or Array when value.Length >= sizeof(int):
                int stated = BinaryPrimitives.ReadInt32LittleEndian(value);
                return type switch
                {
                    Text => stated > 0 ? 4L + stated : -1,
                    Binary => stated >= 0 ? 5L + stated : -1,
                    _ => stated >= MinLength ? stated : -1,
                };
            default:
                return -1;
        }
    }

    private static void Expect(bool condition)
    {
        if (!condition)
        {
            throw new InvalidDataException("a value is no document.");
        }
    }
}
