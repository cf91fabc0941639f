using CommunityToolkit.Diagnostics;
using Imm.Core.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Imm.Core;

/// <summary>Adds stores to a container.</summary>
/// <remarks>
/// <para>
/// Each call adds three singletons: the <see cref="ImmStore"/>, the <see cref="ProjectRegistry"/> of its default account and region, and
/// its <see cref="ImmApi"/>. A host opens the store when it starts, before it starts its services: an option out of its range, or a file
/// that cannot be opened, stops the start. Without a host the store is opened when it is first resolved. The container closes it.
/// </para>
/// <para>
/// The options are <see cref="ImmStoreOptions"/> and <see cref="ImmApiOptions"/>, as configured in the container. Their initial values are
/// the container's <see cref="TimeProvider"/>, logger factory, meter factory and <see cref="IImmAuthorizer"/>, if it has them; these must
/// be singletons. The store is opened with them, so neither they nor the configuration of the options may take the store, its registry or
/// its API in a constructor: that throws <see cref="InvalidOperationException"/>. In a host, a relative <see cref="ImmStoreOptions.Path"/>
/// is relative to the content root. Exactly one of <see cref="ImmStoreOptions.Path"/>, <see cref="ImmStoreOptions.InMemory"/> and
/// <see cref="ImmStoreOptions.DataSource"/> must be set: a store whose path was forgotten would lose everything. The messages about options
/// name the key of a keyed store.
/// </para>
/// </remarks>
/// <example>
/// <code>
/// services.AddImm(options =&gt; options.Path = "photos.db");
/// services.AddKeyedImm("archive", options =&gt; options.Path = "archive.db");
/// services.AddKeyedImm("scratch", options =&gt; options.InMemory = true);
/// services.AddKeyedImm("configured", configuration.GetSection("Imm"));
/// </code>
/// </example>
public static class ImmServiceCollectionExtensions
{
    /// <summary>
    /// Adds a store with the <see cref="ImmStoreOptions"/> that are configured elsewhere, such as its <see cref="ImmStoreOptions.Path"/>.
    /// </summary>
    /// <param name="services">The services. If they have a store already, nothing is added.</param>
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

