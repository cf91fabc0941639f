using CommunityToolkit.Diagnostics;
using Imm.Core.Model;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Imm.Core.Testing;

/// <summary>
/// A simulated IMM for a test: a store in memory with the service's rules, a clock that the test moves, ids that are the same in every run,
/// fault injection, and a record of every call.
/// </summary>
/// <remarks>
/// Fixtures share no mutable state, so tests with a fixture each can run in parallel. Thread-safe, except for <see cref="Seed"/>.
/// Independent of any test framework.
/// </remarks>
/// <example>
/// <code>
/// using var fixture = new ImmFixture();
/// fixture.Seed.Project("photos");
/// using ImmFault fault = fixture.Faults.On(ImmOperation.GetProject).Times(1).Throttle();
///
/// try { fixture.Registry.Get("photos"); }
/// catch (ImmException e) { Console.WriteLine(e.Code); }
///
/// fixture.Registry.Get("photos");
/// fixture.Calls.ReceivedExactly(2, ImmOperation.GetProject, "photos");
/// </code>
/// </example>
public sealed class ImmFixture : IDisposable
{
    private readonly ImmFixtureOptions _options;
    private readonly RequestIds _requestIds;
    private readonly ImmFixtureRam? _ram;

    /// <summary>Makes an empty fixture.</summary>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">The account or region is null or malformed.</exception>
    /// <exception cref="OptionsValidationException">Another option is out of its range.</exception>
    public ImmFixture(ImmFixtureOptions? options = null)
        : this(options, null, null, null)
    {
    }

    /// <summary>Makes a fixture that starts from a snapshot, in a time that does not depend on its content.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentNullException"><paramref name="snapshot"/> is null.</exception>
    /// <exception cref="ArgumentException">The account or region is null or malformed.</exception>
    /// <exception cref="OptionsValidationException">Another option is out of its range.</exception>
    public ImmFixture(ImmSnapshot snapshot, ImmFixtureOptions? options = null)
        : this(options, snapshot, null, null) => Guard.IsNotNull(snapshot, nameof(snapshot));

    private ImmFixture(ImmFixtureOptions? options, ImmSnapshot? snapshot, RequestIds? requestIds, ImmFixtureRam? ram)
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
        var injector = new FaultInjector(TimeProvider);
        Faults = new ImmFaults(injector);
        _requestIds = requestIds ?? new RequestIds(options.Seed);

