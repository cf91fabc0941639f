namespace Imm.Core.Testing;

/// <summary>The effect of a fault.</summary>
/// <param name="Name">Its name in the record.</param>
internal sealed record FaultEffect(string Name)
{
    /// <summary>Makes the refusal of a call; null where the call goes on.</summary>
    public Func<ImmCall, ImmRefusal>? Refuse { get; init; }

    /// <summary>True if the call is carried out before it is refused.</summary>
    public bool IsAfterCommit { get; init; }

    /// <summary>The time for which the call waits on the fixture's clock.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>The time by which the fixture's clock is moved.</summary>
    public TimeSpan Elapse { get; init; }
}

/// <summary>The calls that a fault is about.</summary>
/// <param name="Operations">The operations; null for all.</param>
internal sealed record FaultCondition(ImmOperation[]? Operations)
{
    public string? AccountId { get; init; }

    public string? RegionId { get; init; }

    public string? ProjectName { get; init; }

    public string? DatasetName { get; init; }

    public Func<ImmCall, bool>? Where { get; init; }

    public bool Matches(ImmCall call) =>
        (Operations is null || Array.IndexOf(Operations, call.Operation) >= 0)
        && (AccountId is null || call.AccountId == AccountId)
        && (RegionId is null || call.RegionId == RegionId)
        && (ProjectName is null || (DatasetName is null ? call.IsAbout(ProjectName) : call.IsAbout(ProjectName, DatasetName)))
        && (Where is null || Where(call));

    /// <summary>Describes the calls, as the rest of a sentence.</summary>
    public override string ToString()
    {
        string operations = Operations is null ? "any operation"
            : Operations == ImmOperations.Writes ? "any change"
            : string.Join(" or ", Operations);
        string resource = ProjectName is null ? "" : DatasetName is null ? $" of {ProjectName}" : $" of {ProjectName}/{DatasetName}";
        string scope = (AccountId, RegionId) is (null, null) ? "" : $" in {AccountId ?? "*"}/{RegionId ?? "*"}";
        return operations + resource + scope + (Where is null ? "" : " where a predicate holds");
    }
}

/// <summary>The active faults of a fixture, in the order in which they were started. Thread-safe.</summary>
internal sealed class FaultInjector(TimeProvider timeProvider)
{
    private readonly Lock _lock = new();
    private ActiveFault[] _active = [];

    public TimeProvider TimeProvider => timeProvider;

    public ImmFault Start(FaultEffect effect, FaultCondition condition, int every, int? times)
    {
        var fault = new ImmFault(effect.Name, condition.ToString(), every, times, Remove);
        Change(active => [.. active, new ActiveFault(fault, effect, condition)]);
        return fault;
    }

    public void Clear() => Change(_ => []);

    /// <summary>Injects faults into a call that is well-formed and authorized, before it touches the store.</summary>
    /// <returns>The refusal of the call; null where it goes on.</returns>
    public async ValueTask<ImmRefusal?> InjectAsync(ImmCall call, bool isSynchronous, CancellationToken cancellationToken)
    {
        foreach (ActiveFault active in Volatile.Read(ref _active))
        {
            FaultEffect effect = active.Effect;
            if (effect.IsAfterCommit || !active.Hits(call))
            {
                continue;
            }

            if (effect.Delay > TimeSpan.Zero)
            {
                await DelayAsync(effect.Delay, isSynchronous, cancellationToken).ConfigureAwait(false);
            }

            if (effect.Elapse > TimeSpan.Zero)
            {
                ((ImmFixtureClock)timeProvider).Advance(effect.Elapse);
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (effect.Refuse is { } refuse)
            {
                return refuse(call);
            }
        }

        return null;
    }

    /// <summary>Injects faults into a call that has succeeded.</summary>
    /// <returns>The refusal that the caller gets instead of the answer; null for the answer.</returns>
    public ImmRefusal? InjectAfterCommit(ImmCall call) =>
        Array.Find(Volatile.Read(ref _active), active => active.Effect.IsAfterCommit && active.Hits(call))?.Effect.Refuse?.Invoke(call);

    /// <summary>
    /// Waits for the clock. Unlike <see cref="Task.Delay(TimeSpan, TimeProvider, CancellationToken)"/> it continues at once when it is
    /// cancelled, on the thread that moves the clock, so that a test runs the same way every time.
    /// </summary>
    private async Task DelayAsync(TimeSpan delay, bool isSynchronous, CancellationToken cancellationToken)
    {
        if (isSynchronous && ReferenceEquals(timeProvider, TimeProvider.System))
        {
            // The timers of the system need a thread of the pool, which a synchronous call must not.
            cancellationToken.WaitHandle.WaitOne((int)Math.Min(Math.Ceiling(delay.TotalMilliseconds), int.MaxValue));
            cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        var end = new TaskCompletionSource();
        using ITimer timer = timeProvider.CreateTimer(
            static end => ((TaskCompletionSource)end!).TrySetResult(), end, delay, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration cancellation = cancellationToken.UnsafeRegister(
            static (end, token) => ((TaskCompletionSource)end!).TrySetCanceled(token), end);
        if (isSynchronous)
        {
            end.Task.GetAwaiter().GetResult();
        }
        else
        {
            await end.Task.ConfigureAwait(false);
        }
    }

    private void Remove(ImmFault fault) => Change(active => Array.FindAll(active, other => other.Fault != fault));

    private void Change(Func<ActiveFault[], ActiveFault[]> change)
    {
        lock (_lock)
        {
            Volatile.Write(ref _active, change(_active));
        }
    }

    private sealed record ActiveFault(ImmFault Fault, FaultEffect Effect, FaultCondition Condition)
    {
        /// <summary>Checks a call, counts it where it matches, and adds a fault that hits it to its record.</summary>
        public bool Hits(ImmCall call)
        {
            if (!Condition.Matches(call) || !Fault.TryHit())
            {
                return false;
            }

            call.Add(Fault);
            return true;
        }
    }
}
