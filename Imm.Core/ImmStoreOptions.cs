using System.Data.Common;
using System.Diagnostics.Metrics;
using Imm.Core.Model;
using Imm.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace Imm.Core;

/// <summary>
/// The options of a store. <see cref="ImmStore.Open(ImmStoreOptions)"/> reads them; later changes have no effect on the open store. Not
/// thread-safe.
/// </summary>
/// <example>
/// <code>
/// var options = new ImmStoreOptions { Path = "photos.db", ProjectQuota = 1_000, MaxLoadedProjects = 100_000 };
/// using ImmStore photoStore = ImmStore.Open(options);
/// </code>
/// </example>
public sealed class ImmStoreOptions
{
    /// <summary>The name of the store in metrics and logs, which distinguishes it from other stores of the process.</summary>
    /// <value>
    /// Neither empty nor white space; null for no name. The default value is null, and in a container the key of the store.
    /// </value>
    public string? Name { get; set; }

    /// <summary>
    /// The path of the data file, or of a link to it. The log files are created beside the data file itself. The path is resolved once,
    /// when the store is opened: later changes of the working directory or of links have no effect.
    /// </summary>
    /// <value>
    /// The path of a file that exists or can be created, neither empty nor white space, without null characters; null for a store in
    /// memory, which a container takes only with <see cref="InMemory"/>. The default value is null. A relative path is relative to the
    /// working directory, and in a host to its content root.
    /// </value>
    public string? Path { get; set; }

    /// <summary>True for a store in memory, which is gone when it is closed.</summary>
    /// <value>
    /// True only without <see cref="Path"/> and <see cref="DataSource"/>. The default value is false.
    /// <see cref="ImmStore.Open(ImmStoreOptions)"/> opens a store in
    /// memory where neither is set. A container takes exactly one of them, so that a path which was forgotten is an error and no loss.
    /// </value>
    public bool InMemory { get; set; }

    /// <summary>
    /// The source of connections to a PostgreSQL database, for a store that several processes share. The host makes it with the driver of
    /// its choice, and disposes it after the store. Its encoding must be UTF-8.
    /// </summary>
    /// <value>
    /// Null for a store in a file or in memory; not together with <see cref="Path"/> or <see cref="InMemory"/>. The default value is null.
    /// </value>
    public DbDataSource? DataSource { get; set; }

    /// <summary>The schema of the database that holds the tables of the store. It is made where there is none.</summary>
    /// <value>
    /// 1 to 63 of the characters a-z, 0-9 and <c>_</c>, the first no digit. The default value is <c>imm</c>. Only a store with a
    /// <see cref="DataSource"/> reads it.
    /// </value>
    public string Schema { get; set; } = "imm";

    /// <summary>The age that the answer of a read may have, where other processes change the same accounts and regions.</summary>
    /// <value>
    /// The default value is <see cref="Core.ReadConsistency.Linearizable"/>. Only a store with a <see cref="DataSource"/> reads it.
    /// </value>
    public ReadConsistency ReadConsistency { get; set; }

    /// <summary>
    /// The time for which the database may not answer before calls are refused with <see cref="ImmErrorCode.ServiceUnavailable"/>; until
    /// then they are tried again. A change whose commit was cut off waits longer, until the database tells whether it was made.
    /// </summary>
    /// <value>
    /// Zero to 5 minutes (both inclusive). The default value is 30 seconds. Only a store with a <see cref="DataSource"/> reads it.
    /// </value>
    public TimeSpan DatabasePatience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The time after which <see cref="ProjectRegistry.Watch"/> asks the database again for changes of other processes, on the clock of the
    /// system. Changes of the own process are reported at once.
    /// </summary>
    /// <value>
    /// 1 millisecond to 1 day (both inclusive). The default value is 1 second. Only a store with a <see cref="DataSource"/> reads it.
    /// </value>
    public TimeSpan WatchInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The number of projects that each account may have in each region, unless <see cref="ProjectRegistry.SetProjectQuota"/> has set
    /// another number.
    /// </summary>
    /// <value>0 to 2,147,483,647 (both inclusive). The default value is 100, that of the service.</value>
    public int ProjectQuota { get; set; } = 100;

    /// <summary>
    /// The number of projects in memory above which the store unloads accounts and regions, the least recently used first. They are loaded
    /// from the data file again when an operation needs them. The most recently used one stays whatever its size, and so does one whose
    /// changes are not in the data file yet.
    /// </summary>
    /// <value>
    /// 1 to 2^63−1 (both inclusive); null for no limit. The default value is null. A store in memory ignores it.
    /// </value>
    public long? MaxLoadedProjects { get; set; }

