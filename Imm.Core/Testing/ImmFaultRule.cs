using System.Globalization;
using CommunityToolkit.Diagnostics;

namespace Imm.Core.Testing;

/// <summary>
/// Selects the calls that a fault is injected into, and ends with the effect of the fault:
/// <c>fixture.Faults.On(ImmOperation.CreateProject).ForProject("photos").Times(2).Throttle()</c>.
/// </summary>
/// <remarks>
/// The effect starts the fault and returns it, to be disposed. As with the service, no fault is injected into a call that is malformed or
/// that the authorizer refuses. Not thread-safe; the fault is.
/// </remarks>
public sealed class ImmFaultRule
{
    private static readonly string[] Codes =
    [
        ImmErrorCode.InvalidArgument, ImmErrorCode.LimitExceededError, ImmErrorCode.ResourceAlreadyExists, ImmErrorCode.ResourceNotFound,
        ImmErrorCode.StatusConflict, ImmErrorCode.InvalidActionNotFound, ImmErrorCode.NoPermission, ImmErrorCode.ServiceUnavailable,
        ImmErrorCode.ThrottlingUser, ImmErrorCode.RevisionMismatch, ImmErrorCode.RevisionGone,
    ];

    private readonly FaultInjector _injector;
    private FaultCondition _condition;
    private int _every = 1;
    private int? _times;

    internal ImmFaultRule(FaultInjector injector, ImmOperation[]? operations)
    {
        _injector = injector;
        _condition = new FaultCondition(operations);
    }

    /// <summary>Restricts the fault to calls of an account.</summary>
    /// <param name="accountId">The account.</param>
    /// <exception cref="ArgumentNullException"><paramref name="accountId"/> is null.</exception>
    public ImmFaultRule InAccount(string accountId)
    {
        Guard.IsNotNull(accountId, nameof(accountId));
        return With(_condition with { AccountId = accountId });
    }

    /// <summary>Restricts the fault to calls in a region.</summary>
    /// <param name="regionId">The region.</param>
    /// <exception cref="ArgumentNullException"><paramref name="regionId"/> is null.</exception>
    public ImmFaultRule InRegion(string regionId)
    {
        Guard.IsNotNull(regionId, nameof(regionId));
        return With(_condition with { RegionId = regionId });
    }

    /// <summary>Restricts the fault to calls about a project, including those about its datasets.</summary>
    /// <param name="projectName">The project's name.</param>
    /// <exception cref="ArgumentNullException"><paramref name="projectName"/> is null.</exception>
    public ImmFaultRule ForProject(string projectName)
    {
        Guard.IsNotNull(projectName, nameof(projectName));
        return With(_condition with { ProjectName = projectName });
    }

    /// <summary>Restricts the fault to calls about a dataset.</summary>
    /// <param name="projectName">The project's name.</param>
    /// <param name="datasetName">The dataset's name.</param>
    /// <exception cref="ArgumentNullException">A name is null.</exception>
    public ImmFaultRule ForDataset(string projectName, string datasetName)
    {
        Guard.IsNotNull(projectName, nameof(projectName));
        Guard.IsNotNull(datasetName, nameof(datasetName));
        return With(_condition with { ProjectName = projectName, DatasetName = datasetName });
    }

    /// <summary>Restricts the fault to calls that a predicate accepts. An exception of the predicate is passed on to the caller.</summary>
    /// <param name="predicate">Called by many threads at once, while the call is under way and its end is not known.</param>
    /// <exception cref="ArgumentNullException"><paramref name="predicate"/> is null.</exception>
    public ImmFaultRule Where(Func<ImmCall, bool> predicate)
    {
        Guard.IsNotNull(predicate, nameof(predicate));
        return With(_condition with { Where = predicate });
    }

    /// <summary>Restricts the fault to the first so many calls. The default is no limit, until the fault is disposed.</summary>
    /// <param name="times">The number of calls, 1 to 2,147,483,647.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="times"/> is below 1.</exception>
    public ImmFaultRule Times(int times)
    {
        Guard.IsGreaterThanOrEqualTo(times, 1, nameof(times));
        _times = times;
        return this;
    }

