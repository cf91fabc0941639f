using System.Globalization;
using Imm.Core.Model;
using LiteDB;

namespace Imm.Core.Storage;

/// <summary>Reads the fields of a record's document. Every member throws <see cref="InvalidDataException"/> for a damaged one.</summary>
internal readonly struct RecordFields
{
    public const string Number = "Number";
    public const string AccountId = "AccountId";
    public const string RegionId = "RegionId";

    private readonly ChangeKind _kind;
    private readonly long _key;
    private readonly BsonDocument _document;

    public RecordFields(in Record record)
        : this(record.Kind, record.Key, record.Document)
    {
    }

    private RecordFields(ChangeKind kind, long key, BsonDocument document)
    {
        (_kind, _key, _document) = (kind, key, document);
        Expect(document.Count > 0);
    }

    public string Text(string name) => Text(name, otherwise: null) ?? throw Damaged(name);

    public string Text(string name, string? otherwise) =>
        !_document.TryGetValue(name, out BsonValue value) ? otherwise!
        : value.IsString ? value.AsString
        : throw Damaged(name);

    public long Int64(string name) => Find(name) ?? throw Damaged(name);

    public long Int64(string name, long otherwise) => Find(name) ?? otherwise;

    /// <summary>Returns the documents of an array; none if the field is missing.</summary>
    public IEnumerable<RecordFields> Items(string name)
    {
        if (!_document.TryGetValue(name, out BsonValue value))
        {
            return [];
        }

        (ChangeKind kind, long key) = (_kind, _key);
        Expect(value.IsArray && value.AsArray.All(static item => item.IsDocument));
        return value.AsArray.Select(item => new RecordFields(kind, key, item.AsDocument));
    }

    /// <summary>Verifies the number of the record, so that a value that stands in the place of another is detected.</summary>
    public void ExpectNumber() => Expect(Int64(Number) == RecordKey.Number(_key));

    public void Expect(bool condition)
    {
        if (!condition)
        {
            throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"The {_kind} record {_key} is damaged."));
        }
    }

    private long? Find(string name) =>
        !_document.TryGetValue(name, out BsonValue value) ? null
        : value.IsInt64 ? value.AsInt64
        : value.IsInt32 ? value.AsInt32
        : throw Damaged(name);

    private InvalidDataException Damaged(string name) => new(
        string.Create(CultureInfo.InvariantCulture, $"The {_kind} record {_key} is damaged: the field '{name}' is missing or wrong."));
}