        // An authorizer of the test decides alone. Without one, policies do; they restrict no one but the users and roles of the test.
        RamAuthorizer? authorizer = options.Authorizer is null
            ? new RamAuthorizer(ram?.Authorizer.Access ?? RamAccess.Empty, AuthorizationMode.Strict, usesTags: true)
            : options.Authorizer as RamAuthorizer;
        var storeOptions = new ImmStoreOptions
        {
            DefaultAccountId = AccountId,
            DefaultRegionId = RegionId,
            TimeProvider = TimeProvider,
            Authorizer = options.Authorizer ?? authorizer,
            Observers = [new FixtureObserver(Calls, injector, TimeProvider)],
        };
        storeOptions.ProjectQuota = _options.ProjectQuota ?? storeOptions.ProjectQuota;
        Store = ImmStore.InMemory(storeOptions, snapshot?.Image);
        Registry = Store.Registry(AccountId, RegionId);
        Api = new ImmApi(Store, new ImmApiOptions { RequestId = _requestIds.Next });
        _ram = authorizer is null
            ? null
            : new ImmFixtureRam(
                new FixtureAccess(Store, AccountId, RegionId, authorizer, ram?.Access.Credentials ?? []), _requestIds.Next);
    }

    /// <summary>The default account of the fixture.</summary>
    public string AccountId => _options.AccountId;

    /// <summary>The default region of the fixture.</summary>
    public string RegionId => _options.RegionId;

    /// <summary>The store, for code that takes a store, and for registries of other accounts and regions.</summary>
    public ImmStore Store { get; }

    /// <summary>The registry of <see cref="AccountId"/> in <see cref="RegionId"/>.</summary>
    public ProjectRegistry Registry { get; }

    /// <summary>The RPC endpoint of the store. Its RequestIds follow from <see cref="ImmFixtureOptions.Seed"/>.</summary>
    public ImmApi Api { get; }

    /// <summary>The clock of the store, of delays and of the record.</summary>
    public TimeProvider TimeProvider { get; }

    /// <summary>The clock, for a test that moves it.</summary>
    /// <exception cref="InvalidOperationException">The clock of the fixture is not an <see cref="ImmFixtureClock"/>.</exception>
    public ImmFixtureClock Clock => TimeProvider as ImmFixtureClock
        ?? throw new InvalidOperationException("The fixture's clock is not an ImmFixtureClock. Move the clock that it was given.");

    /// <summary>The record of the calls that the store has received.</summary>
    public ImmCalls Calls { get; }

    /// <summary>The faults that are injected into calls.</summary>
    public ImmFaults Faults { get; }

    /// <summary>The users, roles, policies and access keys of the fixture.</summary>
    /// <exception cref="InvalidOperationException">
    /// <see cref="ImmFixtureOptions.Authorizer"/> is an authorizer that is not a <see cref="RamAuthorizer"/>.
    /// </exception>
    public ImmFixtureRam Ram => _ram
        ?? throw new InvalidOperationException("The fixture was given an authorizer that knows no policies; it decides alone.");

    /// <summary>
    /// Prepares the initial content for a test, in <see cref="AccountId"/> and <see cref="RegionId"/>. Each use counts its steps from 1.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmSeed Seed => new(Store, AccountId, RegionId);

    /// <summary>
    /// Makes a handler through which an <see cref="HttpClient"/> calls the fixture without a socket, as <see cref="AccountId"/> in
    /// <see cref="RegionId"/>: <c>new HttpClient(fixture.HttpHandler())</c>.
    /// </summary>
    public ImmHttpMessageHandler HttpHandler() => new(Api, AccountId, RegionId);

    /// <summary>
    /// Replaces the store of a container by that of the fixture: <see cref="ImmStore"/>, <see cref="ProjectRegistry"/>,
    /// <see cref="ImmApi"/>, an <see cref="ImmHttpMessageHandler"/>, and the <see cref="System.TimeProvider"/>.
    /// </summary>
    /// <param name="services">
    /// The services, with or without a store, which is not opened then. The container does not dispose what belongs to the fixture.
    /// </param>
    /// <param name="key">
    /// The key of the store (<see cref="ImmServiceCollectionExtensions.AddKeyedImm(IServiceCollection, string)"/>); null for the one
    /// without a key.
    /// </param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public IServiceCollection AddTo(IServiceCollection services, string? key = null)
    {
        Guard.IsNotNull(services, nameof(services));
        return services
            .Replace(ServiceDescriptor.Singleton(TimeProvider))
            .Replace(ServiceDescriptor.KeyedSingleton(key, Store))
            .Replace(ServiceDescriptor.KeyedSingleton(key, Registry))
            .Replace(ServiceDescriptor.KeyedSingleton(key, Api))
            .Replace(ServiceDescriptor.KeyedSingleton(key, HttpHandler()));
    }

    /// <summary>Takes a snapshot of the store at one moment. Faults, record and ids are not part of it.</summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmSnapshot Snapshot() => ImmSnapshot.Of(Store);

    /// <summary>
    /// Replaces the content of the store by that of a snapshot, of this or another fixture: projects, and the project quotas that were set.
    /// Registries remain valid. Clock, faults and record are unchanged.
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
    /// Makes an independent copy of the fixture with the same options, time, content and sequence of ids, without faults and record.
    /// A clock that the fixture was given is shared, and an authorizer too; users, roles, policies and keys are copied.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The fixture is disposed.</exception>
    public ImmFixture Clone() => new(_options, Snapshot(), _requestIds.Copy(), _ram);

    /// <summary>Disposes the store.</summary>
    public void Dispose() => Store.Dispose();
}