    /// <summary>
    /// Restricts the fault to the n-th, the 2n-th and so on of the calls that the rest of the rule selects. Together with
    /// <see cref="Times"/>, to the first so many of these.
    /// </summary>
    /// <param name="n">The step, 1 to 2,147,483,647. The default is 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is below 1.</exception>
    public ImmFaultRule Every(int n)
    {
        Guard.IsGreaterThanOrEqualTo(n, 1, nameof(n));
        _every = n;
        return this;
    }

    /// <summary>Refuses the call before it touches the store, with a code of <see cref="ImmErrorCode"/>.</summary>
    /// <param name="code">One of <see cref="ImmErrorCode"/>.</param>
    /// <param name="message">The message; null for one that names the fixture and the call.</param>
    /// <param name="parameter">The value of <see cref="ImmException.Parameter"/>.</param>
    /// <param name="requested">The value of <see cref="ImmException.Requested"/>.</param>
    /// <param name="used">The value of <see cref="ImmException.Used"/>.</param>
    /// <param name="limit">The value of <see cref="ImmException.Limit"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="code"/> is not a code of <see cref="ImmErrorCode"/>.</exception>
    public ImmFault Fail(
        string code, string? message = null, string? parameter = null, long? requested = null, long? used = null, long? limit = null)
    {
        CheckCode(code);
        return Refuse(
            code,
            call => message ?? $"A fault of the test fixture in {call.Subject}.",
            text => new ImmRefusal(code, text, parameter, requested, used, limit));
    }

    /// <summary>
    /// Refuses the call as the service refuses a caller without permission: <see cref="ImmErrorCode.NoPermission"/>, with a message that
    /// names action and resource. <see cref="DenyByPolicy"/> adds the details that policies give; <see cref="ImmFixture.Ram"/> has policies
    /// that decide by themselves.
    /// </summary>
    public ImmFault Deny() =>
        Refuse(ImmErrorCode.NoPermission, call => Decide(call).Sentence, text => new ImmRefusal(ImmErrorCode.NoPermission, text));

    /// <summary>
    /// Refuses the call as policies do: <see cref="ImmErrorCode.NoPermission"/>, with <c>AccessDeniedDetail</c> in the answer on the wire.
    /// </summary>
    /// <param name="effect"><see cref="RamEffect.ImplicitDeny"/> or <see cref="RamEffect.ExplicitDeny"/>: the NoPermissionType.</param>
    /// <param name="policyType">The kind of the policies that refuse: the PolicyType.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="effect"/> is not a refusal, or <paramref name="policyType"/> is not a kind of policies.
    /// </exception>
    public ImmFault DenyByPolicy(
        RamEffect effect = RamEffect.ImplicitDeny, RamPolicyType policyType = RamPolicyType.AccountLevelIdentityBasedPolicy)
    {
        if (effect is not (RamEffect.ImplicitDeny or RamEffect.ExplicitDeny))
        {
            throw new ArgumentOutOfRangeException(nameof(effect), effect, $"{effect} is not a refusal. Use ImplicitDeny or ExplicitDeny.");
        }

        if (!Enum.IsDefined(policyType))
        {
            throw new ArgumentOutOfRangeException(
                nameof(policyType), policyType, $"{policyType} is not a kind of policies. Use one of RamPolicyType.");
        }

        return Start(new FaultEffect($"{ImmErrorCode.NoPermission} by {effect} of {policyType}")
        {
            Refuse = call => OperationPipeline.Denied(Decide(call, effect).WithPolicyType(policyType), call.Principal),
        });
    }

    /// <summary>Refuses the call as throttled: <see cref="ImmErrorCode.ThrottlingUser"/>.</summary>
    public ImmFault Throttle() => Refuse(
        ImmErrorCode.ThrottlingUser,
        call => $"Request was denied due to user flow control. {By(call)}",
        text => new ImmRefusal(ImmErrorCode.ThrottlingUser, text));

    /// <summary>
    /// Refuses the call as a failed store does: <see cref="ImmErrorCode.ServiceUnavailable"/> with an <see cref="IOException"/> as
    /// <see cref="Exception.InnerException"/>, and nothing changed.
    /// </summary>
    public ImmFault BeUnavailable() => Refuse(
        ImmErrorCode.ServiceUnavailable,
        call => $"The store has failed and takes no more changes. {By(call)}",
        text => new ImmRefusal(ImmErrorCode.ServiceUnavailable, text));

