using CommunityToolkit.Diagnostics;
using Imm.Core.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>Adds stores to a container.</summary>
/// <remarks>
/// <para>
/// Singletons that can be injected afterwards: the <see cref="ImmStore"/>, the <see cref="ProjectRegistry"/> of its default account
/// and region, and its <see cref="ImmApi"/>. A host opens the store when it starts, before its own services do, so that a bad option or a
/// file that cannot be opened stops the start; without a host the store is opened when it is first asked for. The container closes it.
/// </para>
/// <para>
/// The options are <see cref="ImmStoreOptions"/>, and <see cref="ImmApiOptions"/>, as the container has them configured. Before that, they
/// have the container's <see cref="TimeProvider"/>, logger factory, meter factory and <see cref="IImmAuthorizer"/>, where there are such
/// services; they have to be singletons. None of these, nor what configures the options, may take the store, its registry or its API in its
/// constructor: the store is opened with them, so that is an <see cref="InvalidOperationException"/>. In a host a relative
/// <see cref="ImmStoreOptions.Path"/> is one in its content root.
/// </para>
/// </remarks>
public static class ImmServiceCollectionExtensions
{
    /// <summary>Adds a store, as <see cref="ImmStoreOptions"/> are configured elsewhere, or else in memory.</summary>
    /// <param name="services">The services; a store that is among them already stays.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddImm(this IServiceCollection services)
    {
        Guard.IsNotNull(services, nameof(services));
        AddOptions(services, Options.DefaultName);
        services.TryAddSingleton(static provider => OpenStore(provider, Options.DefaultName));
        services.TryAddSingleton(static provider => provider.GetRequiredService<ImmStore>().Registry());
        services.TryAddSingleton(static provider => MakeApi(provider, provider.GetRequiredService<ImmStore>(), Options.DefaultName));
        return services;
    }

    /// <summary>Adds a store.</summary>
    /// <param name="services">The services; a store that is among them already stays, and has these options too.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddImm(this IServiceCollection services, Action<ImmStoreOptions> configure)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configure, nameof(configure));
        return services.AddImm().Configure(configure);
    }

    /// <summary>
    /// Adds a store under a key, as the <see cref="ImmStoreOptions"/> of that name are configured elsewhere, or else in memory.
    /// </summary>
    /// <param name="services">The services; a store that is among them already under the key stays.</param>
    /// <param name="key">
    /// The key of the keyed services, the name of the options, and by default <see cref="ImmStoreOptions.Name"/>. An
    /// <see cref="IImmAuthorizer"/> under the key comes before one without.
    /// </param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="key"/> is null, empty or white space.</exception>
    public static IServiceCollection AddKeyedImm(this IServiceCollection services, string key)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNullOrWhiteSpace(key, nameof(key));
        AddOptions(services, key);
        services.TryAddKeyedSingleton(key, static (provider, key) => OpenStore(provider, (string)key!));
        services.TryAddKeyedSingleton(key, static (provider, key) => provider.GetRequiredKeyedService<ImmStore>(key).Registry());
        services.TryAddKeyedSingleton(
            key, static (provider, key) => MakeApi(provider, provider.GetRequiredKeyedService<ImmStore>(key), (string)key!));
        return services;
    }

    /// <summary>Adds a store under a key.</summary>
    /// <param name="services">The services; a store that is among them already under the key stays, and has these options too.</param>
    /// <param name="key">
    /// The key of the keyed services, the name of the options, and by default <see cref="ImmStoreOptions.Name"/>. An
    /// <see cref="IImmAuthorizer"/> under the key comes before one without.
    /// </param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configure"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="key"/> is null, empty or white space.</exception>
    public static IServiceCollection AddKeyedImm(this IServiceCollection services, string key, Action<ImmStoreOptions> configure)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configure, nameof(configure));
        return services.AddKeyedImm(key).Configure(key, configure);
    }

    private static void AddOptions(IServiceCollection services, string name)
    {
        services.TryAddTransient<IOptionsFactory<ImmStoreOptions>, StoreOptionsFactory>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImmStoreOptions>, ImmStoreOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImmApiOptions>, ImmApiOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StoreAtStart>, StoreOpener>());
        services.AddOptions<StoreAtStart>(name).ValidateOnStart();
        services.AddOptions<ImmApiOptions>(name).ValidateOnStart();
    }

    // Options made for the store alone: a monitor would read them again when the configuration changes, which an open store takes no notice
    // of.
    private static ImmStore OpenStore(IServiceProvider provider, string name)
    {
        using var opening = new StoreOpening(provider, name);
        return ImmStore.Open(provider.GetRequiredService<IOptionsFactory<ImmStoreOptions>>().Create(name));
    }

    private static ImmApi MakeApi(IServiceProvider provider, ImmStore store, string name) =>
        new(store, provider.GetRequiredService<IOptionsMonitor<ImmApiOptions>>().Get(name));
}
