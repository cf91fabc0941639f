using Imm.Core.Benchmarks.Throughput.Measuring;
using Imm.Core.Benchmarks.Throughput.Peers;

namespace Imm.Core.Benchmarks.Throughput;

/// <summary>Somebody who takes part: a store, and how it is used.</summary>
/// <param name="Name">The name in tables.</param>
/// <param name="Storage">Contenders with the same files have the same name here.</param>
/// <param name="Guarantee">What an acknowledged change is safe from.</param>
/// <param name="Description">What it is, and where it does less work.</param>
/// <param name="Open">Opens the store in a folder.</param>
internal sealed record Contender(string Name, string Storage, Guarantee Guarantee, string Description, Func<string, Peer> Open)
{
    private const string LessWork =
        " Less work than Imm.Core: it checks no parameter, keeps the tags as one text, takes part in no quota but a number in memory, and knows one scope.";

    /// <summary>Opens the store in a folder to be filled, which need not be safe before it is closed.</summary>
    public Func<string, Peer>? OpenToFill { get; init; }

    /// <summary>Whether many callers are tasks that wait without a thread, rather than threads.</summary>
    public bool IsAsynchronous { get; init; }

    /// <summary>Whether it is of use only with one caller, and for creating.</summary>
    public bool IsForOneWriter { get; init; }

    /// <summary>Whether this machine has what it needs.</summary>
    public bool IsHere => this != Lmdb || LmdbPeer.Version is not null;

    public bool IsOurs => Storage.StartsWith("imm", StringComparison.Ordinal);

    public bool IsLiteDb => this == LiteDb || this == OlderLiteDb;

    public bool IsInMemory => Guarantee == Guarantee.Memory;

    public static Contender Ours { get; } = new(
        Figures.Ours,
        "imm",
        Guarantee.Durable,
        "A store in a file, as it is by default: a change is on the disk when its call returns. Callers who write are tasks.",
        folder => ImmPeer.OpenFile(folder, Durability.Durable))
    {
        IsAsynchronous = true,
        OpenToFill = folder => ImmPeer.OpenFile(folder, Durability.Relaxed),
    };

    public static Contender Relaxed { get; } = new(
        Figures.Relaxed,
        "imm",
        Guarantee.Relaxed,
        "The same with Durability.Relaxed: a change outlives the process when its call returns, and reaches the disk later.",
        folder => ImmPeer.OpenFile(folder, Durability.Relaxed))
    { IsAsynchronous = true };

    public static Contender Memory { get; } = new(
        Figures.Memory, "imm-memory", Guarantee.Memory, "A store in memory.", _ => ImmPeer.InMemory());

    public static Contender LiteDb { get; } = new(
        Figures.LiteDb,
        "litedb",
        Guarantee.Later,
        $"The LiteDB package as shipped, {LiteDbVersion.OfImmCore.Number}, on which Imm.Core stands, one call a change, the name as its unique index, all calls under one lock because its reads are not safe beside"
            + " each other. Less work: a change returns before it is on the disk, or safe from the end of the process." + LessWork,
        folder => new LiteDbPeer(LiteDbVersion.OfImmCore, folder));

    public static Contender OlderLiteDb { get; } = new(
        Figures.OlderLiteDb,
        "litedb-older",
        Guarantee.Later,
        $"The same with LiteDB {LiteDbVersion.OfFigures.Number}, for which the figures to reach were set; its log is written by a task of its own.",
        folder => new LiteDbPeer(LiteDbVersion.OfFigures, folder));

    public static Contender SqliteFull { get; } = new(
        Figures.SqliteFull,
        "sqlite",
        Guarantee.Durable,
        "SQLite, WAL, synchronous FULL, 64 MiB of cache and mapped reads, prepared statements, a transaction a change; one writing connection behind a"
            + " lock, a connection a reader." + LessWork + " A project's sums of files are left to be added up when they are asked for.",
        folder => new SqlitePeer(folder, "FULL"));

    public static Contender SqliteNormal { get; } = new(
        Figures.SqliteNormal,
        "sqlite",
        Guarantee.Relaxed,
        "The same with synchronous NORMAL: a change outlives the process when its call returns, and is flushed at checkpoints.",
        folder => new SqlitePeer(folder, "NORMAL"));

    public static Contender SqliteBatch { get; } = new(
        Figures.SqliteBatch,
        "sqlite",
        Guarantee.Later,
        "SQLite FULL with 100 creates in each transaction, batched by hand by a single caller: the ceiling. Less work: 99 of 100 calls return before"
            + " their change is safe." + LessWork,
        folder => new SqlitePeer(folder, "FULL", 100))
    { IsForOneWriter = true };

    public static Contender Lmdb { get; } = new(
        Figures.Lmdb,
        "lmdb",
        Guarantee.Durable,
        "LMDB in its durable default, a write transaction a change, a packed value a project, a renewed read transaction a reader." + LessWork
            + " A project's sums of files are left to be added up when they are asked for.",
        folder => new LmdbPeer(folder));

    public static Contender Disk { get; } = new(
        Figures.Disk,
        "disk",
        Guarantee.Durable,
        "The floor: one caller overwrites 512 bytes of a file that is there and flushes it. Nothing is kept, found or checked.",
        folder => new DiskFloor(folder))
    { IsForOneWriter = true };

    /// <summary>All of them, in the order of tables.</summary>
    public static IReadOnlyList<Contender> All { get; } = [Ours, Relaxed, Memory, LiteDb, OlderLiteDb, SqliteFull, SqliteNormal, SqliteBatch, Lmdb, Disk];

    /// <summary>Those that can do everything; of LiteDB the version that Imm.Core stands on.</summary>
    public static IReadOnlyList<Contender> Stores { get; } = [.. All.Where(contender => !contender.IsForOneWriter && contender != OlderLiteDb)];

    /// <summary>Those that differ in reading; how a change is flushed does not matter to a read.</summary>
    public static IReadOnlyList<Contender> Readers { get; } = [Ours, LiteDb, OlderLiteDb, SqliteFull, Lmdb];

    /// <summary>Those with files.</summary>
    public static IReadOnlyList<Contender> Durables { get; } = [Ours, LiteDb, SqliteFull, Lmdb];

    public static Contender Of(string name) => All.First(contender => contender.Name == name);

    /// <summary>Whether a comparison of this contender with a peer takes nothing away from the peer: it promises no more than this one.</summary>
    public bool IsFairTo(Contender peer) => Guarantee switch
    {
        Guarantee.Durable => peer.Guarantee is Guarantee.Durable or Guarantee.Later,
        Guarantee.Relaxed => peer.Guarantee is Guarantee.Relaxed or Guarantee.Later,
        _ => false,
    };
}
