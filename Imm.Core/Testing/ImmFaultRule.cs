using System.Globalization;
using CommunityToolkit.Diagnostics;
using Imm.Core.Model;

namespace Imm.Core.Testing;

/// <summary>
/// Selects the calls that a fault meets, in words that end with what it does:
/// <c>fixture.Faults.On(ImmOperation.CreateProject).ForProject("photos").Times(2).Throttle()</c>.
/// </summary>
/// <remarks>
/// The end of the sentence puts the fault to work, and gives it, to be disposed. A call that is malformed, or that the authorizer refuses,
/// does not come so far as to meet a fault, as with the service. Not thread-safe; the fault is.
/// </remarks>
public sealed class ImmFaultRule
{
    private static readonly string[] Codes =
    [
        ImmErrorCode.InvalidArgument, ImmErrorCode.LimitExceededError, ImmErrorCode.ResourceAlreadyExists, ImmErrorCode.ResourceNotFound,
        ImmErrorCode.StatusConflict, ImmErrorCode.InvalidActionNotFound, ImmErrorCode.NoPermission, ImmErrorCode.ServiceUnavailable,
        ImmErrorCode.ThrottlingUser,
    ];

    private readonly ImmFaults _faults;
    private readonly TimeProvider _timeProvider;
    private Condition _condition;

    internal ImmFaultRule(ImmFaults faults, TimeProvider timeProvider, ImmOperation[]? operations)
    {
        _faults = faults;
        _timeProvider = timeProvider;
        _condition = new Condition(operations);
    }

    /// <summary>Only calls of this account.</summary>
    /// <param name="accountId">The account.</param>
    public ImmFaultRule InAccount(string accountId)
    {
        Guard.IsNotNull(accountId, nameof(accountId));
        return With(_condition with { AccountId = accountId });
    }

    /// <summary>Only calls in this region.</summary>
    /// <param name="regionId">The region.</param>
    public ImmFaultRule InRegion(string regionId)
    {
        Guard.IsNotNull(regionId, nameof(regionId));
        return With(_condition with { RegionId = regionId });
    }

    /// <summary>Only calls about this project, its datasets included.</summary>
    /// <param name="projectName">The project's name.</param>
    public ImmFaultRule ForProject(string projectName)
    {
        Guard.IsNotNull(projectName, nameof(projectName));
        return With(_condition with { ProjectName = projectName });
    }

    /// <summary>Only calls about this dataset.</summary>
    /// <param name="projectName">The project's name.</param>
    /// <param name="datasetName">The dataset's name.</param>
    public ImmFaultRule ForDataset(string projectName, string datasetName)
    {
        Guard.IsNotNull(projectName, nameof(projectName));
        Guard.IsNotNull(datasetName, nameof(datasetName));
        return With(_condition with { ProjectName = projectName, DatasetName = datasetName });
    }

    /// <summary>Only calls of which this is true. What it throws goes to the caller of the operation.</summary>
    /// <param name="predicate">Asked by many threads at once; the call is under way, so nothing is known of its end.</param>
    public ImmFaultRule Where(Func<ImmCall, bool> predicate)
    {
        Guard.IsNotNull(predicate, nameof(predicate));
        return With(_condition with { Where = predicate });
    }

    /// <summary>Only so many times, then no more; unless this is said, until the fault is disposed.</summary>
    /// <param name="times">How many, from 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is below 1.</exception>
    public ImmFaultRule Times(int times)
    {
        Guard.IsGreaterThanOrEqualTo(times, 1, nameof(times));
        return With(_condition with { Times = times });
    }

    /// <summary>
    /// Of the calls that the rest of the sentence is about only the n-th, the 2n-th and so on; together with <see cref="Times"/>, so many
    /// of these.
    /// </summary>
    /// <param name="n">From 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    public ImmFaultRule Every(int n)
    {
        Guard.IsGreaterThanOrEqualTo(n, 1, nameof(n));
        return With(_condition with { Every = n });
    }

    /// <summary>Refuses the call before it touches the store, with a code of the contract.</summary>
    /// <param name="code">One of <see cref="ImmErrorCode"/>.</param>
    /// <param name="message">The message; null for one that says that it was injected.</param>
    /// <param name="parameter">What <see cref="ImmException.Parameter"/> says.</param>
    /// <param name="requested">What <see cref="ImmException.Requested"/> says.</param>
    /// <param name="used">What <see cref="ImmException.Used"/> says.</param>
    /// <param name="limit">What <see cref="ImmException.Limit"/> says.</param>
    /// <exception cref="ArgumentException"><paramref name="code"/> is no code of the contract.</exception>
    public ImmFault Fail(
        string code, string? message = null, string? parameter = null, long? requested = null, long? used = null, long? limit = null)
    {
        CheckCode(code);
        return Start(
            code,
            new Refusal(code, message ?? $"A fault of the test fixture: {code}.", parameter, requested, used, limit),
            TimeSpan.Zero,
            TimeSpan.Zero,
            false);
    }

