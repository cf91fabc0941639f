using Imm.Core.Operations;

namespace Imm.Core;

/// <summary>How to open a store. Read when <see cref="ImmStore.Open(ImmStoreOptions)"/> is called; a change made later has no effect on it.</summary>
public sealed class ImmStoreOptions
{
    /// <summary>The data file; its log files stand beside it.</summary>
    /// <value>A path of a file that exists or can be created; null keeps the store in memory. By default null.</value>
    public string? Path { get; set; }

    /// <summary>How many projects each account may have in each region, where <see cref="ProjectRegistry.SetProjectQuota"/> has set no other number.</summary>
    /// <value>0 to 2,147,483,647 (both inclusive), by default 100, as the service.</value>
    public int ProjectQuota { get; set; } = 100;

    /// <summary>What an acknowledged change is safe from.</summary>
    /// <value><see cref="Core.Durability.Durable"/> or <see cref="Core.Durability.Relaxed"/>, by default durable. A store in memory is neither.</value>
    public Durability Durability { get; set; }

    /// <summary>The clock that dates creations and updates.</summary>
    /// <value>Not null; by default <see cref="System.TimeProvider.System"/>.</value>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>Who decides whether an operation is allowed. Called by many threads at once, before anything is looked up.</summary>
    /// <value>Null allows everything. By default null.</value>
    public IImmAuthorizer? Authorizer { get; set; }

    /// <summary>What runs around every operation, the first outermost.</summary>
    internal IOperationHook[] Hooks { get; set; } = [];
}
