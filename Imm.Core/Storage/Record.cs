using Imm.Core.Model;
using LiteDB;

namespace Imm.Core.Storage;

/// <summary>A value of the store under its kind and key. Of the records in a log, the last one of a kind and key counts.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Key">The key, unique within the kind.</param>
/// <param name="Value">
/// The document in BSON, as the log and the data file hold it; empty for a document of LiteDB. It may be a slice of a buffer that is used
/// again.
/// </param>
/// <param name="State">What became of the record. A deleted one has its last value.</param>
internal readonly record struct Record(
    ChangeKind Kind, long Key, ReadOnlyMemory<byte> Value, ChangeState State = ChangeState.Updated)
{
    private readonly BsonDocument? _document;

    /// <summary>Makes the record of a document that LiteDB has read.</summary>
    public Record(ChangeKind kind, long key, BsonDocument document, ChangeState state = ChangeState.Updated)
        : this(kind, key, default(ReadOnlyMemory<byte>), state) => _document = document;

    public bool IsDeleted => State == ChangeState.Deleted;

    /// <summary>True if the key is known to have had no record, so that LiteDB need not look for one.</summary>
    public bool IsNew => State == ChangeState.Created;

    /// <summary>The document; read anew at each call where the value is in BSON.</summary>
    /// <exception cref="InvalidDataException">The value is damaged.</exception>
    public BsonDocument Document => ReadDocument(pool: null);

    /// <summary>The document in BSON; written anew at each call where LiteDB has read it.</summary>
    public ReadOnlyMemory<byte> Bytes => _document is null ? Value : Bson.Write(_document);

    /// <summary>The length of the document in BSON, in bytes.</summary>
    public int Length => _document is null ? Value.Length : Bson.LengthOf(_document);

    /// <inheritdoc cref="Document"/>
    /// <param name="pool">The pool from which a document that is read is taken; null for none.</param>
    public BsonDocument ReadDocument(BsonPool? pool) => _document ?? Bson.Read(Value, pool);
}