    /// <summary>Refuses the call as throttled: <see cref="ImmErrorCode.ThrottlingUser"/>.</summary>
    public ImmFault Throttle() => Fail(ImmErrorCode.ThrottlingUser, "Request was denied due to user flow control.");

    /// <summary>
    /// Refuses the call as a store that has failed does: <see cref="ImmErrorCode.ServiceUnavailable"/> with an <see cref="IOException"/> as
    /// <see cref="Exception.InnerException"/>, nothing changed.
    /// </summary>
    public ImmFault BeUnavailable() => Fail(ImmErrorCode.ServiceUnavailable, "The store has failed and takes no more changes.");

    /// <summary>
    /// Carries the call out, and then tells its caller that it failed: the change is there, as after an answer that was lost. What a retry
    /// must survive. Calls that are refused anyway are not counted.
    /// </summary>
    /// <param name="code">One of <see cref="ImmErrorCode"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="code"/> is no code of the contract.</exception>
    public ImmFault FailAfterCommit(string code = ImmErrorCode.ServiceUnavailable)
    {
        CheckCode(code);
        return Start(
            $"{code} after the commit",
            new Refusal(code, "A fault of the test fixture: the answer was lost after the change was made."),
            TimeSpan.Zero,
            TimeSpan.Zero,
            true);
    }

    /// <summary>
    /// Has the call wait, before it touches the store, until the fixture's clock has moved on by so much. A call that does not await, such
    /// as <see cref="ProjectRegistry.Get"/>, blocks its thread so long: for those see <see cref="Elapse"/>.
    /// </summary>
    /// <param name="latency">How long on the fixture's clock.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="latency"/> is not above zero.</exception>
    public ImmFault Delay(TimeSpan latency)
    {
        Guard.IsGreaterThan(latency, TimeSpan.Zero, nameof(latency));
        return Start(string.Create(CultureInfo.InvariantCulture, $"delay {latency}"), null, latency, TimeSpan.Zero, false);
    }

    /// <summary>
    /// Moves the fixture's clock on by so much, as if the call took that long, before it touches the store: nobody waits, and timeouts on
    /// that clock come due meanwhile.
    /// </summary>
    /// <param name="time">How much on the fixture's clock.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is not above zero.</exception>
    /// <exception cref="InvalidOperationException">The fixture was given a clock that is no <see cref="ImmFixtureClock"/>.</exception>
    public ImmFault Elapse(TimeSpan time)
    {
        Guard.IsGreaterThan(time, TimeSpan.Zero, nameof(time));
        return _timeProvider is ImmFixtureClock
            ? Start(string.Create(CultureInfo.InvariantCulture, $"elapse {time}"), null, TimeSpan.Zero, time, false)
            : throw new InvalidOperationException("The fixture was given a clock of another type, which only its owner can move.");
    }

    private static void CheckCode(string code)
    {
        Guard.IsNotNull(code, nameof(code));
        if (Array.IndexOf(Codes, code) < 0)
        {
            ThrowHelper.ThrowArgumentException(nameof(code), $"'{code}' is no code of the contract; ImmErrorCode holds them.");
        }
    }

    private ImmFaultRule With(Condition condition)
    {
        _condition = condition;
        return this;
    }

    private ImmFault Start(string outcome, Refusal? refusal, TimeSpan delay, TimeSpan elapse, bool afterCommit)
    {
        if (refusal?.Code == ImmErrorCode.ServiceUnavailable)
        {
            // A store that has failed tells its callers why.
            refusal = refusal with { Cause = new IOException("A fault of the test fixture: a write to the disk has failed.") };
        }

        var fault = new ImmFault(_faults, _condition, outcome, refusal, delay, elapse, afterCommit);
        _faults.Add(fault);
        return fault;
    }

    internal sealed record Condition(ImmOperation[]? Operations)
    {
        public string? AccountId { get; init; }

        public string? RegionId { get; init; }

        public string? ProjectName { get; init; }

        public string? DatasetName { get; init; }

        public Func<ImmCall, bool>? Where { get; init; }

        public int? Times { get; init; }

        public int Every { get; init; } = 1;

        public bool Holds(ImmCall call) =>
            (Operations is null || Array.IndexOf(Operations, call.Operation) >= 0)
            && (AccountId is null || call.AccountId == AccountId)
            && (RegionId is null || call.RegionId == RegionId)
            && (ProjectName is null || (DatasetName is null ? call.IsAbout(ProjectName) : call.IsAbout(ProjectName, DatasetName)))
            && (Where is null || Where(call));
    }
}
