using System.Diagnostics.Metrics;
using Imm.Core.Telemetry;
using Imm.Core.Wire;
using Microsoft.Extensions.Logging;

namespace Imm.Core;

/// <summary>
/// The options of a store. Read when <see cref="ImmStore.Open(ImmStoreOptions)"/> is called; a change made later has no effect on it.
/// </summary>
public sealed class ImmStoreOptions
{
    /// <summary>The name of the store in metrics and logs, to tell it from others of the process.</summary>
    /// <value>Neither empty nor white space; null for no name. By default null, and in a container the key of the store.</value>
    public string? Name { get; set; }

    /// <summary>
    /// The data file, or a link to it; the log files stand beside the file itself. The path is resolved once, when the store is opened:
    /// later changes of the working directory or of links have no effect.
    /// </summary>
    /// <value>
    /// A path of a file that exists or can be created, not white space and without null characters; null keeps the store in memory.
    /// By default null. A relative path is one in the working directory, and in a host in its content root.
    /// </value>
    public string? Path { get; set; }

    /// <summary>
    /// The number of projects that each account may have in each region, where <see cref="ProjectRegistry.SetProjectQuota"/> has set no
    /// other number.
    /// </summary>
    /// <value>0 to 2,147,483,647 (both inclusive), by default 100, as the service.</value>
    public int ProjectQuota { get; set; } = 100;

    /// <summary>
    /// The number of projects in memory beyond which the store drops accounts and regions from memory, those used longest ago first. They
    /// are read from the data file again when they are next used. What is used last stays whatever its size, and so does what was changed
    /// and is not in the data file yet.
    /// </summary>
    /// <value>1 to 2^63−1 (both inclusive); null drops nothing. By default null. A store in memory drops nothing.</value>
    public long? MaxLoadedProjects { get; set; }

    /// <summary>The failures that an acknowledged change outlives.</summary>
    /// <value>
    /// <see cref="Core.Durability.Durable"/> or <see cref="Core.Durability.Relaxed"/>, by default durable. A store in memory is neither.
    /// </value>
    public Durability Durability { get; set; }

    /// <summary>
    /// The number of changes that may wait for the disk. The next one that would have to wait behind them is refused at once with
    /// <see cref="ImmErrorCode.ThrottlingUser"/>, whether its caller waits or awaits.
    /// </summary>
    /// <value>1 to 2,147,483,647 (both inclusive), by default 65,536. In a store in memory no change waits.</value>
    public int MaxWaitingWrites { get; set; } = 65_536;

    /// <summary>
    /// The account of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.
    /// </summary>
    /// <value>1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>; by default <c>default</c>.</value>
    public string DefaultAccountId { get; set; } = "default";

    /// <summary>
    /// The region of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.
    /// </summary>
    /// <value>1 to 64 of the lower-case ASCII letters, digits and <c>-</c>; by default <c>local</c>.</value>
    public string DefaultRegionId { get; set; } = "local";

    /// <summary>The figure that projects show as <see cref="Project.ProjectQueriesPerSecond"/>. Shown only: nothing is throttled.</summary>
    /// <value>1 to 2^63−1 (both inclusive), by default 100, as the service.</value>
    public long ProjectQueriesPerSecond { get; set; } = 100;

    /// <summary>The figure that projects show as <see cref="Project.EngineConcurrency"/>. Shown only: nothing is throttled.</summary>
    /// <value>1 to 2^63−1 (both inclusive), by default 100, as the service.</value>
    public long EngineConcurrency { get; set; } = 100;

    /// <summary>
    /// The offset from UTC in which <see cref="ImmApi"/> writes times, where <see cref="ImmApiOptions.TimeOffset"/> sets no other.
    /// </summary>
    /// <value>−14 to +14 hours (both inclusive), in whole minutes; by default +8 hours, as the service.</value>
    public TimeSpan TimeOffset { get; set; } = WireTime.DefaultOffset;

    /// <summary>
    /// The clock that dates creations and updates, and measures operations. Called while changes are committed, so it is to be quick, and
    /// may neither change nor close the store. What it throws when it is asked for the time fails the change that asks, and no other.
    /// </summary>
    /// <value>
    /// Not null; by default <see cref="System.TimeProvider.System"/>, and in a container its <see cref="System.TimeProvider"/>, if it has
    /// one.
    /// </value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Decides whether an operation is allowed. Called by many threads at once, before anything is looked up.</summary>
    /// <value>Null allows everything. By default null, and in a container its <see cref="IImmAuthorizer"/>, if it has one.</value>
    public IImmAuthorizer? Authorizer { get; set; }

    /// <summary>
    /// The factory of the loggers that the store logs to; <see cref="ImmTelemetry"/> says what. It stays its owner's to dispose.
    /// </summary>
    /// <value>Null logs nothing. By default null, and in a container its logger factory, if it has one.</value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>
    /// The factory of the meter that the store reports to; <see cref="ImmTelemetry"/> says what. It stays its owner's to dispose.
    /// </summary>
    /// <value>Null for a meter of the process. By default null, and in a container its meter factory, if it has one.</value>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>The observers of every operation beside the telemetry, the first outermost.</summary>
    internal IOperationObserver[] Observers { get; set; } = [];
}
