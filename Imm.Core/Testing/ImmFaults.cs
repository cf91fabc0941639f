using CommunityToolkit.Diagnostics;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>The faults of a fixture.</summary>
/// <remarks>
/// A call meets the faults in the order in which they were put to work. Latencies add up; the first fault that refuses ends the call, and
/// those behind it neither meet nor count it. Safe to use from many threads at once.
/// </remarks>
public sealed class ImmFaults
{
    private readonly TimeProvider _timeProvider;
    private readonly Lock _lock = new();
    private ImmFault[] _faults = [];

    internal ImmFaults(TimeProvider timeProvider) => _timeProvider = timeProvider;

    /// <summary>Begins a rule for some operations.</summary>
    /// <param name="operations">One or more.</param>
    /// <exception cref="ArgumentException"><paramref name="operations"/> is null or empty.</exception>
    public ImmFaultRule On(params ImmOperation[] operations)
    {
        Guard.IsNotNull(operations, nameof(operations));
        Guard.IsNotEmpty(operations, nameof(operations));
        return new ImmFaultRule(this, _timeProvider, [.. operations]);
    }

    /// <summary>Begins a rule for all operations that change something.</summary>
    public ImmFaultRule OnWrites() => new(this, _timeProvider, ImmOperations.Writes);

    /// <summary>Begins a rule for all operations.</summary>
    public ImmFaultRule OnAny() => new(this, _timeProvider, null);

    /// <summary>Takes all faults away.</summary>
    public void Clear() => Change(_ => []);

    internal void Add(ImmFault fault) => Change(faults => [.. faults, fault]);

    internal void Remove(ImmFault fault) => Change(faults => Array.FindAll(faults, other => other != fault));

    /// <summary>Has a call that is well-formed and authorized meet the faults before it touches the store.</summary>
    internal async ValueTask<Refusal?> MeetAsync(ImmCall call, bool waits, CancellationToken cancellationToken)
    {
        foreach (ImmFault fault in Volatile.Read(ref _faults))
        {
            if (fault.IsAfterCommit || !fault.Meets(call))
            {
                continue;
            }

            if (fault.Latency > TimeSpan.Zero)
            {
                await WaitAsync(fault.Latency, waits, cancellationToken).ConfigureAwait(false);
            }

            if (fault.Elapsed > TimeSpan.Zero)
            {
                ((ImmFixtureClock)_timeProvider).Advance(fault.Elapsed);
                cancellationToken.ThrowIfCancellationRequested();
            }

            if (fault.Refusal is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    /// <summary>Has a call that succeeded meet the faults that come after the commit.</summary>
    internal Refusal? MeetAfterCommit(ImmCall call)
    {
        foreach (ImmFault fault in Volatile.Read(ref _faults))
        {
            if (fault.IsAfterCommit && fault.Meets(call))
            {
                return fault.Refusal;
            }
        }

        return null;
    }

    /// <summary>
    /// Waits for the clock. Unlike <see cref="Task.Delay(TimeSpan, TimeProvider, CancellationToken)"/> it goes on at once when it is
    /// cancelled, on the thread that moves the clock, so that a test sees the same in every run.
    /// </summary>
    private async Task WaitAsync(TimeSpan time, bool waits, CancellationToken cancellationToken)
    {
        if (waits && ReferenceEquals(_timeProvider, TimeProvider.System))
        {
            // Its timers need a thread of the pool, which one that waits must not.
            cancellationToken.WaitHandle.WaitOne((int)Math.Min(Math.Ceiling(time.TotalMilliseconds), int.MaxValue));
            cancellationToken.ThrowIfCancellationRequested();
            return;
        }

        var end = new TaskCompletionSource();
        using ITimer timer = _timeProvider.CreateTimer(
            static end => ((TaskCompletionSource)end!).TrySetResult(), end, time, Timeout.InfiniteTimeSpan);
        using CancellationTokenRegistration cancellation = cancellationToken.UnsafeRegister(
            static (end, token) => ((TaskCompletionSource)end!).TrySetCanceled(token), end);
        if (waits)
        {
            end.Task.GetAwaiter().GetResult();
        }
        else
        {
            await end.Task.ConfigureAwait(false);
        }
    }

    private void Change(Func<ImmFault[], ImmFault[]> change)
    {
        lock (_lock)
        {
            Volatile.Write(ref _faults, change(_faults));
        }
    }
}