    /// <summary>Adds a store and configures its options.</summary>
    /// <param name="services">The services. If they have a store already, its options are configured further.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddImm(this IServiceCollection services, Action<ImmStoreOptions> configure)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configure, nameof(configure));
        return services.AddImm().Configure(configure);
    }

    /// <summary>Adds a store with the options of a section of the configuration.</summary>
    /// <remarks>
    /// <para>
    /// The keys are the names of the <see cref="ImmStoreOptions"/> that have a text, a number, a time or a name as their value. The section
    /// <c>Api</c> in it has <see cref="ImmApiOptions.HostFormat"/> and <see cref="ImmApiOptions.TimeOffset"/>. Services and functions are
    /// given by code. A time is written as hours, minutes and seconds, after days and a full stop where it has days: <c>00:00:30</c>,
    /// <c>1.00:00:00</c>. A key that is misspelt, or has a value of another type, stops the start with a message that names it.
    /// </para>
    /// <para>No reflection is used, so a trimmed or native program needs no generator for it.</para>
    /// </remarks>
    /// <param name="services">The services. If they have a store already, its options are configured further.</param>
    /// <param name="configuration">The section, which is read when the store is opened.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddImm(this IServiceCollection services, IConfiguration configuration)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configuration, nameof(configuration));
        return Configure(services.AddImm(), Options.DefaultName, configuration);
    }

    /// <summary>
    /// Adds a store under a key, with the <see cref="ImmStoreOptions"/> that are configured elsewhere under that name, such as its
    /// <see cref="ImmStoreOptions.Path"/>.
    /// </summary>
    /// <param name="services">The services. If they have a store under the key already, nothing is added.</param>
    /// <param name="key">
    /// The key of the keyed services, the name of the options, and the default value of <see cref="ImmStoreOptions.Name"/>. An
    /// <see cref="IImmAuthorizer"/> under the key has precedence over one without a key.
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

    /// <summary>Adds a store under a key and configures its options.</summary>
    /// <param name="services">The services. If they have a store under the key already, its options are configured further.</param>
    /// <param name="key">
    /// The key of the keyed services, the name of the options, and the default value of <see cref="ImmStoreOptions.Name"/>. An
    /// <see cref="IImmAuthorizer"/> under the key has precedence over one without a key.
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

    /// <summary>Adds a store under a key with the options of a section of the configuration.</summary>
    /// <inheritdoc cref="AddImm(IServiceCollection, IConfiguration)" path="/remarks"/>
    /// <param name="services">The services. If they have a store under the key already, its options are configured further.</param>
    /// <param name="key">
    /// The key of the keyed services, the name of the options, and the default value of <see cref="ImmStoreOptions.Name"/>. An
    /// <see cref="IImmAuthorizer"/> under the key has precedence over one without a key.
    /// </param>
    /// <param name="configuration">The section, which is read when the store is opened.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> or <paramref name="configuration"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="key"/> is null, empty or white space.</exception>
    public static IServiceCollection AddKeyedImm(this IServiceCollection services, string key, IConfiguration configuration)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configuration, nameof(configuration));
        return Configure(services.AddKeyedImm(key), key, configuration);
    }

    /// <summary>
    /// Adds a <see cref="RamAuthorizer"/> as the <see cref="IImmAuthorizer"/> of the container's stores, with the
    /// <see cref="ImmRamOptions"/> that are configured elsewhere. They are validated, policy files too, when a store is opened, and the
    /// <see cref="RamPolicy.Warnings"/> of the policies are logged then.
    /// </summary>
    /// <param name="services">The services. If they have an authorizer already, it remains the authorizer.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddImmRam(this IServiceCollection services)
    {
        Guard.IsNotNull(services, nameof(services));
        services.AddOptions();
        services.TryAddSingleton(static provider =>
        {
            ImmRamOptions options = provider.GetRequiredService<IOptions<ImmRamOptions>>().Value;
            RamAccess access = RamAccessLoader.Load(
                options, provider.GetService<IHostEnvironment>()?.ContentRootPath, provider.GetService<ILoggerFactory>());
            return new RamAuthorizer(access, options.Mode, options.UsesTags, options.RequiresPassRole);
        });
        services.TryAddSingleton<IImmAuthorizer>(static provider => provider.GetRequiredService<RamAuthorizer>());
        return services;
    }

    /// <summary>Adds a <see cref="RamAuthorizer"/> and configures its options.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddImmRam(this IServiceCollection services, Action<ImmRamOptions> configure)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configure, nameof(configure));
        return services.AddImmRam().Configure(configure);
    }

    /// <summary>Adds a <see cref="RamAuthorizer"/> with the options of a section of the configuration.</summary>
    /// <remarks>
    /// The keys are the names of the <see cref="ImmRamOptions"/>. A key that is misspelt, a value of another type, or a section that is
    /// missing or empty stops the start with a message that names it. No reflection is used, so a trimmed or native program needs no
    /// generator for it.
    /// </remarks>
    /// <param name="services">The services. If they have an authorizer already, it remains the authorizer.</param>
    /// <param name="configuration">The section, which is read when the store is opened.</param>
    /// <returns><paramref name="services"/>.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    public static IServiceCollection AddImmRam(this IServiceCollection services, IConfiguration configuration)
    {
        Guard.IsNotNull(services, nameof(services));
        Guard.IsNotNull(configuration, nameof(configuration));
        return services.AddImmRam(options =>
        {
            if (!configuration.GetChildren().Any())
            {
                string name = (configuration as IConfigurationSection)?.Path ?? "configuration";
                throw new OptionsValidationException(
                    Options.DefaultName, typeof(ImmRamOptions), [$"{name}: is missing or empty; give at least the Mode."]);
            }

            OptionsKeys.Ram.Read(configuration, options, Options.DefaultName);
        });
    }

    private static IServiceCollection Configure(IServiceCollection services, string name, IConfiguration configuration) => services
        .Configure<ImmStoreOptions>(name, options => OptionsKeys.Store.Read(configuration, options, name))
        .Configure<ImmApiOptions>(
            name, options => OptionsKeys.Api.Read(configuration.GetSection(OptionsKeys.ApiSection), options, name));

    private static void AddOptions(IServiceCollection services, string name)
    {
        services.TryAddTransient<IOptionsFactory<ImmStoreOptions>, StoreOptionsFactory>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImmStoreOptions>, ImmStoreOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImmStoreOptions>, StorePlaceValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ImmApiOptions>, ImmApiOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<StoreAtStart>, StoreOpener>());
        services.AddOptions<StoreAtStart>(name).ValidateOnStart();
        services.AddOptions<ImmApiOptions>(name).ValidateOnStart();
    }

    // From the factory and not from a monitor: a monitor validates the options again when the configuration changes, and an open store
    // ignores such a change.
    private static ImmStore OpenStore(IServiceProvider provider, string name)
    {
        using var opening = new StoreOpening(provider, name);
        return ImmStore.Open(provider.GetRequiredService<IOptionsFactory<ImmStoreOptions>>().Create(name));
    }

    private static ImmApi MakeApi(IServiceProvider provider, ImmStore store, string name) =>
        new(store, provider.GetRequiredService<IOptionsMonitor<ImmApiOptions>>().Get(name));
}
