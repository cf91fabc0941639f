using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>A value of the store under its kind and key. Of the records in a log, the last one of a kind and key counts.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Key">The key, unique within the kind.</param>
/// <param name="Bytes">
/// The document in BSON, as the log and the data file hold it. It may be a slice of a buffer that is used again.
/// </param>
/// <param name="State">What became of the record. A deleted one has its last value.</param>
internal readonly record struct Record(
    ChangeKind Kind, long Key, ReadOnlyMemory<byte> Bytes, ChangeState State = ChangeState.Updated)
{
    public bool IsDeleted => State == ChangeState.Deleted;

    /// <summary>True if the key is known to have had no record, so that LiteDB need not look for one.</summary>
    public bool IsNew => State == ChangeState.Created;
}
