using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>An entry of the store. The last record of a kind and key is the valid one.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Key">The key, unique within the kind.</param>
/// <param name="Value">The encoded value; empty if the record is deleted. It may be a slice of a buffer that is used again.</param>
/// <param name="IsNew">True if the key is known to have had no record, so that LiteDB need not look for one.</param>
internal readonly record struct Record(ChangeKind Kind, long Key, ReadOnlyMemory<byte> Value, bool IsNew = false)
{
    public bool IsDeleted => Value.IsEmpty;
}
