using Imm.Core.Benchmarks.Throughput.Adapters;
using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Tests.Shared;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>A storage engine in one configuration.</summary>
/// <param name="Name">The name in tables.</param>
/// <param name="Storage">The name of the file format; engines with the same name share their filled stores.</param>
/// <param name="Guarantee">The event that an acknowledged change survives.</param>
/// <param name="Description">The configuration, and where the engine does less work than Imm.Core.</param>
/// <param name="Open">Opens the store in a folder, or in the schema of a server that a connection string names.</param>
internal sealed record Engine(string Name, string Storage, Guarantee Guarantee, string Description, Func<string, EngineAdapter> Open)
{
    private const string LessWork =
        " Less work than Imm.Core: it checks no parameter, keeps the tags as one text, takes part in no quota but a number in memory,"
        + " and knows one scope.";

    private const string NoSums = " A project's sums of files are left to be added up when they are asked for.";

    /// <summary>Opens a store that is about to be filled and need not be durable before it is closed.</summary>
    public Func<string, EngineAdapter> OpenToFill { get; init; } = Open;

    /// <summary>True if concurrent callers are tasks that wait without a thread; otherwise they are threads.</summary>
    public bool IsAsynchronous { get; init; }

    /// <summary>True if the engine takes part only with one caller and in scenarios that create.</summary>
    public bool IsSingleWriter { get; init; }

    /// <summary>True if the native library or the server that the engine needs is on this machine.</summary>
    public bool IsAvailable =>
        this == Lmdb ? LmdbAdapter.Version is not null : !OnServer.Contains(this) || PostgresServer.Missing is null;

    public bool IsOurs => this == Ours || this == Relaxed || this == Memory || this == Shared;

    public bool IsInMemory => Guarantee == Guarantee.Memory;

    public static Engine Ours { get; } = new(
        EngineNames.Ours,
        "imm",
        Guarantee.Durable,
        "A store in a file with the default options: a change is on the disk when its call returns. One caller that creates is"
            + " synchronous; many callers that write are tasks.",
        folder => ImmAdapter.OpenFile(folder, Durability.Durable))
    {
        IsAsynchronous = true,
        OpenToFill = folder => ImmAdapter.OpenFile(folder, Durability.Relaxed),
    };

    public static Engine Relaxed { get; } = new(
        EngineNames.Relaxed,
        "imm",
        Guarantee.Relaxed,
        "The same with Durability.Relaxed: a change survives the end of the process when its call returns, and is flushed to disk later.",
        folder => ImmAdapter.OpenFile(folder, Durability.Relaxed))
    { IsAsynchronous = true };

    public static Engine Memory { get; } = new(
        EngineNames.Memory, "imm-memory", Guarantee.Memory, "A store in memory.", _ => ImmAdapter.InMemory());

    public static Engine LiteDb { get; } = new(
        EngineNames.LiteDb,
        "litedb",
        Guarantee.Later,
        $"LiteDB {LiteDbAdapter.Version} as shipped, on which Imm.Core stands, one call a change, the name as its unique index, all calls"
            + " under one lock because concurrent reads are not safe. Less work: a change returns before it is on the disk, or safe from"
            + " the end of the process." + LessWork,
        folder => new LiteDbAdapter(folder));

    public static Engine SqliteFull { get; } = new(
        EngineNames.SqliteFull,
        "sqlite",
        Guarantee.Durable,
        "SQLite, WAL, synchronous FULL, 64 MiB of cache and mapped reads, prepared statements, a transaction a change; one writing"
            + " connection behind a lock, a connection a reader." + LessWork + NoSums,
        folder => new SqliteAdapter(folder, "FULL"));

    public static Engine SqliteNormal { get; } = new(
        EngineNames.SqliteNormal,
        "sqlite",
        Guarantee.Relaxed,
        "The same with synchronous NORMAL: a change survives the end of the process when its call returns, and is flushed at checkpoints.",
        folder => new SqliteAdapter(folder, "NORMAL"));

    public static Engine SqliteBatch { get; } = new(
        EngineNames.SqliteBatch,
        "sqlite",
        Guarantee.Later,
        "SQLite FULL with 100 creates in each transaction, batched by hand by one caller: the ceiling. Less work: 99 of 100 calls return"
            + " before their change is safe." + LessWork,
        folder => new SqliteAdapter(folder, "FULL", 100))
    { IsSingleWriter = true };

    public static Engine Lmdb { get; } = new(
        EngineNames.Lmdb,
        "lmdb",
        Guarantee.Durable,
        "LMDB in its durable default, a write transaction a change, a packed value a project, a renewed read transaction a reader."
            + LessWork + NoSums,
        folder => new LmdbAdapter(folder));

    public static Engine Disk { get; } = new(
        EngineNames.Disk,
        "disk",
        Guarantee.Durable,
        "The floor: one caller overwrites 512 bytes of an existing file and flushes it. Nothing is kept, found or checked.",
        folder => new DiskAdapter(folder))
    { IsSingleWriter = true };

    public static Engine Shared { get; } = new(
        EngineNames.Shared,
        "postgres",
        Guarantee.Durable,
        "A store on PostgreSQL that several processes share, with the default options. One caller that creates is synchronous, unless the"
            + " row says that it awaits; many callers are tasks. Reads are linearizable.",
        connectionString => ImmAdapter.OpenShared(connectionString, SharedRow.ScopeRange.One, seed: 0))
    { IsAsynchronous = true };

    public static Engine GuardedCounter { get; } = new(
        EngineNames.GuardedCounter,
        "postgres",
        Guarantee.Durable,
        "What an application writes by hand on the same server: a create is one statement that inserts the project as jsonb, unless its"
            + " name is taken, and raises a counter of the scope, unless the quota is used up; a get is one SELECT. A connection and"
            + " prepared statements a caller. Less work than Imm.Core: it checks no parameter, keeps no log of changes, leaves the JSON of"
            + " a get undecoded, and leaves the inserted project where the quota is used up, which it never is here.",
        connectionString => new GuardedCounterAdapter(connectionString, SharedRow.ScopeRange.One, seed: 0))
    { IsAsynchronous = true };

    /// <summary>The engines inside the process.</summary>
    public static IReadOnlyList<Engine> Embedded { get; } =
        [Ours, Relaxed, Memory, LiteDb, SqliteFull, SqliteNormal, SqliteBatch, Lmdb, Disk];

    /// <summary>The engines on a PostgreSQL server.</summary>
    public static IReadOnlyList<Engine> OnServer { get; } = [Shared, GuardedCounter];

    /// <summary>All engines, in the order of tables.</summary>
    public static IReadOnlyList<Engine> All { get; } = [.. Embedded, .. OnServer];

    /// <summary>The embedded engines that take part in every kind of workload.</summary>
    public static IReadOnlyList<Engine> MultiCaller { get; } = [.. Embedded.Where(engine => !engine.IsSingleWriter)];

    /// <summary>The engines with files, each in one configuration. Reads do not depend on the time of a flush.</summary>
    public static IReadOnlyList<Engine> FileBacked { get; } = [Ours, LiteDb, SqliteFull, Lmdb];

    public static Engine ByName(string name) => All.First(engine => engine.Name == name);

    /// <summary>True if the other engine promises no more than this one, so that a comparison does it no injustice.</summary>
    public bool IsFairTo(Engine other) => Guarantee switch
    {
        Guarantee.Durable => other.Guarantee is Guarantee.Durable or Guarantee.Later,
        Guarantee.Relaxed => other.Guarantee is Guarantee.Relaxed or Guarantee.Later,
        _ => false,
    };
}
