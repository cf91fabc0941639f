using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>The files of a store that is ready for changes.</summary>
/// <param name="Active">The log for the next batch.</param>
/// <param name="Spare">The other log.</param>
/// <param name="Content">What the store holds in memory from its open on.</param>
/// <param name="RecoveredRecords">The number of records that recovery applied.</param>
/// <param name="RecoveredPages">The number of pages of a checkpoint step that recovery completed.</param>
internal sealed record OpenedStore(
    WriteAheadLog Active, WriteAheadLog Spare, OpenedContent Content, int RecoveredRecords, int RecoveredPages);

/// <summary>The part of a data file that is read when the store is opened.</summary>
/// <param name="Scopes">The stored scopes.</param>
/// <param name="Changes">The last changes of projects, in order.</param>
internal sealed record OpenedContent(List<StoredScope> Scopes, List<PublishedChange> Changes)
{
    public static OpenedContent Read(IPages pages, RecordCodec codec)
    {
        using var documents = new DocumentFile(pages);
        return new OpenedContent(
            [.. documents.Read(ChangeKind.Scope).Select(static record => RecordCodec.ReadScope(record))],
            [.. documents.ReadChanges().Select(change => StoredChanges.Read(change, codec))]);
    }
}