    /// <summary>The failures that an acknowledged change survives.</summary>
    /// <value>
    /// <see cref="Core.Durability.Durable"/> or <see cref="Core.Durability.Relaxed"/>. The default value is durable. A store in memory
    /// ignores it. A store with a <see cref="DataSource"/> is durable as the database is, and takes no other value.
    /// </value>
    public Durability Durability { get; set; }

    /// <summary>
    /// The capacity of the commit queue. A change that finds the queue full is refused at once with
    /// <see cref="ImmErrorCode.ThrottlingUser"/>, from a synchronous and from an asynchronous call.
    /// </summary>
    /// <value>
    /// 1 to 2,147,483,647 changes (both inclusive). The default value is 65,536. A store in memory ignores it: no change waits there.
    /// </value>
    public int MaxWaitingWrites { get; set; } = 65_536;

    /// <summary>
    /// The number of the last changes of projects, in all accounts and regions together, that the store keeps for
    /// <see cref="ProjectRegistry.Watch"/>. A watch that is further behind has to list again. Over a restart a store in a file keeps at
    /// most 4,096 of them, and 1 MiB.
    /// </summary>
    /// <value>0 to 65,536 (both inclusive). The default value is 4,096.</value>
    public int KeptChanges { get; set; } = 4096;

    /// <summary>
    /// The account of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.
    /// </summary>
    /// <value>1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>. The default value is <c>default</c>.</value>
    public string DefaultAccountId { get; set; } = "default";

    /// <summary>
    /// The region of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.
    /// </summary>
    /// <value>1 to 64 of the lower-case ASCII letters, digits and <c>-</c>. The default value is <c>local</c>.</value>
    public string DefaultRegionId { get; set; } = "local";

    /// <summary>The value of <see cref="Project.ProjectQueriesPerSecond"/>. It is reported and not enforced.</summary>
    /// <value>1 to 2^63−1 (both inclusive). The default value is 100, that of the service.</value>
    public long ProjectQueriesPerSecond { get; set; } = 100;

    /// <summary>The value of <see cref="Project.EngineConcurrency"/>. It is reported and not enforced.</summary>
    /// <value>1 to 2^63−1 (both inclusive). The default value is 100, that of the service.</value>
    public long EngineConcurrency { get; set; } = 100;

    /// <summary>
    /// The age at which the <see cref="Binding.State"/> of a binding becomes <c>Running</c>, on the clock of the store. The service
    /// publishes no time.
    /// </summary>
    /// <value>Zero or more. The default value is 1 second.</value>
    public TimeSpan BindingRunsAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The age at which the <see cref="Binding.Phase"/> of a binding becomes <c>IncrementalScanning</c>, on the clock of the store. The
    /// service publishes no time.
    /// </summary>
    /// <value>Zero or more. The default value is 2 seconds.</value>
    public TimeSpan BindingIsScannedAfter { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The offset from UTC at which <see cref="ImmApi"/> writes times, unless <see cref="ImmApiOptions.TimeOffset"/> sets another.
    /// </summary>
    /// <value>−14 to +14 hours (both inclusive), in whole minutes. The default value is +8 hours, that of the service.</value>
    public TimeSpan TimeOffset { get; set; } = UtcOffset.Default;

    /// <summary>
    /// The clock that gives the times of creations and updates, and measures operations. The store calls it while it commits, so it must be
    /// quick, and must neither change nor close the store. An exception from <see cref="System.TimeProvider.GetUtcNow"/> fails the change
    /// that needs the time, and no other.
    /// </summary>
    /// <value>
    /// Not null. The default value is <see cref="System.TimeProvider.System"/>, and in a container its <see cref="System.TimeProvider"/>,
    /// if it has one.
    /// </value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>The authorizer of all operations. Many threads may call it at the same time.</summary>
    /// <value>
    /// Null allows every operation. The default value is null, and in a container its <see cref="IImmAuthorizer"/>, if it has one.
    /// </value>
    public IImmAuthorizer? Authorizer { get; set; }

    /// <summary>
    /// The factory of the store's logger; <see cref="ImmTelemetry"/> lists the log events. The store does not dispose it.
    /// </summary>
    /// <value>Null logs nothing. The default value is null, and in a container its logger factory, if it has one.</value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// The factory of the store's meter; <see cref="ImmTelemetry"/> lists the instruments. The store does not dispose it.
    /// </summary>
    /// <value>
    /// Null for a meter that the stores of the process share. The default value is null, and in a container its meter factory, if it has
    /// one.
    /// </value>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>The observers of every operation beside the telemetry, the first outermost.</summary>
    internal IOperationObserver[] Observers { get; set; } = [];
}
