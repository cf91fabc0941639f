using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>A scope that is stored.</summary>
/// <param name="Id">The number of the scope, from 1.</param>
/// <param name="Scope">The account and region.</param>
/// <param name="OwnProjectQuota">The project quota that was set for the scope; null if none was.</param>
/// <param name="Revision">The revision at which the scope was stored; that of a project may be higher.</param>
internal readonly record struct StoredScope(int Id, Scope Scope, int? OwnProjectQuota, long Revision)
{
    /// <summary>Reads all scopes of a data file.</summary>
    public static List<StoredScope> ReadAll(IPages pages)
    {
        using var documents = new DocumentFile(pages);
        return [.. documents.Read(ChangeKind.Scope).Select(static record =>
        {
            (Scope scope, int? quota, long revision) = RecordCodec.ReadScope(record.Key, record.Value.Span);
            return new StoredScope(checked((int)record.Key), scope, quota, revision);
        })];
    }
}