    /// <summary>
    /// Carries out the call, and then reports a failure to the caller: the change is made, as after an answer that was lost. A retry must
    /// cope with it. Calls that are refused for another reason are not counted.
    /// </summary>
    /// <param name="code">One of <see cref="ImmErrorCode"/>.</param>
    /// <exception cref="ArgumentException"><paramref name="code"/> is not a code of <see cref="ImmErrorCode"/>.</exception>
    public ImmFault FailAfterCommit(string code = ImmErrorCode.ServiceUnavailable)
    {
        CheckCode(code);
        return Refuse(
            $"{code} after the commit",
            call => $"The answer was lost after the change was made. {By(call)}",
            text => new ImmRefusal(code, text),
            isAfterCommit: true);
    }

    /// <summary>
    /// Delays the call, before it touches the store, until the fixture's clock has moved by the given time. A synchronous call, such as
    /// <see cref="ProjectRegistry.Get"/>, blocks its thread meanwhile; for those use <see cref="Elapse"/>.
    /// </summary>
    /// <param name="latency">The time on the fixture's clock, above zero.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="latency"/> is not above zero.</exception>
    public ImmFault Delay(TimeSpan latency)
    {
        Guard.IsGreaterThan(latency, TimeSpan.Zero, nameof(latency));
        return Start(new FaultEffect(string.Create(CultureInfo.InvariantCulture, $"delay {latency}")) { Delay = latency });
    }

    /// <summary>
    /// Moves the fixture's clock by the given time before the call touches the store, as if the call took that long. No thread waits, and
    /// timeouts on that clock expire meanwhile.
    /// </summary>
    /// <param name="time">The time on the fixture's clock, above zero.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="time"/> is not above zero.</exception>
    /// <exception cref="InvalidOperationException">The clock of the fixture is not an <see cref="ImmFixtureClock"/>.</exception>
    public ImmFault Elapse(TimeSpan time)
    {
        Guard.IsGreaterThan(time, TimeSpan.Zero, nameof(time));
        return _injector.TimeProvider is ImmFixtureClock
            ? Start(new FaultEffect(string.Create(CultureInfo.InvariantCulture, $"elapse {time}")) { Elapse = time })
            : throw new InvalidOperationException("The fixture's clock is not an ImmFixtureClock. Only its owner can move it.");
    }

    private static void CheckCode(string code)
    {
        Guard.IsNotNull(code, nameof(code));
        if (Array.IndexOf(Codes, code) < 0)
        {
            ThrowHelper.ThrowArgumentException(nameof(code), $"'{code}' is not an error code. Use one of ImmErrorCode.");
        }
    }

    private ImmFaultRule With(FaultCondition condition)
    {
        _condition = condition;
        return this;
    }

    private static string By(ImmCall call) => $"A fault of the test fixture in {call.Subject}.";

    /// <summary>Makes a decision that refuses a call.</summary>
    private static RamDecision Decide(ImmCall call, RamEffect effect = RamEffect.ImplicitDeny)
    {
        string action = ImmOperations.ActionOf(call.Operation);
        return effect == RamEffect.ExplicitDeny
            ? new RamDecision(effect, "fault-of-the-test-fixture", 0, action, call.Resource)
            : RamDecision.Refused(action, call.Resource, "A fault of the test fixture.");
    }

    private ImmFault Refuse(
        string name, Func<ImmCall, string> message, Func<string, ImmRefusal> refusal, bool isAfterCommit = false) =>
        Start(new FaultEffect(name)
        {
            Refuse = call => WithCause(refusal(message(call))),
            IsAfterCommit = isAfterCommit,
        });

    // A failed store gives the cause of its failure.
    private static ImmRefusal WithCause(ImmRefusal refusal) => refusal.Code == ImmErrorCode.ServiceUnavailable
        ? refusal with
        {
            Reason = ImmUnavailableReason.StoreFailed,
            Cause = new IOException("A fault of the test fixture: a write to the disk has failed."),
        }
        : refusal;

    private ImmFault Start(FaultEffect effect) => _injector.Start(effect, _condition, _every, _times);
}
