namespace Imm.Core.Storage;

/// <summary>The files of a store that is ready for changes.</summary>
/// <param name="Active">The log for the next batch.</param>
/// <param name="Spare">The other log.</param>
/// <param name="Scopes">The stored scopes.</param>
/// <param name="RecoveredRecords">The number of records that recovery applied.</param>
/// <param name="RecoveredPages">The number of pages of a checkpoint step that recovery completed.</param>
internal sealed record OpenedStore(
    WriteAheadLog Active, WriteAheadLog Spare, List<StoredScope> Scopes, int RecoveredRecords, int RecoveredPages);
