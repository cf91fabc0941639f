using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Microsoft.Extensions.Options;

namespace Imm.Core.Testing;

/// <summary>
/// An IMM of a test's own: a store in memory with the service's rules, a clock that the test moves, ids that are the same in every run, faults on demand and a
/// record of every call.
/// </summary>
/// <remarks>
/// A fixture shares nothing with another that either could change, so tests with one each run beside each other. Safe to use from many threads at
/// once, but for <see cref="Seed"/>. It belongs to no test framework.
/// </remarks>
public sealed class ImmFixture : IDisposable
{
    private readonly ImmFixtureOptions _options;
    private readonly RequestIds _requestIds;

    /// <summary>Makes an empty fixture.</summary>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">The account or region is null or malformed.</exception>
    /// <exception cref="OptionsValidationException">Another option is out of its range.</exception>
    public ImmFixture(ImmFixtureOptions? options = null)
        : this(options, null, null)
    {
    }

    /// <summary>Makes a fixture that begins with a snapshot, in a time that does not depend on what is in it.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="snapshot"/> is null.</exception>
    /// <exception cref="ArgumentException">The account or region is null or malformed.</exception>
    /// <exception cref="OptionsValidationException">Another option is out of its range.</exception>
    public ImmFixture(ImmSnapshot snapshot, ImmFixtureOptions? options = null)
        : this(options, snapshot, null) => Guard.IsNotNull(snapshot, nameof(snapshot));

    private ImmFixture(ImmFixtureOptions? options, ImmSnapshot? snapshot, RequestIds? requestIds)
    {
        options ??= new ImmFixtureOptions();
        Scope.ThrowIfMalformed(options.AccountId, options.RegionId);
        _options = new ImmFixtureOptions
        {
            AccountId = options.AccountId,
            RegionId = options.RegionId,
            ProjectQuota = options.ProjectQuota ?? snapshot?.ProjectQuota,
            Seed = options.Seed,
            TimeProvider = options.TimeProvider,
            Authorizer = options.Authorizer,
        };
        TimeProvider = options.TimeProvider ?? new ImmFixtureClock(snapshot?.Time ?? ImmFixtureClock.DefaultStart);
        Calls = new ImmCalls();
        Faults = new ImmFaults(TimeProvider);
        _requestIds = requestIds ?? new RequestIds(options.Seed);

        var storeOptions = new ImmStoreOptions
        {
            DefaultAccountId = AccountId,
            DefaultRegionId = RegionId,
            TimeProvider = TimeProvider,
            Authorizer = options.Authorizer,
            Observers = [new FixtureObserver(Calls, Faults, TimeProvider)],
        };
        storeOptions.ProjectQuota = _options.ProjectQuota ?? storeOptions.ProjectQuota;
        Store = ImmStore.InMemory(storeOptions, snapshot?.Image);
        Registry = Store.Registry(AccountId, RegionId);
        Api = new ImmApi(Store, new ImmApiOptions { RequestId = _requestIds.Next });
    }

    /// <summary>The account that the fixture uses where none is named.</summary>
    public string AccountId => _options.AccountId;

    /// <summary>The region that the fixture uses where none is named.</summary>
    public string RegionId => _options.RegionId;

    /// <summary>The store, to give to code that wants one, and for registries of other accounts and regions.</summary>
    public ImmStore Store { get; }

    /// <summary>The registry of <see cref="AccountId"/> in <see cref="RegionId"/>.</summary>
    public ProjectRegistry Registry { get; }

    /// <summary>The RPC face of the store. Its RequestIds come from <see cref="ImmFixtureOptions.Seed"/>.</summary>
    public ImmApi Api { get; }

    /// <summary>The clock of the store, of latencies and of the record.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>The clock, to move it.</summary>
    /// <exception cref="InvalidOperationException">The fixture was given a clock of another type.</exception>
    public ImmFixtureClock Clock => TimeProvider as ImmFixtureClock
        ?? throw new InvalidOperationException("The fixture was given a clock of another type; move that one.");

    /// <summary>The calls that the store has received.</summary>
    public ImmCalls Calls { get; }

    /// <summary>What goes wrong, on purpose.</summary>
    public ImmFaults Faults { get; }

    /// <summary>Prepares what a test begins with, in <see cref="AccountId"/> and <see cref="RegionId"/>. Its steps are counted anew each time.</summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmSeed Seed => new(Store, AccountId, RegionId);

    /// <summary>
    /// A handler with which an <see cref="HttpClient"/> talks to the fixture, as <see cref="AccountId"/> in <see cref="RegionId"/>, without a socket:
    /// <c>new HttpClient(fixture.HttpHandler())</c>.
    /// </summary>
    public ImmHttpMessageHandler HttpHandler() => new(Api, AccountId, RegionId);

    /// <summary>Takes a snapshot of the store as it is at one moment. Faults, record and ids are not part of it.</summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmSnapshot Snapshot() => ImmSnapshot.Of(Store);

    /// <summary>
    /// Makes the store be as a snapshot, its own or that of another fixture: projects, and the project quotas that were set. Registries stay good; the
    /// clock goes on, and faults and record stay.
    /// </summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <exception cref="ArgumentNullException"><paramref name="snapshot"/> is null.</exception>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public void Restore(ImmSnapshot snapshot)
    {
        Guard.IsNotNull(snapshot, nameof(snapshot));
        Store.Restore(snapshot.Image);
    }

    /// <summary>
    /// Makes another fixture that is as this one is now, and goes its own way: the same options, time, ids to come and content; without faults and record.
    /// A clock that the fixture was given is shared.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmFixture Clone() => new(_options, Snapshot(), _requestIds.Copy());

    /// <summary>Ends the fixture and its store.</summary>
    public void Dispose() => Store.Dispose();
}
