using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>
/// Finds the fields of a record's document by their names. Every member throws <see cref="InvalidDataException"/> for a damaged one.
/// </summary>
internal ref struct RecordFields
{
    public const string Number = "Number";
    public const string AccountId = "AccountId";
    public const string RegionId = "RegionId";

    private const int MaxMarkedName = byte.MaxValue;

    private readonly ChangeKind _kind;
    private readonly long _key;
    private readonly ReadOnlySpan<byte> _bytes;

    // The fields have an order, but most of them may be absent. So they are looked up by a mark of the name, in one vector or two.
    private Marks _marks;
    private Offsets _values;
    private readonly int _count;

    /// <summary>The bits of all marks. Most fields that are asked for are absent, which their bit tells at once.</summary>
    private readonly ulong _present;

    public RecordFields(in Record record)
        : this(record.Kind, record.Key, record.Bytes.Span)
    {
    }

    public RecordFields(ChangeKind kind, long key, ReadOnlySpan<byte> bytes)
    {
        (_kind, _key) = (kind, key);
        _bytes = bytes;
        var fields = new BsonWalker(bytes);
        while (fields.MoveNext())
        {
            uint mark = MarkOf(fields.Name);
            _present |= BitOf(mark);
            if (_count < Marks.Count)
            {
                _marks[_count] = mark;
                _values[_count] = fields.ValueStart;
            }

            _count++;
        }

        Expect(_count > 0);
    }

    /// <param name="name">The name of the field.</param>
    /// <param name="shared">The texts that were read before; null for none.</param>
    public readonly string Text(string name, SharedValues<string>? shared = null) =>
        Text(name, otherwise: null, shared) ?? throw Damaged(name);

    /// <inheritdoc cref="Text(string, SharedValues{string})"/>
    /// <param name="name">The name of the field.</param>
    /// <param name="otherwise">The text if the field is missing.</param>
    /// <param name="shared">The texts that were read before; null for none.</param>
    [return: NotNullIfNotNull(nameof(otherwise))]
    public readonly string? Text(string name, string? otherwise, SharedValues<string>? shared = null)
    {
        ReadOnlySpan<byte> value = Find(name, out byte type);
        if (type == 0)
        {
            return otherwise;
        }

        Expect(type == BsonWalker.Text, name);
        return shared is null ? BsonWalker.ReadText(value) : shared.Slot(value) ??= BsonWalker.ReadText(value);
    }

    public readonly long Int64(string name) => TryInt64(name) ?? throw Damaged(name);

    public readonly long Int64(string name, long otherwise) => TryInt64(name) ?? otherwise;

    /// <summary>Returns an array of documents; empty if the field is missing.</summary>
    public readonly ReadOnlySpan<byte> Array(string name)
    {
        ReadOnlySpan<byte> value = Find(name, out byte type);
        Expect(type is 0 or BsonWalker.Array, name);
        return value;
    }

    /// <summary>Returns the documents of an array; none if it is empty.</summary>
    public readonly ItemEnumerator Items(ReadOnlySpan<byte> array) => new(_kind, _key, array);

    /// <summary>Returns the place of a field that is a document.</summary>
    public readonly Range Document(string name)
    {
        ReadOnlySpan<byte> value = Find(name, out byte type);
        Expect(type == BsonWalker.Document, name);
        _bytes.Overlaps(value, out int start);
        return start..(start + value.Length);
    }

    /// <summary>Verifies the number of the record, so that a value that stands in the place of another is detected.</summary>
    public readonly void ExpectNumber() => Expect(Int64(Number) == RecordKey.Number(_key));

    public readonly void Expect(bool condition)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The {_kind} record {_key} is damaged."));
        }
    }

    private readonly void Expect(bool condition, string name)
    {
        if (!condition)
        {
            throw Damaged(name);
        }
    }

    private readonly long? TryInt64(string name)
    {
        ReadOnlySpan<byte> value = Find(name, out byte type);
        return type switch
        {
            0 => null,
            BsonWalker.Int64 => BinaryPrimitives.ReadInt64LittleEndian(value),
            BsonWalker.Int32 => BinaryPrimitives.ReadInt32LittleEndian(value),
            _ => throw Damaged(name),
        };
    }

    /// <summary>Finds a field of a name, which is ASCII and not empty; the type is 0 if there is none.</summary>
    private readonly ReadOnlySpan<byte> Find(string name, out byte type)
    {
        uint mark = MarkOf(name.Length, name[0], name[^1]);
        if ((_present & BitOf(mark)) == 0)
        {
            type = 0;
            return default;
        }

        ReadOnlySpan<uint> marks = ((ReadOnlySpan<uint>)_marks)[..Math.Min(_count, Marks.Count)];
        for (int i = 0; marks[i..].IndexOf(mark) is >= 0 and var found; i++)
        {
            i += found;
            int start = _values[i];
            int nameStart = start - 1 - name.Length;
            if (Ascii.Equals(_bytes.Slice(nameStart, name.Length), name))
            {
                type = _bytes[nameStart - 1];
                return _bytes.Slice(start, (int)BsonWalker.LengthOf(type, _bytes[start..]));
            }
        }

        if (_count > Marks.Count)
        {
            // A later version has added many fields.
            var fields = new BsonWalker(_bytes);
            if (fields.MoveTo(name))
            {
                type = fields.Type;
                return fields.Value;
            }
        }

        type = 0;
        return default;
    }

    private static uint MarkOf(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= MaxMarkedName ? MarkOf(name.Length, (char)name[0], (char)name[^1]) : 0;

    private static uint MarkOf(int length, char first, char last) => ((uint)length << 16) | ((uint)first << 8) | last;

    private static ulong BitOf(uint mark) => 1UL << (int)(unchecked(mark * 0x9E3779B1) >> 26);

    private readonly InvalidDataException Damaged(string name) => new(
        string.Create(CultureInfo.InvariantCulture, $"The {_kind} record {_key} is damaged: the field '{name}' is missing or wrong."));

    /// <summary>Enumerates the documents of an array.</summary>
    internal ref struct ItemEnumerator
    {
        private readonly ChangeKind _kind;
        private readonly long _key;
        private readonly bool _isEmpty;
        private BsonWalker _items;

        public ItemEnumerator(ChangeKind kind, long key, ReadOnlySpan<byte> array)
        {
            (_kind, _key, _isEmpty) = (kind, key, array.IsEmpty);
            _items = _isEmpty ? default : new BsonWalker(array);
        }

        public readonly RecordFields Current => new(_kind, _key, _items.Value);

        public readonly ItemEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_isEmpty || !_items.MoveNext())
            {
                return false;
            }

            return _items.Type == BsonWalker.Document ? true : throw new InvalidDataException(
                string.Create(CultureInfo.InvariantCulture, $"The {_kind} record {_key} is damaged: an item of an array is no document."));
        }
    }

    [InlineArray(Count)]
    private struct Marks
    {
        public const int Count = 24;

        private uint _first;
    }

    [InlineArray(Marks.Count)]
    private struct Offsets
    {
        private int _first;
    }
}
