using Imm.Core.Model;

namespace Imm.Core.Storage;

/// <summary>A scope that is stored.</summary>
/// <param name="Id">The number of the scope, from 1.</param>
/// <param name="Scope">The account and region.</param>
/// <param name="OwnProjectQuota">The project quota that was set for the scope; null if none was.</param>
/// <param name="Revision">The revision at which the scope was stored; that of a project may be higher.</param>
internal readonly record struct StoredScope(int Id, Scope Scope, int? OwnProjectQuota, long Revision);
