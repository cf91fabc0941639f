using System.Diagnostics.Metrics;
using Imm.Core.Operations;
using Imm.Core.Wire;
using Microsoft.Extensions.Logging;

namespace Imm.Core;

/// <summary>How to open a store. Read when <see cref="ImmStore.Open(ImmStoreOptions)"/> is called; a change made later has no effect on it.</summary>
public sealed class ImmStoreOptions
{
    /// <summary>What metrics and logs call the store, to tell it from others of the process.</summary>
    /// <value>Neither empty nor white space; null for no name. By default null, and in a container the key of the store.</value>
    public string? Name { get; set; }

    /// <summary>The data file; its log files stand beside it.</summary>
    /// <value>A path of a file that exists or can be created; null keeps the store in memory. By default null.</value>
    public string? Path { get; set; }

    /// <summary>How many projects each account may have in each region, where <see cref="ProjectRegistry.SetProjectQuota"/> has set no other number.</summary>
    /// <value>0 to 2,147,483,647 (both inclusive), by default 100, as the service.</value>
    public int ProjectQuota { get; set; } = 100;

    /// <summary>What an acknowledged change is safe from.</summary>
    /// <value><see cref="Core.Durability.Durable"/> or <see cref="Core.Durability.Relaxed"/>, by default durable. A store in memory is neither.</value>
    public Durability Durability { get; set; }

    /// <summary>The account of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.</summary>
    /// <value>1 to 64 of the ASCII letters, digits, <c>_</c> and <c>-</c>; by default <c>default</c>.</value>
    public string DefaultAccountId { get; set; } = "default";

    /// <summary>The region of <see cref="ImmStore.Registry()"/>, and of the <see cref="ProjectRegistry"/> that a container injects.</summary>
    /// <value>1 to 64 of the lower-case ASCII letters, digits and <c>-</c>; by default <c>local</c>.</value>
    public string DefaultRegionId { get; set; } = "local";

    /// <summary>What projects show as <see cref="Project.ProjectQueriesPerSecond"/>. Shown only: nothing is throttled.</summary>
    /// <value>1 to 2^63−1 (both inclusive), by default 100, as the service.</value>
    public long ProjectQueriesPerSecond { get; set; } = 100;

    /// <summary>What projects show as <see cref="Project.EngineConcurrency"/>. Shown only: nothing is throttled.</summary>
    /// <value>1 to 2^63−1 (both inclusive), by default 100, as the service.</value>
    public long EngineConcurrency { get; set; } = 100;

    /// <summary>The offset from UTC in which <see cref="ImmApi"/> writes times, where <see cref="ImmApiOptions.TimeOffset"/> sets no other.</summary>
    /// <value>−14 to +14 hours (both inclusive), in whole minutes; by default +8 hours, as the service.</value>
    public TimeSpan TimeOffset { get; set; } = WireTime.DefaultOffset;

    /// <summary>The clock that dates creations and updates.</summary>
    /// <value>Not null; by default <see cref="System.TimeProvider.System"/>, and in a container its <see cref="System.TimeProvider"/>, if it has one.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Who decides whether an operation is allowed. Called by many threads at once, before anything is looked up.</summary>
    /// <value>Null allows everything. By default null, and in a container its <see cref="IImmAuthorizer"/>, if it has one.</value>
    public IImmAuthorizer? Authorizer { get; set; }

    /// <summary>Where the store logs; <see cref="ImmTelemetry"/> says what. It stays its owner's to dispose.</summary>
    /// <value>Null logs nothing. By default null, and in a container its logger factory, if it has one.</value>
    public ILoggerFactory? LoggerFactory { get; set; }

    /// <summary>Who has the meter that the store reports to; <see cref="ImmTelemetry"/> says what. It stays its owner's to dispose.</summary>
    /// <value>Null for a meter of the process. By default null, and in a container its meter factory, if it has one.</value>
    public IMeterFactory? MeterFactory { get; set; }

    /// <summary>What runs around every operation, the first outermost.</summary>
    internal IOperationHook[] Hooks { get; set; } = [];
}
