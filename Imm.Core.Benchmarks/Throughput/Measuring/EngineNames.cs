namespace Imm.Core.Benchmarks.Throughput.Measuring;

/// <summary>The engines' names in results, tables and targets.</summary>
internal static class EngineNames
{
    public const string Ours = "Imm.Core";
    public const string Relaxed = "Imm.Core relaxed";
    public const string Memory = "Imm.Core in memory";
    public const string LiteDb = "LiteDB";
    public const string SqliteFull = "SQLite FULL";
    public const string SqliteNormal = "SQLite NORMAL";
    public const string SqliteBatch = "SQLite FULL, 100 at a time";
    public const string Lmdb = "LMDB";
    public const string Disk = "overwrite + fsync";
    public const string Shared = "Imm.Core shared";
    public const string GuardedCounter = "guarded counter";
}
